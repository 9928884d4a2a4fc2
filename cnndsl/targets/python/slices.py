"""`x[..., width:]` for a slice that ends where its tensor does, and `xs[:2]` where it begins."""

from __future__ import annotations

from cnndsl.targets.python.expressions import integer
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.tree import Attribute, Call, Constant, Expr, Item, Name, Slice, Tuple


def open_ended(expr: Expr) -> Expr:
    """An expression whose slices do not say where their tensors and lists begin and end."""
    expr = rebuild(expr, open_ended)
    match expr:
        case Item(base=base, index=Tuple(items=items)):
            rest = items[0] == Constant(...)
            axes = [at - len(items) if rest else at for at in range(len(items))]
            ends = [_open(part, base, axis) for part, axis in zip(items, axes, strict=True)]
            if ends != list(items):
                return Item(base, Tuple(tuple(ends)))
        case Item(base=base, index=Slice(start=start, stop=stop, step=None)):
            return Item(base, Slice(_unless_first(start), None if _is_length(stop, base) else stop))
    return expr


def _open(part: Expr, base: Expr, axis: int) -> Expr:
    """A slice without a stop that is the extent of an axis."""
    match part:
        case Slice(
            start=start,
            stop=Item(base=Attribute(base=sliced, name="shape"), index=index),
            step=step,
        ) if sliced == base and integer(index) == axis:
            return Slice(_unless_first(start), None, step)
        case Slice(start=start, stop=stop, step=step):
            return Slice(_unless_first(start), stop, step)
    return part


def _unless_first(start: Expr | None) -> Expr | None:
    return None if start == Constant(0) else start


def _is_length(stop: Expr | None, base: Expr) -> bool:
    match stop:
        case Call(function=Name("len"), args=(held,)):
            return held == base
    return False
