"""Proves that a module's classes follow their arguments, as its networks do theirs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from cnndsl.checked import Checked
from cnndsl.elaborate.collect import AnyMistake, Mistaken
from cnndsl.elaborate.models import INPUT, elaborate
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.reuse import Known, known_of
from cnndsl.ir import Network
from cnndsl.ops.base import Shape
from cnndsl.stack import deep_stack
from cnndsl.targets.flax.compare import Difference
from cnndsl.targets.flax.other_values import Change, Round, rounds
from cnndsl.targets.flax.validate import Run
from cnndsl.targets.python.module_tree import Module
from cnndsl.targets.python.values import Failure
from cnndsl.walks import idle_loops, layers


def validate_arguments(
    module: Module, checked: Checked, *, initialisers: bool = True
) -> list[Difference]:
    """What differs where arguments of a model's class have other values than their defaults.

    Numbers and lists are set together, once for every model and a second time for the first of
    those that share a body, with one item more in a list; a flag by itself. The model is compared
    with the network that the spec gives for those values, `classes=0` being one without its
    classifier. Where that differs, or the spec has a diagnostic, each argument is set by itself,
    to the first of several values that has none. An argument for which the spec takes no other
    value differs: nothing would prove it. Where loops have no round, how kernels start is not
    compared: a ReLU decides that which may not be there then. Where code may say sizes of maps
    in numbers, values with which maps have other sizes are tried besides.

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
    bodies: set[tuple[object, ...]] = set()
    known = known_of(checked.networks)
    for network in checked.networks:
        flags = [v for v in network.arguments.values() if v is None or isinstance(v, bool | str)]
        body = id(network.definition), *flags  # other flags may leave other layers of it
        is_first = body not in bodies
        bodies.add(body)
        for changes in rounds(run.cls(network), network, is_first):
            found.extend(_set(run, program, network, changes, known))
            if is_first:
                for change in _sized(program, network, changes, known):
                    found.extend(_set(run, program, network, (change,), known))
    return found


def _set(
    run: Run, program: Program, network: Network, changes: Round, known: Known
) -> list[Difference]:
    """What differs where some arguments are set, each difference for one of them."""
    if len(changes) == 1:
        return _alone(run, program, network, changes[0], known)
    together = _compared(run, program, network, changes, known)
    if together == []:
        return []
    alone = [d for change in changes for d in _alone(run, program, network, change, known)]
    if alone or together is None:
        return alone
    left = changes
    for change in changes:  # those without which the others differ still have no part in it
        fewer = tuple(other for other in left if other is not change)
        if len(fewer) > 1 and (found := _compared(run, program, network, fewer, known)):
            left, together = fewer, found
    return [replace(d, argument=_of(network, change)) for d in together for change in left]


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
    return [Difference(network.name, "", message, argument=_of(network, change))]


def _of(network: Network, change: Change) -> str:
    """The parameter that a change sets, of the model whose body has it."""
    return f"{network.definition.name}.{change.parameter}"


def _sized(program: Program, network: Network, changes: Round, known: Known) -> Iterator[Change]:
    """The arguments that decide how large maps are, where sizes become channels or a window.

    One more may leave them as they are: a map of 8 and one of 9 pixels are as large when halved.
    """
    places, sizes = _sizes(network)
    for change in changes if places else ():
        found = None
        is_size = change.must and not isinstance(change.value, bool | float)
        for value in (change.value, *change.instead[:2]) if is_size else ():
            tried = replace(change, value=value)
            other = _elaborated(program, network, (tried,), known)
            if other is None:
                continue
            other_places, other_sizes = _sizes(other)
            if other_places != places:
                found = tried
                break
            if other_sizes != sizes:
                found = found or tried
        if found is not None:
            yield found


def _sizes(network: Network) -> tuple[list[Shape], set[Shape]]:
    """The sizes of maps that code may say in numbers, and of all maps."""
    places: list[Shape] = []
    sizes: set[Shape] = set()
    for layer in layers(network.frame):
        size = layer.x.shape[:-1]
        sizes.add(size)
        if layer.op.name in _SAID_IN_NUMBERS and math.prod(size) > 1:
            places.append(size)
    return places, sizes


_SAID_IN_NUMBERS = ("flatten", "reshape", "transpose", "resize", "expand", "adaptive_avg_pool")


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
    starts = not changes[0].fewest  # a ReLU that is left out decides where a kernel starts
    found = run.model(other, arguments, f"{network.name}({words})", initialisers=starts)
    argument, idle = _of(network, changes[0]), frozenset(idle_loops(other))
    return [replace(difference, argument=argument, idle=idle) for difference in found]


def _tupled(value: object) -> object:
    return tuple(map(_tupled, value)) if isinstance(value, list) else value


def _elaborated(
    program: Program, network: Network, changes: Round, known: Known | None = None
) -> Network | None:
    """The network with other values of parameters; None where the spec does not take them."""
    alone = replace(program, own=[network.declared])
    given = {name: network.arguments[name] for name in network.given}
    if network.image is not None:
        given[INPUT] = network.image
    given.update((change.parameter, change.value) for change in changes)
    try:
        networks = elaborate(alone, AnyMistake(), given, known=known)
    except Mistaken:
        return None
    return networks[0] if networks else None
