"""Which other values a module's arguments are given to see whether its classes follow them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cnndsl.elaborate.head import CLASSES, classifiers
from cnndsl.ir import Network, Value
from cnndsl.targets.python.callables import ClassValue, Defined

_HANDED_ON = ("self", "rngs", "dtype", "param_dtype", "aux")


@dataclass(frozen=True)
class Change:
    """An argument of a model's class, the spec's parameter that it is, another value of it."""

    name: str
    parameter: str
    value: Value
    instead: tuple[Value, ...] = ()  # values to try where the spec does not take this one
    must: bool = False  # whether it is no argument where the spec takes none of these
    fewest: bool = False  # whether that leaves loops without a round


Round = tuple[Change, ...]  # arguments that are set together


def rounds(cls: ClassValue | None, network: Network, is_first: bool) -> Iterator[Round]:
    """Which arguments are set together, and to what."""
    constructor = cls.find("__init__") if cls is not None else None
    first: list[Change] = []
    second: list[Change] = []
    for name in constructor.defaults if isinstance(constructor, Defined) else ():
        parameter = name if name in network.arguments else name.removesuffix("_")
        if name in _HANDED_ON or parameter not in network.arguments:
            continue
        value = network.arguments[parameter]
        changes = [Change(name, parameter, other) for other in _others(value)]
        if changes:
            instead = tuple(other for other in _further(value) if other != value)
            changes[0] = replace(changes[0], instead=instead, must=True)
        if parameter == CLASSES and classifiers(network, aux=False):
            changes.append(Change(name, parameter, 0))
        if isinstance(value, bool):
            yield tuple(changes)
            continue
        fewest = _fewest(value)
        if fewest and parameter != CLASSES and is_first:
            yield (Change(name, parameter, fewest[0], fewest[1:], fewest=True),)
        turned = value[::-1] if isinstance(value, list) else value
        if turned != value and is_first:
            yield (Change(name, parameter, turned),)
        first.extend(changes[:1])
        second.extend(changes[1:2])
    if first:
        yield tuple(first)
    if second and is_first:
        yield tuple(second)


def _others(value: Value) -> list[Value]:
    """Other values of that kind."""
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1]
        case float():
            return [value / 2, value * 1.5] if value else [0.25]
        case [first, *rest]:
            return [*([other, *rest] for other in _others(first)[:1]), [first, *rest, first]]
    return []


def _fewest(value: Value) -> tuple[Value, ...]:
    """Numbers of repetitions of which some are none, `n` or `n - 1` of them."""
    match value:
        case bool():
            return ()
        case int():
            return (0, 1)
        case [int(), *_] if all(type(item) is int for item in value):
            return ([1 for _ in value],)
    return ()


def _further(value: Value) -> Iterator[Value]:
    """More of them, such as groups of channels and halves divide."""
    match value:
        case bool():
            return
        case int():
            yield from (2 * value, value // 2, value + 2, value + 8, 4 * value, value - 1)
        case float():
            yield from (2 * value, 0.75 * value)
        case [*items]:
            for change in _FURTHER:
                yield [_each(change, item) for item in items]
            yield from ([*items[:-1], other] for other in _others(items[-1])[:1])
            if len(items) > 1:
                yield items[:-1]


_FURTHER = ((1, 1), (2, 0))  # as a factor and what is added


def _each(change: tuple[int, int], value: Value) -> Value:
    """A number, or all numbers of a table."""
    factor, more = change
    match value:
        case [*items]:
            return [_each(change, item) for item in items]
        case bool():
            return value
        case int():
            return value * factor + more
    return value
