"""A family of models to a class with its variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnndsl.ir import Network
from cnndsl.syntax import ast
from cnndsl.targets.flax.names import RESERVED, safe
from cnndsl.targets.flax.shaping import docs
from cnndsl.targets.flax.shaping.finished import Finished
from cnndsl.targets.flax.shaping.methods import ARRAY, BASE, RNGS, SELF, STAR, constructor, whole
from cnndsl.targets.flax.shaping.types import RESULTS, type_of
from cnndsl.targets.flax.staging.draft import Draft, Param
from cnndsl.targets.python import module_tree, tree
from cnndsl.targets.python.draft import Step
from cnndsl.targets.python.expressions import NONE, call, constant, path, self_
from cnndsl.targets.python.module_tree import Class, Function, Parameter
from cnndsl.targets.python.statements import mentions
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Binary,
    Blank,
    Constant,
    Declare,
    Expr,
    Item,
    Name,
    Return,
)
from cnndsl.walks import aux_heads

MOST_RESULTS = 5  # of a dict that says each
_DTYPE = (
    Parameter("dtype", Binary("|", Name("DTypeLike"), NONE), NONE),
    Parameter("param_dtype", Name("DTypeLike"), path("jnp.float32")),
)


_CAST = tree.Do(call("cast", Name("self"), Name("dtype"), Name("param_dtype")))


def family(finished: Finished, networks: Sequence[Network]) -> list[module_tree.Definition]:
    """The class of a family and its variants."""
    draft = finished.draft
    base = next((n for n in networks if safe(n.name, RESERVED) == draft.name), None)
    channels = docs.logits(draft, networks)
    has_tensors = any(build.has_tensors for build in finished.builds())
    init = constructor(finished)
    seen = {e.name for e in mentions([*init, *finished.call]) if isinstance(e, Attribute)}
    draft.class_values = {n: v for n, v in draft.class_values.items() if n in seen}
    if has_tensors:
        init = (*init, _CAST)
    aux = [Parameter("aux", Name("bool"), Constant(True))] if draft.has_heads else []
    own = [_model_argument(p) for p in draft.arguments]
    signature = (SELF, *own, STAR, *aux, *_DTYPE, RNGS)
    if draft.has_heads:
        at = next((i for i, s in enumerate(init) if isinstance(s, Blank)), -1) + 1
        init = (*init[:at], Assign((self_("aux"),), Name("aux")), *init[at:])
    doc = _model_doc(draft, networks, base, channels)
    inner = '"""Has no weights; takes `rngs` as every model does."""'
    init_ = Function("__init__", signature, None, init, "" if init else inner.strip('"'))
    call_ = _call(draft, networks)
    endpoints = _endpoints(finished, networks)
    attributes = _attributes(draft, networks, base)
    found: list[module_tree.Definition] = [
        Class(draft.name, BASE, attributes, (init_, call_, endpoints), doc)
    ]
    for number, network in enumerate(networks):
        if network is not base:
            found.append(_variant(draft, network, number, networks, base, channels))
    return found


def _results(outputs: Sequence[str]) -> Expr:
    """`{"fine": out["fine"], "coarse": out["coarse"]}`; many by a comprehension."""
    out, name = Name("out"), Name("name")
    if len(outputs) > MOST_RESULTS:
        names = tree.Tuple(tuple(map(Constant, outputs)))
        return tree.Comprehension("dict", Item(out, name), name, names, name)
    return tree.Dict(tuple((Constant(each), Item(out, Constant(each))) for each in outputs))


def _call(draft: Draft, networks: Sequence[Network]) -> Function:
    """The result of a model, or a dict of them where its spec names several."""
    outputs = networks[0].outputs
    keywords = (tree.Keyword("aux", Constant(False)),) if draft.has_heads else ()
    found = tree.Call(self_("endpoints"), tuple(map(Name, draft.received)), keywords)
    parameters = (SELF, *(Parameter(name, ARRAY) for name in draft.received))
    if len(outputs) < 2:
        body = Return(Item(found, Constant(outputs[0] if outputs else "logits")))
        return Function("__call__", parameters, ARRAY, (body,))
    doc = docs.listed(["The results:"], outputs)
    if not draft.has_heads and all(tuple(n.endpoints) == n.outputs for n in networks):
        return Function("__call__", parameters, RESULTS, (Return(found),), doc)
    steps = (Assign((Name("out"),), found), Return(_results(outputs)))
    return Function("__call__", parameters, RESULTS, steps, doc)


def _endpoints(finished: Finished, networks: Sequence[Network]) -> Function:
    draft = finished.draft
    aux = (STAR, Parameter("aux", Name("bool"), Constant(True))) if draft.has_heads else ()
    outputs = networks[0].outputs
    steps = finished.call if outputs else _with_logits(finished.call)
    asked = Assign((Name("aux"),), Binary("and", Name("aux"), self_("aux")))
    out = Assign((Name("out"),), tree.Dict(()))
    head: list[Step] = [*([asked] if draft.has_heads else []), out, Blank()]
    if outputs:
        doc = _results_doc(networks[0])
    elif draft.has_heads:
        doc = "The result of every stage, of the auxiliary heads, and the logits."
    elif len(networks[0].endpoints) > 1:
        doc = "The result of every stage, and the logits."
    else:
        doc = "The logits."
    parameters = (SELF, *(Parameter(name, ARRAY) for name in draft.received), *aux)
    return Function("endpoints", parameters, RESULTS, whole([*head, *steps]), doc)


def _results_doc(network: Network) -> str:
    """What a model of named outputs gives by name."""
    heads = {head.name for head in aux_heads(network)}
    others = network.endpoints.keys() - heads - set(network.outputs)
    besides = ["stage"] * bool(others) + ["auxiliary head"] * bool(heads)
    if besides:
        return f"The results, and those of every {' and '.join(besides)}."
    return "The results." if len(network.outputs) > 1 else "The result."


def endpoint_methods(
    parameters: tuple[Parameter, ...], steps: Sequence[Step], end: str
) -> tuple[Function, Function]:
    """The call of a model that is an element, and its endpoints, of which `end` is the result."""
    names = tuple(Name(p.name) for p in parameters[1:])
    found = Item(tree.Call(self_("endpoints"), names), Constant(end))
    out = Assign((Name("out"),), tree.Dict(()))
    has_logits = end == "logits"
    body = whole([out, Blank(), *(_with_logits(steps) if has_logits else steps)])
    doc = "The result of every stage, and the logits."
    if not has_logits:
        doc = "The results, and those of every stage."
    return (
        Function("__call__", parameters, ARRAY, (Return(found),)),
        Function("endpoints", parameters, RESULTS, body, doc),
    )


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
            source, comment = before.value, before.comment
            if len(rest) > 1 and not names_ and _feeds(rest[-2], value):
                line = rest[-2]
                assert isinstance(line, Assign)
                if not line.comment or not comment:
                    rest.pop()
                    source, comment = line.value, line.comment or comment
            rest[-1] = Assign((*kept, logits), source, comment)
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
    parts = [told, docs.model_shapes(draft, networks, channels)]
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
    shapes = docs.model_shapes(draft, [network], channels)
    doc = docs.paragraphs(told, shapes) if told else "" if held else shapes
    return Class(safe(network.name, RESERVED), Name(draft.name), tuple(held), (), doc)
