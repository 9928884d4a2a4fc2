"""What stands above the classes: imports, helpers, functions and partials."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cnndsl.elaborate.program import Program
from cnndsl.targets.flax.fragments import ORDER, fragment
from cnndsl.targets.flax.staging.program import Staging
from cnndsl.targets.python import module_tree
from cnndsl.targets.python.expressions import call, names
from cnndsl.targets.python.module_tree import Class, Function, Helper, Import
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import expressions, flat
from cnndsl.targets.python.tree import Assign, Expr, Name


def functions_of(
    program: Program, staging: Staging, definitions: Sequence[module_tree.Definition]
) -> list[Function]:
    """The spec's functions that the classes call, and those that these call."""
    found: dict[str, Function] = {}
    needed = mentioned(definitions)
    called = {name: known.name for name, known in staging.functions.names.items()}
    while todo := [n for n in program.fns if n not in found and called[n] in needed]:
        for name in todo:
            found[name] = staging.function(program.fns[name])
            needed |= mentioned([found[name]])
    return [found[name] for name in program.fns if name in found]


def mentioned(definitions: Sequence[module_tree.Definition]) -> set[str]:
    """Every name that some definitions read."""
    found: set[str] = set()
    for node in definitions:
        for expr in _expressions(node):
            found |= names(expr)
    return found


def _expressions(node: module_tree.Definition) -> list[Expr]:
    match node:
        case Class():
            held = [e for a in node.attributes for e in expressions(a)]
            base = [] if node.base is None else [node.base]
            return [*base, *held, *(e for m in node.methods for e in _expressions(m))]
        case Function():
            signature = [e for p in node.parameters for e in (p.annotation, p.default) if e]
            body = [e for step in flat(node.body) for e in expressions(step)]
            return [*signature, *body, *([node.returns] if node.returns else [])]
        case Assign():
            return [node.value]
    return []


def helpers_of(staging: Staging, definitions: Sequence[module_tree.Definition]) -> list[Helper]:
    needed = mentioned(definitions)
    # What casts knows of tensors that are no parameters where there are some.
    unwanted = "cast" if "freeze" in needed else "cast_frozen"
    held = {name: fragment(name) for name in ORDER if name != unwanted}
    for known in [f for f in held.values() if f.defines in needed]:
        needed |= known.fragments
    return [
        Helper(name, f.defines, f.text.rstrip("\n"))
        for name, f in held.items()
        if f.defines in needed
    ]


def is_line(helper: Helper) -> bool:
    """Whether a fragment is one assignment: `he_normal = nnx.initializers.he_normal()`."""
    return "\n" not in helper.text.strip()


def with_constants(
    partials: list[module_tree.Definition],
    helpers: Sequence[Helper],
    definitions: Sequence[module_tree.Definition],
) -> list[module_tree.Definition]:
    """The partials behind the constants they use; one that a single partial uses goes into it."""
    for helper in filter(is_line, helpers):
        value = call("nnx.initializers.he_normal")
        uses = [i for i, line in enumerate(partials) if helper.defines in mentioned([line])]
        if len(uses) == 1 and helper.defines not in mentioned(definitions):
            line = partials[uses[0]]
            assert isinstance(line, Assign)
            inner = substitute(line.value, {helper.defines: value})
            partials[uses[0]] = Assign(line.targets, inner)
        else:
            partials.insert(0, Assign((Name(helper.defines),), value))
    return partials


def imports_of(
    body: Sequence[module_tree.Definition], networks: bool, brought: Sequence[Import]
) -> tuple[Import, ...]:
    """What a module imports; `brought` are the classes of the author's own."""
    needed = mentioned(body)
    for node in body:
        if isinstance(node, Helper):
            needed |= fragment(node.name).imports
    if networks:
        needed |= {"jax", "nnx"}
    known = (
        Import("functools", "functools"),
        Import("math", "math"),
        Import("collections.abc", "Callable", True),
        Import("functools", "partial", True),
        Import("typing", "Any", True),
        Import("jax", "jax"),
        Import("jax.numpy", "jnp"),
        Import("flax", "nnx", True),
        Import("flax.nnx.nn.dtypes", "promote_dtype", True),
        Import("flax.typing", "TupleArg", True),
        Import("jax.typing", "DTypeLike", True),
    )
    found = [*(i for i in known if i.name in needed), *(i for i in brought if i.bound in needed)]
    return tuple(sorted(found, key=_place))


def _place(line: Import) -> tuple[bool, str]:
    """Where a line stands: classes of the author's own by their modules, among flax's."""
    is_later = line.is_from and line.module.split(".")[0] not in sys.stdlib_module_names
    return is_later, line.module.lower() if is_later else ""
