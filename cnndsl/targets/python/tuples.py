"""Tuples and their items, where these are known."""

from __future__ import annotations

from collections.abc import Iterable

from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.draft import AsPair, Tally
from cnndsl.targets.python.expressions import integer
from cnndsl.targets.python.logic import conditional
from cnndsl.targets.python.tree import (
    Binary,
    Conditional,
    Constant,
    Expr,
    Item,
    Name,
    Slice,
    Star,
    Tuple,
)


def item(base: Expr, index: Expr) -> Expr:
    """`base[index]`, or the item where it is known."""
    if isinstance(index, Slice) and index.stop is not None and index.stop == tally("len", base):
        index = Slice(index.start, None, index.step)
    if isinstance(base, Tuple) and len(base.items) == 1 and isinstance(base.items[0], Star):
        return item(base.items[0].value, index)
    if isinstance(base, Tuple) and isinstance(index, Slice):
        return _part(base, index)
    alike = _alike(base)
    if alike is not None:
        return alike
    at = integer(index)
    if not isinstance(base, Tuple) or at is None or not -len(base.items) <= at < len(base.items):
        return Item(base, index)
    passed = base.items[at:] if at < 0 else base.items[: at + 1]
    grows = any(isinstance(held, Star) for held in passed)
    return Item(base, index) if grows else base.items[at]


def _alike(base: Expr) -> Expr | None:
    """What every item of a list is, of two at least."""
    match base:
        case Binary(op="*", left=Tuple(items=(each,))) if not isinstance(each, Star):
            return each
        case Tuple(items=items) if len(items) > 1:
            found = {_alike(i.value) if isinstance(i, Star) else i for i in items}
            return found.pop() if len(found) == 1 else None
    return None


def _part(base: Tuple, ends: Slice) -> Expr:
    """`base[start:stop]`, or the items where they are known."""
    known = [None if end is None else integer(end) for end in (ends.start, ends.stop)]
    is_said = [end is not None for end in (ends.start, ends.stop)]
    has_words = is_said != [at is not None for at in known]
    passed = base.items[: known[0]] if known[0] and known[0] > 0 and not known[1] else base.items
    if has_words or ends.step or any(isinstance(held, Star) for held in passed):
        return Item(base, ends)
    return Tuple(base.items[known[0] : known[1]])


def as_pair(size: Expr) -> Expr:
    """Both sides of a window that may be one number."""
    match size:
        case Tuple():
            return size
        case Constant(value=int()):
            return Tuple((size, size))
        case Conditional(then=then, test=test, other=other):
            then, other = as_pair(then), as_pair(other)
            if not isinstance(then, AsPair) and not isinstance(other, AsPair):
                return conditional(then, test, other)
    return AsPair(Name("as_pair"), (size,))


_WRITTEN_OUT = 4  # items of a tuple that repeats others


def written_out(expr: Expr) -> Expr:
    """`(8, 8)` for `(8,) * 2`, where few items are known to repeat."""
    match expr:
        case Binary(op="*", left=Tuple(items=several), right=Constant(value=int(count))) if len(
            several
        ) * count <= _WRITTEN_OUT and not any(isinstance(i, Star) for i in several):
            return Tuple(several * count)
    return expr


def joined(items: Iterable[Expr]) -> Tuple:
    """A tuple of items, some of which may stand for all those of another tuple."""
    found: list[Expr] = []
    for held in items:
        inside = held.value if isinstance(held, Star) else None
        match inside:
            case Tuple():
                found += inside.items
            case Binary(op="*", left=Tuple(items=several), right=Constant(value=int(count))) if (
                len(several) * count <= _WRITTEN_OUT
            ):
                found += several * count
            case _:
                found.append(held)
    return Tuple(tuple(found))


def tally(name: str, held: Expr) -> Expr:
    """`sum` or `len` of a tuple; of one whose items are known, what they give."""
    match held:
        case Tuple(items=(Star(value=whole),)):
            return tally(name, whole)
        case Binary(op="*", left=Tuple() as many, right=count):
            each = tally(name, many)
            return (
                Tally(Name(name), (held,)) if isinstance(each, Tally) else binary("*", count, each)
            )
    if not isinstance(held, Tuple):
        return Tally(Name(name), (held,))
    total: Expr = Constant(0)
    for number, each in enumerate(held.items):
        part: Expr = Constant(1) if name == "len" else each
        if isinstance(each, Star):
            part = tally(name, each.value)
        total = part if number == 0 else binary("+", total, part)
    return total
