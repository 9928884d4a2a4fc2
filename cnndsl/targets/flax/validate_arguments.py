"""Proves that a module's classes follow their arguments, as its networks do theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnndsl.elaborate.collect import Collector
from cnndsl.elaborate.head import CLASSES, classifier
from cnndsl.elaborate.models import deep_stack, elaborate
from cnndsl.elaborate.program import Program
from cnndsl.ir import Network
from cnndsl.pipeline import Checked
from cnndsl.targets.flax.compare import Difference
from cnndsl.targets.flax.validate import Run
from cnndsl.targets.python.callables import ClassValue, Defined
from cnndsl.targets.python.tree import Module
from cnndsl.targets.python.values import Failure

_HANDED_ON = ("self", "rngs", "dtype", "param_dtype", "aux")


def validate_arguments(
    module: Module, checked: Checked, *, initialisers: bool = True
) -> list[Difference]:
    """What differs where an argument of a model's class has another value than its default.

    Each argument in turn is set, and the model compared with the network that the spec gives
    for that value; what the spec has a diagnostic for is left out. `classes=0` is the network
    without its classifier.

    Args:
      module: the tree of the module.
      checked: its spec, elaborated without overrides.
      initialisers: whether how the kernels start is compared too.
    """
    program = checked.program
    if program is None:
        return []
    with deep_stack():
        try:
            run = Run(module, initialisers)
        except Failure as failure:
            return [Difference("", "", str(failure))]
        found: list[Difference] = []
        for network in checked.networks:
            for name, parameter, value in _changes(run.cls(network), network):
                title = f"{network.name}({name}={_tupled(value)!r})"
                other = _elaborated(program, network, parameter, value)
                if other is not None:
                    different = run.model(other, {name: _tupled(value)}, title)
                    found.extend(replace(d, argument=parameter) for d in different)
        return found


def _changes(cls: ClassValue | None, network: Network) -> Iterator[tuple[str, str, object]]:
    """Arguments of a model's class, the parameters of the spec that they are, other values."""
    constructor = cls.find("__init__") if cls is not None else None
    for name in constructor.defaults if isinstance(constructor, Defined) else ():
        parameter = name if name in network.arguments else name.removesuffix("_")
        if name in _HANDED_ON or parameter not in network.arguments:
            continue
        for value in _others(network.arguments[parameter]):
            yield name, parameter, value
        if parameter == CLASSES and classifier(network) is not None:
            yield name, parameter, 0


def _others(value: object) -> list[object]:
    """Other values of that kind."""
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1]
        case float():
            return [value / 2, value * 1.5] if value else [0.25]
        case [first, *rest]:
            return [[other, *rest] for other in _others(first)]
    return []


def _tupled(value: object) -> object:
    return tuple(map(_tupled, value)) if isinstance(value, list) else value


def _elaborated(
    program: Program, network: Network, parameter: str, value: object
) -> Network | None:
    """The network with another value of a parameter; None where the spec does not take it."""
    diagnostics = Collector()
    alone = replace(program, own=[network.declared])
    given = {name: network.arguments[name] for name in network.given}
    networks = elaborate(alone, diagnostics, {**given, parameter: value})
    return networks[0] if networks and not diagnostics else None
