"""The tree of a whole module: constants, helpers, partials, blocks, and the models last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cnndsl.elaborate.program import Program, walk
from cnndsl.ir import Instance, Network
from cnndsl.syntax import ast
from cnndsl.targets.flax.fragments import ORDER, fragment
from cnndsl.targets.flax.names import RESERVED, safe
from cnndsl.targets.flax.shaping import docs
from cnndsl.targets.flax.shaping.annotations import annotate
from cnndsl.targets.flax.shaping.facts import facts
from cnndsl.targets.flax.shaping.finish import Finished, finish
from cnndsl.targets.flax.shaping.partials import hoist, share
from cnndsl.targets.flax.shaping.types import type_of
from cnndsl.targets.flax.staging.draft import Draft, Param
from cnndsl.targets.flax.staging.program import Staging
from cnndsl.targets.python import tree
from cnndsl.targets.python.closing import closing
from cnndsl.targets.python.draft import Step
from cnndsl.targets.python.expressions import NONE, call, constant, names, path, self_, substitute
from cnndsl.targets.python.statements import expressions, flat, plain
from cnndsl.targets.python.tree import (
    Assign,
    Binary,
    Blank,
    Class,
    Constant,
    Declare,
    Expr,
    Function,
    Helper,
    Import,
    Item,
    Name,
    Parameter,
    Return,
    Tuple,
)

BASE = path("nnx.Module")
ARRAY = path("jax.Array")
RNGS = Parameter("rngs", path("nnx.Rngs"))
STAR = Parameter("", None, None, "*")
SELF = Parameter("self")
_DTYPE = (
    Parameter("dtype", Binary("|", Name("DTypeLike"), NONE), NONE),
    Parameter("param_dtype", Name("DTypeLike"), path("jnp.float32")),
)
_CAST = tree.Do(call("cast", Name("self"), Name("dtype"), Name("param_dtype")))


def assemble(
    program: Program,
    networks: Sequence[Network],
    footer: Sequence[str],
    fixed: Iterable[str] = (),
    *,
    plain: bool = False,
) -> tree.Module:
    """Everything that the module says.

    Args:
      program: the definitions of the spec.
      networks: its models.
      footer: the last lines of the module's docstring.
      fixed: parameters that cannot stay arguments, as "Model.name".
      plain: leaves out the passes that only make classes easier to read.
    """
    staging = Staging(program, networks, frozenset(fixed))
    module = frozenset(staging.taken)
    order = list(program.blocks)
    drafts = sorted(staging.blocks.items(), key=lambda item: order.index(item[0]))
    blocks = [(name, finish(draft, module, plain=plain)) for name, draft in drafts]
    models = [(finish(draft, module, plain=plain), held) for draft, held in staging.models]
    classes = [f for _, f in blocks] + [f for f, _ in models]
    shared = share(classes, staging.norms, staging.unique)
    definitions: list[tree.Definition] = []
    for name, finished in blocks:
        definitions.append(_block(program.blocks[name], finished, staging.instances[name]))
    for finished, held in models:
        definitions += _family(finished, held)
    functions = _functions(program, staging, definitions)
    tables = {n: v for n, v in staging.constants.items() if n in _mentioned(definitions)}
    partials: list[tree.Definition] = list(shared.lines)
    helpers = _helpers(staging, [*definitions, *partials])
    partials = _with_constants(partials, helpers, definitions)
    whole = [h for h in helpers if not _is_line(h)]
    body: list[tree.Definition] = [*facts(networks, tables)]
    body += [*whole, *functions, *partials, *definitions]
    doc = docs.header(program.spec.doc, networks, footer)
    made = tree.Module(doc, _imports(body, bool(networks)), tuple(body))
    return annotate(made, plain=plain)


# --- blocks ---------------------------------------------------------------------------


def _block(
    block: ast.Block, finished: Finished, instances: Sequence[Instance]
) -> Class | Function:
    draft = finished.draft
    shapes = docs.block_shapes(draft, instances)
    quoted = [
        f"`{p.name}`: {told}."
        for p in draft.params
        if p.source == "computed" and (told := _quote(block, p.origin))
    ]
    told = docs.wrapped(block.doc, docs.INSIDE)
    doc = docs.paragraphs(told or shapes, *quoted, shapes if told else "")
    received = [
        Parameter(p.name, _received(p), NONE if _optional(p) else None)
        for p in draft.params
        if p.source == "tensor"
    ]
    own = [_argument(p) for p in draft.params if p.source != "tensor"]
    x = Parameter("x", ARRAY)
    if draft.is_function:
        own = [_argument(p) for p in draft.params if p.source not in ("tensor", "in", "features")]
        arguments = _ordered([x, *received, *own])
        body = _whole([*finished.lets, *finished.init, *finished.call])
        return Function(draft.name, tuple(arguments), ARRAY, body, doc)
    takes = {kind for build in finished.builds() for kind in build.takes}
    init = _constructor(finished)
    keywords = [STAR, RNGS] if "rngs" in takes else []
    signature = (SELF, *own, *keywords)
    call_ = Function(
        "__call__", (SELF, x, *_ordered(received)), ARRAY, _whole(finished.call)
    )
    methods = (Function("__init__", signature, None, init), call_)
    return Class(draft.name, BASE, (), methods, doc)


def _constructor(finished: Finished) -> tuple[tree.Statement, ...]:
    """Partials and `let`s, an empty line, then what is kept on `self`."""
    partials = hoist(finished)
    stored = [Assign((self_(name),), Name(name)) for name in finished.stored]
    head: list[Step] = [*partials, *finished.lets]
    body: list[Step] = [*stored, *finished.init]
    if finished.heads:
        body.append(tree.If(Name("aux"), _whole(finished.heads)))
    gap: list[Step] = [Blank()] if head and body else []
    return _whole([*head, *gap, *body])


def _whole(steps: Sequence[Step]) -> tuple[tree.Statement, ...]:
    """The statements as the tree alone has them."""
    return closing([plain(step) for step in steps])


def _received(param: Param) -> Expr:
    return Binary("|", ARRAY, NONE) if _optional(param) else ARRAY


def _optional(param: Param) -> bool:
    return any(v is None for v in param.values.values())


def _ordered(parameters: Sequence[Parameter]) -> list[Parameter]:
    """Parameters without the defaults that others without one follow."""
    required = [i for i, p in enumerate(parameters) if p.default is None]
    last = max(required, default=-1)
    return [
        Parameter(p.name, p.annotation) if i < last else p for i, p in enumerate(parameters)
    ]


def _argument(param: Param) -> Parameter:
    return Parameter(param.name, type_of(param.values.values()), param.default)


def _quote(block: ast.Block, name: str) -> str:
    """How the spec defines a `let` that became an argument."""
    if name == "rectified":
        return "whether a ReLU follows, for which kernels start He-normal"
    for node in walk(block):
        if isinstance(node, ast.Let) and node.name == name:
            return " ".join(node.value.span.text.split())
    return ""


# --- models ---------------------------------------------------------------------------


def _family(finished: Finished, networks: Sequence[Network]) -> list[tree.Definition]:
    """The class of a family and its variants."""
    draft = finished.draft
    base = next((n for n in networks if safe(n.name, RESERVED) == draft.name), None)
    channels = docs.logits(draft, networks)
    has_tensors = any(build.has_tensors for build in finished.builds())
    init = _constructor(finished)
    if has_tensors:
        init = (*init, _CAST)
    aux = [Parameter("aux", Name("bool"), Constant(True))] if draft.has_heads else []
    own = [_model_argument(p) for p in draft.params]
    signature = (SELF, *own, STAR, *aux, *_DTYPE, RNGS)
    if draft.has_heads:
        at = next((i for i, s in enumerate(init) if isinstance(s, Blank)), -1) + 1
        init = (*init[:at], Assign((self_("aux"),), Name("aux")), *init[at:])
    doc = _model_doc(draft, networks, base, channels)
    inner = '"""Has no weights; takes `rngs` as every model does."""'
    constructor = Function("__init__", signature, None, init, "" if init else inner.strip('"'))
    call_ = _call(draft)
    endpoints = _endpoints(finished, networks)
    attributes = _attributes(draft, networks, base)
    found: list[tree.Definition] = [
        Class(draft.name, BASE, attributes, (constructor, call_, endpoints), doc)
    ]
    for number, network in enumerate(networks):
        if network is not base:
            found.append(_variant(draft, network, number, networks, base, channels))
    return found


def _call(draft: Draft) -> Function:
    keywords = (tree.Keyword("aux", Constant(False)),) if draft.has_heads else ()
    whole = tree.Call(self_("endpoints"), (Name("x"),), keywords)
    body = Return(Item(whole, Constant("logits")))
    return Function("__call__", (SELF, Parameter("x", ARRAY)), ARRAY, (body,))


def _endpoints(finished: Finished, networks: Sequence[Network]) -> Function:
    draft = finished.draft
    aux = (STAR, Parameter("aux", Name("bool"), Constant(True))) if draft.has_heads else ()
    steps = _with_logits(finished.call)
    asked = Assign((Name("aux"),), Binary("and", Name("aux"), self_("aux")))
    out = Assign((Name("out"),), tree.Dict(()))
    head: list[Step] = [*([asked] if draft.has_heads else []), out, Blank()]
    if draft.has_heads:
        doc = "The result of every stage, of the auxiliary heads, and the logits."
    elif len(networks[0].endpoints) > 1:
        doc = "The result of every stage, and the logits."
    else:
        doc = "The logits."
    returns = Item(Name("dict"), Tuple((Name("str"), ARRAY)))
    parameters = (SELF, Parameter("x", ARRAY), *aux)
    return Function("endpoints", parameters, returns, _whole([*head, *steps]), doc)


def _with_logits(steps: Sequence[Step]) -> list[Step]:
    """The last endpoint is the logits too."""
    logits = Item(Name("out"), Constant("logits"))
    *rest, last = steps
    value = last.value if isinstance(last, Return) else NONE
    end = Return(Name("out"))
    if rest and isinstance(rest[-1], Blank):
        rest.pop()
    before = rest[-1] if rest else None
    if isinstance(before, Assign) and any(isinstance(t, Item) for t in before.targets):
        names_ = [t for t in before.targets if isinstance(t, Name)]
        if before.value == value or value in names_:
            kept = [t for t in before.targets if not isinstance(t, Name)]
            source = before.value
            if len(rest) > 1 and not names_ and _feeds(rest[-2], value):
                line = rest[-2]
                assert isinstance(line, Assign)
                if not line.comment:
                    rest.pop()
                    source = line.value
            rest[-1] = Assign((*kept, logits), source, before.comment)
            return [*rest, end]
    return [*rest, Assign((logits,), value), end]


def _feeds(step: Step, value: Expr) -> bool:
    return isinstance(step, Assign) and step.targets == (value,)


def _model_argument(param: Param) -> Parameter:
    if param.default == NONE:  # worked out from other parameters
        return Parameter(param.name, type_of([*param.values.values(), None]), NONE)
    return Parameter(param.name, type_of([next(iter(param.values.values()))]), param.default)


def _model_doc(
    draft: Draft, networks: Sequence[Network], base: Network | None, channels: str
) -> str:
    told = docs.wrapped(draft.definition.doc, docs.INSIDE)
    parts = [told, docs.model_shapes(networks, channels)]
    if len(networks) > 1 and base is None:
        name = networks[0].name
        parts.append(f"Base of the models below, which set its structure. Shapes: {name}.")
    if draft.has_heads:
        parts.append(
            "The auxiliary heads serve training alone: `model(x)` never runs them,\n"
            "`model.endpoints(x)` does, and `aux=False` builds the network without them."
        )
    return docs.paragraphs(*parts)


def _attributes(
    draft: Draft, networks: Sequence[Network], base: Network | None
) -> tuple[Assign | Declare, ...]:
    """Class attributes: values of the base where it is a model, annotations otherwise."""
    found: list[Assign | Declare] = []
    for name, values in draft.class_values.items():
        kind = type_of(values.values())
        if base is not None:
            found.append(Assign((Name(name),), _value_of(values, networks.index(base))))
        else:
            default = _declared(draft, name)
            found.append(Declare(name, kind, default))
    return tuple(found)


def _value_of(values: Mapping[int, object], number: int) -> Expr:
    """A model's value of an attribute; another one's where it never reads its own."""
    return constant(values.get(number, next(iter(values.values()))))


def _declared(draft: Draft, name: str) -> Expr | None:
    """The default that the spec gives a parameter, None where there is none or others decide."""
    for parameter in draft.definition.parameters:
        if parameter.name == name and isinstance(parameter.default, ast.Literal):
            return constant(parameter.default.value)
    return None


def _variant(
    draft: Draft,
    network: Network,
    number: int,
    networks: Sequence[Network],
    base: Network | None,
    channels: str,
) -> Class:
    held: list[Assign | Declare] = []
    for name, values in draft.class_values.items():
        inherited = _declared(draft, name)
        if base is not None:
            inherited = _value_of(values, networks.index(base))
        if number in values and constant(values[number]) != inherited:
            held.append(Assign((Name(name),), constant(values[number])))
    told = docs.wrapped(network.declared.doc, docs.INSIDE)
    shapes = docs.model_shapes([network], channels)
    doc = docs.paragraphs(told, shapes) if told else "" if held else shapes
    return Class(safe(network.name, RESERVED), Name(draft.name), tuple(held), (), doc)


# --- what stands above the classes ------------------------------------------------------


def _functions(
    program: Program, staging: Staging, definitions: Sequence[tree.Definition]
) -> list[Function]:
    """The spec's functions that the classes call, and those that these call."""
    found: dict[str, Function] = {}
    needed = _mentioned(definitions)
    while todo := [n for n in program.fns if n not in found and staging.fns[n].name in needed]:
        for name in todo:
            found[name] = staging.function(program.fns[name])
            needed |= _mentioned([found[name]])
    return [found[name] for name in program.fns if name in found]


def _mentioned(definitions: Sequence[tree.Definition]) -> set[str]:
    """Every name that some definitions read."""
    found: set[str] = set()
    for node in definitions:
        for expr in _expressions(node):
            found |= names(expr)
    return found


def _expressions(node: tree.Definition) -> list[Expr]:
    match node:
        case Class():
            held = [e for a in node.attributes for e in expressions(a)]
            return [node.base, *held, *(e for m in node.methods for e in _expressions(m))]
        case Function():
            signature = [e for p in node.parameters for e in (p.annotation, p.default) if e]
            body = [e for step in flat(node.body) for e in expressions(step)]
            return [*signature, *body, *([node.returns] if node.returns else [])]
        case Assign():
            return [node.value]
    return []


def _helpers(staging: Staging, definitions: Sequence[tree.Definition]) -> list[Helper]:
    needed = _mentioned(definitions)
    held = (fragment(name) for name in ORDER)
    return [
        Helper(name, f.defines, f.text.rstrip("\n"))
        for name, f in zip(ORDER, held, strict=True)
        if f.defines in needed
    ]


def _is_line(helper: Helper) -> bool:
    """Whether a fragment is one assignment: `he_normal = nnx.initializers.he_normal()`."""
    return "\n" not in helper.text.strip()


def _with_constants(
    partials: list[tree.Definition],
    helpers: Sequence[Helper],
    definitions: Sequence[tree.Definition],
) -> list[tree.Definition]:
    """The partials behind the constants they use; one that a single partial uses goes into it."""
    for helper in filter(_is_line, helpers):
        value = call("nnx.initializers.he_normal")
        uses = [i for i, line in enumerate(partials) if helper.defines in _mentioned([line])]
        if len(uses) == 1 and helper.defines not in _mentioned(definitions):
            line = partials[uses[0]]
            assert isinstance(line, Assign)
            inner = substitute(line.value, {helper.defines: value})
            partials[uses[0]] = Assign(line.targets, inner)
        else:
            partials.insert(0, Assign((Name(helper.defines),), value))
    return partials


def _imports(body: Sequence[tree.Definition], networks: bool) -> tuple[Import, ...]:
    needed = _mentioned(body)
    for node in body:
        if isinstance(node, Helper):
            needed |= fragment(node.name).imports
    if networks:
        needed |= {"jax", "nnx"}
    known = (
        Import("math", "math"),
        Import("functools", "partial", True),
        Import("jax", "jax"),
        Import("jax.numpy", "jnp"),
        Import("flax", "nnx", True),
        Import("flax.nnx.nn.dtypes", "promote_dtype", True),
        Import("flax.typing", "TupleArg", True),
        Import("jax.typing", "DTypeLike", True),
    )
    return tuple(i for i in known if i.name in needed)

