"""What would make a rejected chain right, in the author's own words, and what it would give."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from cnndsl.diagnostics import Fix
from cnndsl.elaborate import values
from cnndsl.elaborate.calls import says_channels
from cnndsl.fixes import edited
from cnndsl.ir import (
    Branch,
    Chained,
    Element,
    Grouped,
    Instance,
    Layer,
    Merged,
    Passed,
    Ran,
    Tensor,
)
from cnndsl.ops.base import Kind, Reject, Shape, rank_of
from cnndsl.ops.conv import Conv, Depthwise, Separable
from cnndsl.ops.pool import AvgPool, MaxPool
from cnndsl.ops.ranks import AXES
from cnndsl.source import Span
from cnndsl.suggest import WORDS, closest
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

_AXES = {  # of PyTorch's and of Keras's batches
    **dict.fromkeys(
        ("-1", "1", "3", '"channel"', '"c"', '"channels"', "[-1]", "[1]", "[3]"), "channels"
    ),
}
UNSHAPED = Tensor(None)
_LEAST_PERCENT = 5  # from which on a number is none of a fraction that was meant


def likely(name: str, branches: list[Branch]) -> Tensor:
    """The result that a merge of unequal branches was probably meant to have."""
    working = [b.out.shape for b in branches if b.out is not b.x] or [branches[0].out.shape]
    if any(len(b.out.shape) == 1 for b in branches) or _ranks(branches) > 1:
        return UNSHAPED
    if name == "concat":
        channels = sum(b.out.shape[-1] for b in branches)
        return Tensor((*working[0][:-1], channels), doubtful=True)
    if name == "add" and len(set(working)) > 1:
        return UNSHAPED
    return Tensor(working[0], doubtful=True)


def _ranks(branches: Sequence[Branch]) -> int:
    """How many different numbers of axes branches have."""
    return len({len(b.out.shape) for b in branches})


def accepted(kind: Kind[object], value: object, text: str) -> str | None:
    """What an argument accepts that is like what it got: the integer that `0.75 * 64` is, the word
    that `"SAME"` was meant to be. `text` is how the author wrote it.
    """
    if len(text) > 60 or "\n" in text:
        return None
    if isinstance(value, float) and value.is_integer() and _takes(kind, int(value)):
        return text.partition(".")[0] if re.fullmatch(r"\d+\.0*", text) else f"int({text})"
    if values.is_int(value) and text in ("0", "1") and _takes(kind, bool(value)):
        return "true" if value else "false"
    percent = isinstance(value, int | float) and _LEAST_PERCENT <= value <= 100 - _LEAST_PERCENT
    if percent and isinstance(value, int | float) and _takes(kind, value / 100):
        return f"{value / 100:g}" if not _takes(kind, value) else None
    if "channels" in kind.own_words and (word := _AXES.get(text.replace(" ", "").lower())):
        return word if _takes(kind, word) else None
    is_cube = isinstance(value, list) and len(value) > 2 and len(set(map(str, value))) == 1
    if is_cube and isinstance(value, list) and "HxW" in kind.describe():
        pair = value[:2]
        return "x".join(map(str, pair)) if values.is_int(pair[0]) and _takes(kind, pair) else None
    if isinstance(value, str) and text == f'"{value}"':
        if value.isascii() and value.isdigit() and len(value) < 9 and _takes(kind, int(value)):
            return value
        word = closest(value, (*WORDS, *kind.own_words))
        if word and _takes(kind, word):
            return word
    return None


def _takes(kind: Kind[object], value: object) -> bool:
    try:
        kind.convert(value)
    except Reject:
        return False
    return True


def projection(branches: list[Chained], arriving: str | None) -> tuple[str, Fix] | None:
    """The 1x1 convolution that makes the identity among the branches of an `add` fit.

    It is spelled with the arguments of the other branch's convolutions, and in a block with the
    condition that says which instances want it; None where they do not say it. `arriving` is what
    a block calls the tensor that arrives there, None elsewhere. The help, and the edit that it is.
    """
    identity = [index for index, b in enumerate(branches) if b.out is b.x]
    others = [b for b in branches if b.out is not b.x]
    if len(identity) != 1 or len({b.out.shape for b in others}) != 1 or _ranks(branches) > 1:
        return None
    found = in_a_row(others[0])
    if found is None or any(isinstance(e.op, Depthwise) and says_channels(e) for e in found):
        return None
    strided = [each for each in found if _is_strided(each) or _may_stride(each)]
    widening = [(each, each.op) for each in found if isinstance(each.op, Conv | Separable)]
    if not widening or len(strided) > 1:
        return None
    last, op = widening[-1]
    filters = _argument(last, "filters")
    seen, wanted = branches[identity[0]].out.shape, others[0].out.shape
    stride = _strides(strided[0]) if strided else (1,) * rank_of(seen)
    if filters is None or wanted != (*_shrunk(seen, stride), op.filters):
        return None
    step, condition = "", f"{arriving}.channels != {filters}"
    differs = not filters.isdigit()
    if strided:
        text = _argument(strided[0], "stride")
        if text is None:
            return None
        step, condition = f", stride = {text}", f"{text} != 1 or {condition}"
        differs = differs or not text.isdigit()
    text = f"conv({filters}, 1{step}, bias = false) -> bn"
    span, which = branches[identity[0]].span, f"project branch {identity[0] + 1}"
    if arriving and differs:
        text = f"if {condition} {{ {text} }} else {{ {span.text} }}"
        which += " where the shape changes"
    return f"{which}: {text}", Fix(span, text)


def expansion(branches: list[Chained]) -> tuple[str, Fix | None] | None:
    """What repeats the one branch of two that has size 1 where the other is larger.

    The larger one must have a name for an edit: `expand` takes a tensor.
    """
    if len(branches) != 2 or _ranks(branches) > 1:
        return None
    small, large = sorted(branches, key=lambda branch: math.prod(branch.out.shape))
    sizes = list(zip(small.out.shape, large.out.shape, strict=True))
    if any(one not in (1, other) for one, other in sizes):
        return None
    text, name = small.span.text, large.span.text
    which = f"branch {branches.index(small) + 1} to the shape of the other one"
    if len(text) > 40 or not name.isidentifier() or name in ("here", "in"):
        return f"repeat {which}, which has a name then: … -> expand(NAME)", None
    return f"repeat {which}: {text} -> expand({name})", Fix(small.span, f"{text} -> expand({name})")


def in_a_row(chained: Chained) -> list[Layer] | None:
    """The layers of a chain that run one after the other, those in braces too; None where more
    than layers runs, and changes the shape.
    """
    found: list[Layer] = []
    waiting: list[Element] = list(reversed(chained.elements))
    while waiting:
        element = waiting.pop()
        if isinstance(element, Layer):
            found.append(element)
        elif isinstance(element, Grouped):
            for record in reversed(element.frame.records):
                if not isinstance(record, Ran):
                    return None
                waiting += reversed(record.run.elements)
        elif not isinstance(element, Instance | Merged | Passed) or not _keeps(element):
            return None
    return found


def _keeps(element: Instance | Merged | Passed) -> bool:
    """Whether what comes out has the shape of what arrives."""
    return element.x.known is not None and element.x.known == element.out.known


def same_padding(branches: list[Chained]) -> tuple[str, Fix] | None:
    """The `pad = same` that one branch of a `concat` lacks, where that is all it lacks."""
    sizes = [b.out.shape[:-1] for b in branches]
    odd = [b for b in branches if sizes.count(b.out.shape[:-1]) == 1]
    if len(odd) != 1 or len(set(sizes)) != 2 or len(sizes) < 3:
        return None
    wanted = next(size for size in sizes if size != odd[0].out.shape[:-1])
    found = in_a_row(odd[0])
    if found is None:  # only of layers in a row is every shape known
        return None
    shrinking = [each for each in found if each.out.shape[:-1] != each.x.shape[:-1]]
    if len(shrinking) != 1:
        return None
    layer, op, text = shrinking[0], shrinking[0].op, shrinking[0].element.span.text
    if not isinstance(op, Conv | Depthwise | Separable | MaxPool | AvgPool):
        return None
    unpadded = op.pad == "valid" and not _is_strided(layer)
    if not unpadded or layer.x.shape[:-1] != wanted or "pad" in text or not text.endswith(")"):
        return None
    end = layer.element.span.end - 1
    fix = Fix(Span(layer.element.span.source, end, end), ", pad = same")
    sides = " and ".join(AXES[rank_of(layer.x.shape)][-2:])
    return f"keep its {sides}: {text[:-1]}, pad = same)", fix


def _strides(layer: Layer) -> tuple[float, ...]:
    return layer.op.field_on(layer.x.shape)[1]


def _is_strided(layer: Layer) -> bool:
    return any(step != 1 for step in _strides(layer))


def _may_stride(layer: Layer) -> bool:
    """Whether the stride of a layer is computed: in another instance it may be no 1."""
    text = (
        _argument(layer, "stride") if isinstance(layer.op, Conv | Depthwise | Separable) else None
    )
    return text is not None and not text.isdigit()


def _shrunk(shape: Shape, stride: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(int(-(-size // step)) for size, step in zip(shape[:-1], stride, strict=True))


def _argument(layer: Layer, name: str) -> str | None:
    """How the author wrote an argument of an op, by name or by position."""
    names = list(layer.op.arguments())
    for position, argument in enumerate(layer.element.args or ()):
        if name == (argument.name or names[position]):
            return _short(argument.value)
    return None


def _short(value: ast.Expr) -> str | None:
    text = value.span.text
    return text if len(text) <= 40 and "\n" not in text else None


def floored(expr: ast.Expr) -> Fix | None:
    """An expression with `//` for its divisions, which give integers then; None beside numbers
    that are none.
    """
    nodes = list(walk(expr))
    if any(isinstance(node, ast.Literal) and isinstance(node.value, float) for node in nodes):
        return None
    found = [
        Fix(Span(node.span.source, node.left.span.end, node.right.span.start), " // ")
        for node in nodes
        if isinstance(node, ast.Binary) and node.op == "/"
    ]
    text = edited(expr.span.source.text, found)
    end = expr.span.end + len(text) - len(expr.span.source.text)
    return Fix(expr.span, text[expr.span.start : end]) if found else None
