"""Proves that a module's classes follow their arguments, as its networks do theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cnndsl.checked import Checked
from cnndsl.elaborate.collect import Collector
from cnndsl.elaborate.head import CLASSES, classifiers
from cnndsl.elaborate.models import INPUT, elaborate
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.reuse import Known, known_of
from cnndsl.ir import Network, Value
from cnndsl.stack import deep_stack
from cnndsl.targets.flax.compare import Difference
from cnndsl.targets.flax.validate import Run
from cnndsl.targets.python.callables import ClassValue, Defined
from cnndsl.targets.python.tree import Module
from cnndsl.targets.python.values import Failure

_HANDED_ON = ("self", "rngs", "dtype", "param_dtype", "aux")


@dataclass(frozen=True)
class Change:
    """An argument of a model's class, the spec's parameter that it is, another value of it."""

    name: str
    parameter: str
    value: Value
    instead: tuple[Value, ...] = ()  # values to try where the spec does not take this one
    must: bool = False  # whether it is no argument where the spec takes none of these


Round = tuple[Change, ...]  # arguments that are set together


def validate_arguments(
    module: Module, checked: Checked, *, initialisers: bool = True
) -> list[Difference]:
    """What differs where arguments of a model's class have other values than their defaults.

    Numbers and lists are set together, once for every model and a second time for the first of
    those that share a body, with one item more in a list; a flag by itself. The model is compared
    with the network that the spec gives for those values, `classes=0` being one without its
    classifier. Where that differs, or the spec has a diagnostic, each argument is set by itself,
    to the first of several values that has none. An argument for which the spec takes no other
    value differs: nothing would prove it.

    Args:
      module: the tree of the module.
      checked: its spec, elaborated without overrides.
      initialisers: whether how the kernels start is compared too.
    """
    with deep_stack():
        try:
            run = Run(module, initialisers, checked.networks)
        except Failure as failure:
            return [Difference("", "", str(failure))]
        return differences_by_argument(run, checked)


def differences_by_argument(run: Run, checked: Checked) -> list[Difference]:
    """The same of a module that was run."""
    program = checked.program
    if program is None:
        return []
    found: list[Difference] = []
    bodies: set[int] = set()
    known = known_of(checked.networks)
    for network in checked.networks:
        is_first = id(network.definition) not in bodies
        bodies.add(id(network.definition))
        for changes in _rounds(run.cls(network), network, is_first):
            found.extend(_set(run, program, network, changes, known))
    return found


def _set(
    run: Run, program: Program, network: Network, changes: Round, known: Known
) -> list[Difference]:
    """What differs where some arguments are set, each difference for one of them."""
    together = _compared(run, program, network, changes, known)
    if together == [] or (together is not None and len(changes) == 1):
        return together
    alone = [d for change in changes for d in _alone(run, program, network, change, known)]
    if alone or together is None:
        return alone
    return [replace(d, argument=change.parameter) for d in together for change in changes]


def _alone(
    run: Run, program: Program, network: Network, change: Change, known: Known
) -> list[Difference]:
    """What differs where one argument is set, to the first value that the spec takes."""
    for value in (change.value, *change.instead):
        found = _compared(run, program, network, (replace(change, value=value),), known)
        if found is not None:
            return found
    if not change.must:
        return []
    message = f"the spec takes no other value of `{change.parameter}`"
    return [Difference(network.name, "", message, argument=change.parameter)]


def _compared(
    run: Run, program: Program, network: Network, changes: Round, known: Known
) -> list[Difference] | None:
    """What differs; None where the spec does not take these values."""
    shared = _elaborated(program, network, changes, known)
    if shared is None:
        return None
    arguments = {change.name: _tupled(change.value) for change in changes}
    if run.proves(shared, arguments):
        return []
    other = _elaborated(program, network, changes)
    if other is None:  # what its layers count up to is too much
        return None
    words = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    found = run.model(other, arguments, f"{network.name}({words})")
    return [replace(difference, argument=changes[0].parameter) for difference in found]


def _rounds(cls: ClassValue | None, network: Network, is_first: bool) -> Iterator[Round]:
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
            instead = tuple(_further(value))
            changes[0] = replace(changes[0], instead=instead, must=True)
        if parameter == CLASSES and classifiers(network, aux=False):
            changes.append(Change(name, parameter, 0))
        if isinstance(value, bool):
            yield tuple(changes)
            continue
        if isinstance(value, int) and parameter != CLASSES and is_first:
            yield (Change(name, parameter, 0),)  # repetitions that are none
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


def _tupled(value: object) -> object:
    return tuple(map(_tupled, value)) if isinstance(value, list) else value


def _elaborated(
    program: Program, network: Network, changes: Round, known: Known | None = None
) -> Network | None:
    """The network with other values of parameters; None where the spec does not take them."""
    diagnostics = Collector()
    alone = replace(program, own=[network.declared])
    given = {name: network.arguments[name] for name in network.given}
    if network.image is not None:
        given[INPUT] = network.image
    given.update((change.parameter, change.value) for change in changes)
    networks = elaborate(alone, diagnostics, given, known=known)
    return networks[0] if networks and not diagnostics else None
