"""The functions and types of Python that a generated module may use, each with what it accepts."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable

from cnndsl.targets.python.values import (
    Budget,
    External,
    Failure,
    described,
    is_true,
    key_of,
    listed,
)

Plain = Callable[[list[object], dict[str, object]], object]


class Function(External):
    """A function of Python's own, or of the target's, by its name."""

    is_constant = True

    def __init__(self, name: str, run: Plain):
        self.name = name
        self.run = run

    def describe(self) -> str:
        return f"`{self.name}`"

    def call(self, args: list[object], keywords: dict[str, object]) -> object:
        return self.run(args, keywords)


class Operation(Function):
    """A method of a value, which it may change."""

    is_constant = False


class Type(Function):
    """A type: a function that `isinstance` knows."""

    def __init__(self, name: str, run: Plain, kind: type):
        super().__init__(name, run)
        self.kind = kind

    def item(self, index: object) -> object:
        return self  # tuple[int, ...]

    def binary(self, op: str, other: object, swapped: bool) -> object:
        return self if op == "|" else super().binary(op, other, swapped)


class Partial(External):
    """`functools.partial` of a callable."""

    def __init__(self, function: External, args: list[object], keywords: dict[str, object]):
        self.function = function
        self.args = args
        self.keywords = keywords

    def describe(self) -> str:
        return f"a partial of {self.function.describe()}"

    def call(self, args: list[object], keywords: dict[str, object]) -> object:
        return self.function.call([*self.args, *args], {**self.keywords, **keywords})

    def key(self) -> Hashable | None:
        given = key_of((*self.args, *self.keywords.values()))
        function = self.function.key()
        return None if None in (given, function) else (function, given, *self.keywords)


class Library(External):
    """A module of which some names are known."""

    is_constant = True

    def __init__(self, name: str, members: dict[str, object]):
        self.name = name
        self.members = members

    def describe(self) -> str:
        return f"`{self.name}`"

    def attribute(self, name: str) -> object:
        if name not in self.members:
            raise Failure(f"`{self.name}` has no `{name}` that a generated module uses")
        return self.members[name]


def partial_of(args: list[object], keywords: dict[str, object]) -> object:
    if not args or not isinstance(args[0], External):
        raise Failure("`partial` takes a callable first")
    return Partial(args[0], args[1:], keywords)


def numbers(name: str, args: list[object], least: int, most: int) -> list[float]:
    """The arguments of a function that takes from `least` to `most` numbers."""
    if not least <= len(args) <= most:
        raise Failure(f"`{name}` takes {least} to {most} arguments, not {len(args)}")
    found: list[float] = []
    for value in args:
        if not isinstance(value, int | float):
            raise Failure(f"`{name}` of {described(value)}")
        found.append(value)
    return found


def builtins(budget: Budget) -> dict[str, object]:
    """The names that every module starts with; what they go over counts as steps."""

    def take(name: str, args: list[object], count: int = 1) -> list[object]:
        if len(args) != count:
            raise Failure(f"`{name}` takes {count} arguments, not {len(args)}")
        return args

    def none(name: str, keywords: dict[str, object], *known: str) -> None:
        unknown = keywords.keys() - set(known)
        if unknown:
            raise Failure(f"`{name}` has no argument `{min(unknown)}`")

    def items(name: str, args: list[object]) -> list[object]:
        return listed(take(name, args)[0], budget)

    def numeric(name: str, run: Callable[..., object], most: int = 1) -> Function:
        def call(args: list[object], keywords: dict[str, object]) -> object:
            none(name, keywords)
            return run(*numbers(name, args, 1, most))

        return Function(name, call)

    def over(name: str, run: Callable[[list[object]], object]) -> Function:
        def call(args: list[object], keywords: dict[str, object]) -> object:
            none(name, keywords)
            return run(items(name, args))

        return Function(name, call)

    def extreme(name: str, run: Callable[..., object]) -> Function:
        def call(args: list[object], keywords: dict[str, object]) -> object:
            none(name, keywords)
            values = items(name, args) if len(args) == 1 else args
            return run(numbers(name, values, 1, len(values)))

        return Function(name, call)

    def zip_(args: list[object], keywords: dict[str, object]) -> object:
        none("zip", keywords, "strict")
        columns = [listed(arg, budget) for arg in args]
        return iter(list(zip(*columns, strict=is_true(keywords.get("strict", False)))))

    def enumerate_(args: list[object], keywords: dict[str, object]) -> object:
        none("enumerate", keywords, "start")
        values, *rest = args
        (start,) = numbers("enumerate", rest or [keywords.get("start", 0)], 1, 1)
        return iter(list(enumerate(listed(values, budget), int(start))))

    def range_(args: list[object], keywords: dict[str, object]) -> object:
        none("range", keywords)
        ends = [value for value in args if type(value) is int]
        if len(ends) != len(args):
            raise Failure("`range` of what is no integer")
        return range(*ends)

    def sum_(args: list[object], keywords: dict[str, object]) -> object:
        none("sum", keywords)
        values = items("sum", args)
        return sum(numbers("sum", values, 0, len(values)))

    def len_(args: list[object], keywords: dict[str, object]) -> object:
        none("len", keywords)
        (value,) = take("len", args)
        if isinstance(value, External):
            return len(value.items())
        if isinstance(value, list | tuple | range | dict | str):
            return len(value)
        raise Failure(f"`len` of {described(value)}")

    def sorted_(args: list[object], keywords: dict[str, object]) -> object:
        none("sorted", keywords, "reverse")
        values = numbers("sorted", items("sorted", args), 0, MOST_SORTED)
        return sorted(values, reverse=is_true(keywords.get("reverse", False)))

    def isinstance_(args: list[object], keywords: dict[str, object]) -> object:
        none("isinstance", keywords)
        value, kind = take("isinstance", args, 2)
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not all(isinstance(k, Type) for k in kinds):
            raise Failure("`isinstance` of what is no plain type")
        return any(isinstance(k, Type) and isinstance(value, k.kind) for k in kinds)

    def dict_(args: list[object], keywords: dict[str, object]) -> object:
        if not args:
            return dict(keywords)
        (value,) = take("dict", args)
        if not isinstance(value, dict):
            raise Failure(f"`dict` of {described(value)}")
        return {**value, **keywords}

    def empty_or(name: str, kind: Callable[[list[object]], object]) -> Plain:
        def call(args: list[object], keywords: dict[str, object]) -> object:
            none(name, keywords)
            return kind(items(name, args)) if args else kind([])

        return call

    def text(args: list[object], keywords: dict[str, object]) -> object:
        none("str", keywords)
        (value,) = take("str", args)
        if not isinstance(value, int | float | str):
            raise Failure(f"`str` of {described(value)}")
        return str(value)

    def truth(args: list[object], keywords: dict[str, object]) -> object:
        none("bool", keywords)
        return is_true(take("bool", args)[0])

    plain = [
        Function("zip", zip_),
        Function("enumerate", enumerate_),
        Function("range", range_),
        Function("len", len_),
        Function("sum", sum_),
        Function("sorted", sorted_),
        Function("isinstance", isinstance_),
        extreme("min", min),
        extreme("max", max),
        numeric("abs", abs),
        numeric("round", round, 2),
        over("reversed", lambda values: iter(values[::-1])),
        over("any", lambda values: any(map(is_true, values))),
        over("all", lambda values: all(map(is_true, values))),
        Type("int", numeric("int", int).run, int),
        Type("float", numeric("float", float).run, float),
        Type("bool", truth, bool),
        Type("str", text, str),
        Type("tuple", empty_or("tuple", tuple), tuple),
        Type("list", empty_or("list", list), list),
        Type("dict", dict_, dict),
    ]
    return {function.name: function for function in plain}


MOST_SORTED = 1_000_000

_MATH: dict[str, tuple[Callable[..., object], int]] = {
    "ceil": (math.ceil, 1),
    "floor": (math.floor, 1),
    "sqrt": (math.sqrt, 1),
    "log2": (math.log2, 1),
    "log": (math.log, 2),
    "exp": (math.exp, 1),
    "gcd": (math.gcd, 8),
    "trunc": (math.trunc, 1),
}


def math_library() -> Library:
    def function(name: str, run: Callable[..., object], most: int) -> Function:
        def call(args: list[object], keywords: dict[str, object]) -> object:
            if keywords:
                raise Failure(f"`math.{name}` takes no keywords")
            return run(*numbers(f"math.{name}", args, 1, most))

        return Function(f"math.{name}", call)

    members: dict[str, object] = {n: function(n, run, most) for n, (run, most) in _MATH.items()}
    return Library("math", {**members, "pi": math.pi, "inf": math.inf})


# --- methods of plain values ----------------------------------------------------------


def method_of(value: object, name: str, budget: Budget) -> Function:
    """A method of a list or a dict."""

    def call(args: list[object], keywords: dict[str, object]) -> object:
        if keywords:
            raise Failure(f"`.{name}` takes no keywords")
        match value, name, args:
            case list(), "append", [item]:
                value.append(item)
                return None
            case list(), "extend", [items]:
                value.extend(listed(items, budget))
                return None
            case dict(), "update", [dict() as other]:
                value.update(other)
                return None
            case dict(), "items", []:
                return list(value.items())
            case dict(), "keys", []:
                return list(value.keys())
            case dict(), "values", []:
                return list(value.values())
        raise Failure(f"`.{name}` of {described(value)} with {len(args)} arguments")

    known: dict[type, tuple[str, ...]] = {
        list: ("append", "extend"),
        dict: ("update", "items", "keys", "values"),
    }
    if name not in known.get(type(value), ()):
        raise Failure(f"{described(value)} has no attribute `{name}`")
    return Operation(name, call)
