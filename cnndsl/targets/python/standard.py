"""Python's own functions, as far as emitted modules call them."""

from __future__ import annotations

import math
from collections.abc import Callable

from cnndsl.targets.python.library import (
    _MATH,
    MOST_SORTED,
    Function,
    Library,
    Operation,
    Plain,
    Type,
    static_of,
)
from cnndsl.targets.python.values import (
    Budget,
    External,
    Failure,
    described,
    is_true,
    listed,
)


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
        Function("staticmethod", static_of),
        Type("int", numeric("int", int).run, int),
        Type("float", numeric("float", float).run, float),
        Type("bool", truth, bool),
        Type("str", text, str),
        Type("tuple", empty_or("tuple", tuple), tuple),
        Type("list", empty_or("list", list), list),
        Type("dict", dict_, dict),
    ]
    return {function.name: function for function in plain}


def math_library() -> Library:
    def function(name: str, run: Callable[..., object], most: int) -> Function:
        def call(args: list[object], keywords: dict[str, object]) -> object:
            if keywords:
                raise Failure(f"`math.{name}` takes no keywords")
            return run(*numbers(f"math.{name}", args, 1, most))

        return Function(f"math.{name}", call)

    members: dict[str, object] = {n: function(n, run, most) for n, (run, most) in _MATH.items()}
    return Library("math", {**members, "pi": math.pi, "inf": math.inf})


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
