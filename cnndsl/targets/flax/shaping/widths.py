"""How wide expressions are in a line of code."""

from __future__ import annotations

from collections import Counter

from cnndsl.targets.flax.names import GLOBALS
from cnndsl.targets.python.draft import Build
from cnndsl.targets.python.expressions import names, walk
from cnndsl.targets.python.tree import (
    Attribute,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Constant,
    Expr,
    Formatted,
    Item,
    ListOf,
    Name,
    Slice,
    Star,
    Tuple,
)


def width(expr: Expr) -> int:
    """How long an expression will be on a line, nearly."""
    total = 0
    for part in walk(expr):
        match part:
            case Name():
                total += len(part.id.split("#")[0])
            case Constant():
                total += len(repr(part.value))
            case Formatted():
                total += sum(len(p) for p in part.parts if isinstance(p, str)) + 3
            case Binary():
                total += len(part.op) + 2
            case Conditional():
                total += 10
        total += _around(part)
    return total


def built_width(uses: Counter[Expr], expr: Expr, more: int) -> int:
    """The same for an expression of constructor calls, with what they hand on; those that stand
    several times get a partial, which does that for all."""
    total = width(expr)
    for part in walk(expr):
        if isinstance(part, Build):
            count = uses[part.function] + more
            hoisted = count > 2 or (count == 2 and part.keywords)
            shared = [k for k in part.keywords if names(k.value) <= GLOBALS]
            keywords = sum(len(k.name or "") + 1 + width(k.value) for k in shared)
            total += -keywords if hoisted else 11
    return total


def _around(part: Expr) -> int:
    match part:
        case Attribute():
            return 1 + len(part.name.split("#")[0])
        case Call():
            several = len(part.args) + len(part.keywords)
            named = sum(len(k.name or "") + 1 for k in part.keywords)
            return 2 + 2 * max(several - 1, 0) + named
        case Item():
            return 2
        case Slice():
            return 1 + (part.step is not None)
        case Comprehension():
            return 11
        case Star():
            return 1
        case Tuple() | ListOf():
            return 2 + 2 * max(len(part.items) - 1, 0)
    return 0
