"""A block to a class or a function."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.ir import Instance, Pack
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.targets.flax.shaping import docs
from cnndsl.targets.flax.shaping.block_docs import block_shapes
from cnndsl.targets.flax.shaping.finished import Finished
from cnndsl.targets.flax.shaping.methods import ARRAY, BASE, RNGS, SELF, STAR, constructor, whole
from cnndsl.targets.flax.shaping.models import endpoint_methods
from cnndsl.targets.flax.shaping.types import columns, item_of, open_tuple, type_of
from cnndsl.targets.flax.staging.columns import RECTIFIED
from cnndsl.targets.flax.staging.draft import Param
from cnndsl.targets.python.expressions import NONE
from cnndsl.targets.python.module_tree import Class, Function, Parameter
from cnndsl.targets.python.tree import Binary, Expr, Item, Name, Pass, Tuple


def block_definition(
    block: ast.Block, finished: Finished, instances: Sequence[Instance]
) -> Class | Function:
    draft = finished.draft
    given = _given(instances)
    shapes = block_shapes(draft, instances)
    quoted = [
        f"`{p.name}`: {told}."
        for p in draft.arguments
        if p.source == "computed" and (told := _quote(block, p.origin))
    ]
    told = docs.wrapped(block.doc, docs.INSIDE)
    doc = docs.paragraphs(told or shapes, *quoted, shapes if told else "")
    received = [
        Parameter(p.name, _received(p), NONE if _optional(p) else None)
        for p in draft.arguments
        if p.source == "tensor"
    ]
    own = [_argument(p) for p in draft.arguments if p.source != "tensor"]
    if draft.takes_x:
        received.insert(0, Parameter("x", ARRAY))
    if draft.is_function:
        arguments = _ordered([*received, *own])
        body = whole([*finished.lets, *finished.init, *finished.call], 4)
        return Function(draft.name, tuple(arguments), given, body, doc)
    takes = {kind for build in finished.builds() for kind in build.takes}
    takes |= set(draft.takes) if draft.is_argument else set()
    init = constructor(finished)
    keywords = [STAR, RNGS] if "rngs" in takes else []
    signature = (SELF, *own, *keywords)
    call_ = Function("__call__", (SELF, *_ordered(received)), given, whole(finished.call))
    methods: tuple[Function, ...] = (Function("__init__", signature, None, init), call_)
    if draft.has_endpoints:
        methods = (methods[0], *endpoint_methods(call_.parameters, finished.call, draft.end))
    if signature == (SELF,) and init == (Pass(),):
        methods = methods[1:]
    return Class(draft.name, BASE, (), methods, doc)


def _received(param: Param) -> Expr:
    is_pack = any(isinstance(value, tuple) for value in param.values.values())
    kind = list_of_arrays() if is_pack else ARRAY
    return Binary("|", kind, NONE) if _optional(param) else kind


def list_of_arrays() -> Expr:
    return Item(Name("list"), ARRAY)


def _given(instances: Sequence[Instance]) -> Expr:
    """The type of what a block returns."""
    results = instances[0].results
    kinds = [list_of_arrays() if isinstance(r, Pack) else ARRAY for r in results] or [ARRAY]
    return kinds[0] if len(kinds) == 1 else Item(Name("tuple"), Tuple(tuple(kinds)))


def _optional(param: Param) -> bool:
    return any(v is None for v in param.values.values())


def _ordered(parameters: Sequence[Parameter]) -> list[Parameter]:
    """Parameters without the defaults that others without one follow."""
    required = [i for i, p in enumerate(parameters) if p.default is None]
    last = max(required, default=-1)
    return [Parameter(p.name, p.annotation) if i < last else p for i, p in enumerate(parameters)]


def _argument(param: Param) -> Parameter:
    kind = type_of(param.values.values())
    if param.source == "features" and columns(kind) and (each := item_of(kind)) is not None:
        kind = open_tuple(each)  # a pack may grow where it is used
    return Parameter(param.name, kind, param.default)


def _quote(block: ast.Block, name: str) -> str:
    """How the spec defines a `let` that became an argument."""
    if name == RECTIFIED:
        return "whether a ReLU follows, for which kernels start He-normal"
    for node in walk(block):
        if isinstance(node, ast.Let) and node.name == name:
            return " ".join(node.value.span.text.split())
    return ""
