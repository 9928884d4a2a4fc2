"""What no expression says: an argument that is worked out, or a table by iteration."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.targets.flax.names import RESERVED, safe
from cnndsl.targets.flax.staging.draft import Draft, OpenLoop, Param, Run
from cnndsl.targets.flax.staging.kinds import frozen
from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.expressions import (
    TRUE,
    call,
    constant,
    self_,
)
from cnndsl.targets.python.tree import Attribute, Binary, Constant, Expr, Item, Name, Part, Unary

RECTIFIED = "rectified"  # whether an activation of the ReLU family follows


class Columns:
    """Values that no expression says, by instance and iteration."""

    def __init__(self, draft: Draft):
        self.draft = draft
        self.loops: list[OpenLoop] = []

    def residual(
        self, stem: str, seen: Sequence[object], runs: list[Run], usual: Expr | None = None
    ) -> Expr:
        """A value that no expression of the constructor says; `usual` is the default of an argument
        for it, besides those of flags.
        """
        held = [frozen(v) for v in seen]
        keys = [_key(v) for v in held]
        if len(set(keys)) == 1:
            return constant(held[0])
        by: dict[int, object] = {}
        alike = all(
            _key(by.setdefault(n, v)) == k for (n, _), v, k in zip(runs, held, keys, strict=True)
        )
        if alike:
            return self.per_instance(stem, by, usual)
        for depth in range(len(self.loops) - 1, -1, -1):
            found = self._by_iteration(stem, held, keys, runs, depth)
            if found is not None:
                return found
        raise AssertionError("an execution has one value")

    def _by_iteration(
        self, stem: str, held: list[object], keys: list[str], runs: list[Run], depth: int
    ) -> Expr | None:
        """A table by the iterations of the loops from `depth` on, if those decide the value."""
        tables: dict[int, dict[tuple[int, ...], object]] = {}
        for (number, iterations), value, key in zip(runs, held, keys, strict=True):
            table = tables.setdefault(number, {})
            if _key(table.setdefault(iterations[depth:], value)) != key:
                return None
        counters = [loop.counter for loop in self.loops[depth:]]
        if len(counters) == 1 and set(keys) <= {_key(True), _key(False)}:
            last = _in_the_last_round(self.loops[-1], runs, held)
            test = _from_a_round_on(counters[0], [*tables.values()])
            if last is not None and (test is None or stem == RECTIFIED or not _at_first(test)):
                return last
            if test is not None:
                return test
        nested = {n: _nested(table, len(counters)) for n, table in tables.items()}
        if len({_key(v) for v in nested.values()}) == 1:
            base = constant(next(iter(nested.values())))
        else:
            base = self.per_instance(stem, dict(nested))
        for counter in counters:
            base = Item(base, Name(counter))
        return base

    def per_instance(self, stem: str, values: dict[int, object], usual: Expr | None = None) -> Expr:
        """An argument of the class that the compiler works out for every instance of it."""
        draft = self.draft
        if draft.is_model:
            name = self.class_value(stem, values)
            return self_(name)
        flags = all(isinstance(value, bool) for value in values.values())
        if stem == RECTIFIED and flags and (said := _as_a_flag(draft.params, values)):
            return said
        for param in draft.params:
            if param.source != "computed" or param.origin != stem:
                continue
            if stem == RECTIFIED and _agree(param.values, values):
                param.values |= values  # of two branches, say, of which an instance has one
                param.default = _usual(param.values, usual)
                return Name(param.name)
            if param.values == values:
                return Name(param.name)
        default = _usual(values, usual)
        name = self.param_name(stem)
        draft.params.append(Param(name, "computed", stem, dict(values), default))
        return Name(name)

    def class_value(self, stem: str, values: dict[int, object]) -> str:
        """An attribute of a model's class, which every variant sets."""
        known = self.draft.class_values
        values = {number: _unbound(value) for number, value in values.items()}
        for name, held in known.items():
            if name.rstrip("0123456789_") == stem.rstrip("0123456789_") and _key(held) == _key(
                values
            ):
                return name
        name = self.param_name(stem)
        known[name] = values
        return name

    def param_name(self, stem: str) -> str:
        """A free name for an argument or a class attribute."""
        taken = {p.name for p in self.draft.params} | self.draft.class_values.keys()
        name = safe_local(stem)
        if name not in taken:
            return name
        number = 2
        while f"{name}{number}" in taken:
            number += 1
        return f"{name}{number}"


def _as_a_flag(params: Sequence[Param], values: dict[int, object]) -> Expr | None:
    """The author's argument that says the same of every instance: a flag, or its reverse, or the
    activation itself."""
    for param in params:
        if param.source != "own" or not values.keys() <= param.values.keys():
            continue
        pairs = [(param.values[number], flag) for number, flag in values.items()]
        if all(held is flag for held, flag in pairs):
            return Name(param.name)
        if all(held is (not flag) for held, flag in pairs):
            return Unary("not", Name(param.name))
        for word, which in (("is", True), ("is not", False)):
            function = next((held for held, flag in pairs if flag is which), None)
            alike = all((held == function) is (flag is which) for held, flag in pairs)
            if isinstance(function, Attribute) and alike:
                return Binary(word, Name(param.name), function)
    return None


def _usual(values: dict[int, object], usual: Expr | None) -> Expr | None:
    """The default of an argument that is worked out."""
    common = next((v for v in values.values() if v is False), next(iter(values.values())))
    return Constant(False) if common is False else TRUE if common is True else usual


def _agree(known: dict[int, object], values: dict[int, object]) -> bool:
    """Whether no instance has two values."""
    return all(known.get(number, value) == value for number, value in values.items())


def _unbound(value: object) -> object:
    """A value of a class: a function would become a method of it."""
    return call("staticmethod", constant(value)) if isinstance(value, Part) else value


def _key(value: object) -> str:
    return repr(value)


def _nested(table: dict[tuple[int, ...], object], depth: int) -> object:
    """Values by iterations as tuples inside each other; what was not reached is filled."""
    if depth == 0:
        return table[()]
    filler = next(iter(table.values()))
    by: dict[int, dict[tuple[int, ...], object]] = {}
    for at, value in table.items():
        by.setdefault(at[0], {})[at[1:]] = value
    rows = range(max(by) + 1)
    return tuple(_nested(by[i], depth - 1) if i in by else filler for i in rows)


def _from_a_round_on(counter: str, tables: Sequence[dict[tuple[int, ...], object]]) -> Expr | None:
    """The condition that says which rounds have a flag, if those begin or end with one number."""
    rounds = [(at[0], flag) for table in tables for at, flag in table.items()]
    for first in (True, False):
        turn = 1 + max(number for number, flag in rounds if flag is first)
        if all((flag is first) == (number < turn) for number, flag in rounds):
            if turn == 1:
                return Binary("==" if first else "!=", Name(counter), Constant(0))
            return Binary("<" if first else ">=", Name(counter), Constant(turn))
    return None


def _at_first(test: Expr) -> bool:
    """Whether a condition is about the first round."""
    return isinstance(test, Binary) and test.right == Constant(0)


def _in_the_last_round(loop: OpenLoop, runs: list[Run], flags: Sequence[object]) -> Expr | None:
    """The condition that a flag is if the last of a number of rounds has it alone, or alone lacks
    it; None where that number is a literal."""
    if loop.count is None or isinstance(loop.count, Constant):
        return None
    last: dict[tuple[int, tuple[int, ...]], int] = {}
    for number, at in loop.runs:
        key = number, at[:-1]
        last[key] = max(last.get(key, 0), at[-1])
    is_last = [last[number, at[:-1]] == at[-1] for number, at in runs]
    for word in ("==", "<"):
        if [(word == "==") is each for each in is_last] == list(flags):
            return Binary(word, Name(loop.counter), binary("-", loop.count, Constant(1)))
    return None


def safe_local(stem: str) -> str:
    """An author's name, made safe for Python and the module."""
    return safe(stem, RESERVED)
