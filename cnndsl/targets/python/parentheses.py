"""Which long expressions get parentheses of their own, and which are broken in their brackets."""

from __future__ import annotations

from enum import Enum

from cnndsl.targets.python.inline import (
    LEFT,
    LEVEL,
    OR,
    POWER,
    PRODUCT,
    RIGHT,
    SUM,
    UNION,
    base,
    level,
    wraps_base,
    wraps_operand,
)
from cnndsl.targets.python.tree import (
    Attribute,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Dict,
    Expr,
    Item,
    ListOf,
    Slice,
    Star,
    Tuple,
    Unary,
)


class Needs(Enum):
    """When a value at the end of a statement gets parentheses."""

    NEVER = "it has its own"
    IF_BROKEN = "if it stands on several lines"
    IF_IT_HELPS = "if it fits within them, and not without"


def needs(expr: Expr) -> Needs:
    """When ruff puts an expression into parentheses."""
    while True:
        match expr:
            case Attribute() | Item() | Call():
                if is_fluent(expr):
                    return Needs.IF_BROKEN
                root, is_wrapped = _root(expr)
                if is_wrapped:
                    return Needs.NEVER
                expr = root
            case Unary():
                if wraps_operand(expr):
                    return Needs.NEVER
                expr = expr.operand
            case Tuple() | ListOf() | Dict() | Comprehension():
                return Needs.NEVER
            case Binary() | Conditional() | Star() | Slice():
                return Needs.IF_BROKEN
            case _:
                return Needs.IF_IT_HELPS


def _root(expr: Expr) -> tuple[Expr, bool]:
    """What a chain of calls and attributes begins with, and whether in parentheses."""
    while isinstance(expr, Attribute | Item | Call):
        if wraps_base(expr):
            return base(expr), True
        expr = base(expr)
    return expr, False


def is_fluent(expr: Expr) -> bool:
    """A chain with at least two attributes of results, `f(x).mean(0).reshape(n)`: it is broken
    in front of its dots."""
    found = 0
    while isinstance(expr, Attribute | Item | Call):
        inner = base(expr)
        if wraps_base(expr):
            return found + isinstance(expr, Attribute) >= 2
        found += isinstance(expr, Attribute) and isinstance(inner, Item | Call)
        expr = inner
    return found >= 2


def has_brackets(expr: Expr) -> bool:
    """Whether an expression ends in brackets of its own, even empty ones."""
    return isinstance(expr, Item | Call | Tuple | ListOf | Dict | Comprehension)


def _has_content(expr: Expr) -> bool:
    """Whether an expression ends in brackets that are not empty."""
    match expr:
        case Call():
            return bool(expr.args or expr.keywords)
        case Tuple() | ListOf() | Dict():
            return bool(expr.items)
    return isinstance(expr, Item | Comprehension)


def can_omit(expr: Expr) -> bool:
    """Whether breaking the first or the last brackets may do in place of parentheses."""
    seen = _Seen()
    seen.walk(expr)
    if not seen.has_brackets or seen.count > 1:
        return False
    return seen.rank <= _ATTRIBUTE or seen.ends_in_brackets()


# Operators from the tightest to the loosest, as ruff ranks them: `and` and `or` are alike.
_NONE, _ATTRIBUTE, _CONDITIONAL = 0, 1, 8
_RANKS = {POWER: 2, PRODUCT: 3, SUM: 4, UNION: 5}


def rank(op: str) -> int:
    """The order in which operators are split: the highest first."""
    own = LEVEL[op]
    return _RANKS.get(own, 6 if own > OR + 1 else 7)


_INNER = tuple[Expr, bool]  # an expression inside another one, and whether in parentheses


class _Seen:
    """What is found of an expression outside its brackets, from left to right."""

    def __init__(self) -> None:
        self.rank = _NONE  # of the loosest operators
        self.count = 0  # of these
        self.has_brackets = False
        self.first: _INNER | None = None
        self.last: _INNER | None = None
        self.has_begun = False

    def ends_in_brackets(self) -> bool:
        ends = [end for end in (self.first, self.last) if end is not None]
        return any(
            not isinstance(expr, Item) and (is_wrapped or _has_content(expr))
            for expr, is_wrapped in ends
        )

    def walk(self, expr: Expr) -> None:
        stack: list[tuple[_INNER, bool]] = [((expr, False), True)]
        while stack:
            self.last, is_new = stack.pop()
            if not is_new:  # the end of a call, behind what is called
                continue
            node, is_wrapped = self.last
            self.has_brackets |= is_wrapped
            inner = [] if is_wrapped else self.enter(node)
            if not inner and not self.has_begun:
                self.first, self.has_begun = self.last, True
            if isinstance(node, Attribute | Item | Call):
                stack.append((self.last, False))
            stack += [(child, True) for child in reversed(inner)]

    def enter(self, expr: Expr) -> list[_INNER]:
        """Takes an expression in, and returns what it consists of outside of brackets."""
        match expr:
            case Dict() | ListOf() | Tuple() | Comprehension():
                self.has_brackets = True
            case Binary():
                left, right, op = expr.left, expr.right, expr.op
                self.operators(rank(op))
                return [(left, level(left) < LEFT[op]), (right, level(right) < RIGHT[op])]
            case Conditional():
                self.operators(_CONDITIONAL, 2)
                arms = [(arm, level(arm) < OR) for arm in (expr.then, expr.test)]
                return [*arms, (expr.other, False)]
            case Call() | Item():
                self.has_brackets = True
                return [(base(expr), wraps_base(expr))]
            case Attribute():
                is_wrapped = wraps_base(expr)
                if is_wrapped or has_brackets(expr.base):
                    self.operators(_ATTRIBUTE)
                return [(expr.base, is_wrapped)]
            case Unary():  # does not begin with brackets
                self.has_begun = True
                return [(expr.operand, wraps_operand(expr))]
            case Star():
                self.has_begun = True
                return [(expr.value, level(expr.value) < UNION)]
        return []

    def operators(self, rank: int, count: int = 1) -> None:
        if rank > self.rank:
            self.rank, self.count = rank, 0
        if rank == self.rank:
            self.count += count
