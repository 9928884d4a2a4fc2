"""What a network computes, with each use of a block as one term.

A block sees nothing but its arguments and the shapes of its tensors: uses that are alike in
these compute the same, and are looked into once.
"""

from __future__ import annotations

from collections.abc import Hashable

from cnndsl.ir import Auxiliary, Frame, Instance, Layer, Merged, Network, Node, Tensor
from cnndsl.targets.flax.bodies import Bodies, Body
from cnndsl.targets.flax.expected import Expectation, heads_of, images_of, name_of, rectifies
from cnndsl.targets.flax.expected_ops import merged, term_of
from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.terms import Term, Unfit
from cnndsl.walks import children

Unit = Layer | Merged | Instance
Values = dict[int, Term]  # of tensors, by identity
Starts = set[int]  # tensors that reach a ReLU


def units(frame: Frame, *, aux: bool = True) -> list[Unit]:
    """What computes in a frame itself, in order; a merge after its branches."""
    found: list[Unit] = []
    stack: list[Node] = [frame]
    opened: set[int] = set()  # merges whose branches are done when they come again
    while stack:
        current = stack.pop()
        is_whole = isinstance(current, Instance) and not current.endpoints  # no model
        if isinstance(current, Layer) or (isinstance(current, Instance) and is_whole):
            found.append(current)
        elif isinstance(current, Merged):
            if id(current) in opened:
                found.append(current)
                continue
            opened.add(id(current))
            stack.append(current)
            stack.extend(reversed(children(current)))
        elif aux or not isinstance(current, Auxiliary):
            stack.extend(reversed(children(current)))
    return found


class Blocks:
    """What the blocks of a spec compute, for all its networks."""

    def __init__(self, bodies: Bodies):
        self.bodies = bodies
        self.terms = bodies.terms
        self._bodies: dict[Hashable, Body] = {}
        self._weighted: dict[Instance, bool] = {}
        self._starts: dict[tuple[Instance, bool], tuple[bool, ...]] = {}
        self._units: dict[Instance, list[Unit]] = {}
        self._read: dict[Instance, tuple[bool, ...]] = {}

    def expected(self, network: Network, forms: Forms, *, aux: bool) -> Expectation:
        """What the endpoints of a network are; without its auxiliary heads unless `aux`."""
        values = images_of(network, forms)
        heads = {name for name, _ in heads_of(network)}
        trunk = units(network.frame, aux=False)
        whole = units(network.frame) if heads else trunk
        self._run(whole if aux else trunk, values, forms, self._reaching(trunk, whole))
        endpoints = {
            name: values[id(tensor)]
            for name, tensor in network.endpoints.items()
            if aux or name not in heads
        }
        return Expectation(endpoints, values[id(network.output)], forms.weighted)

    def _run(self, held: list[Unit], values: Values, forms: Forms, starts: Starts) -> None:
        for unit in held:
            before_relu = id(unit.out) in starts
            if isinstance(unit, Layer):
                term = term_of(unit.op, values[id(unit.x)], forms, before_relu)
            elif isinstance(unit, Merged):
                parts = tuple(values[id(branch.out)] for branch in unit.branches)
                term = merged(unit.element.name, parts, forms)
            else:
                term = self._used(unit, values, forms, before_relu)
            if term.shape != unit.out.shape:
                raise Unfit(f"{name_of(unit)} gives {term.shape}, elaborated {unit.out.shape}")
            values[id(unit.out)] = term

    # --- blocks -----------------------------------------------------------------------

    def _used(self, use: Instance, values: Values, forms: Forms, before_relu: bool) -> Term:
        """What a use of a block gives."""
        given = [values[id(tensor)] for tensor in received(use)]
        if not self._has_weights(use):
            return self._inside(use, given, forms, before_relu)
        read = self._reads(use)
        places = list(
            dict.fromkeys(term for term, is_read in zip(given, read, strict=True) if is_read)
        )
        known = [places.index(term) if term in places else None for term in given]
        key = (use.like or use, before_relu, *known)
        body = self._bodies.get(key)
        if body is None:

            def make(numbers: list[int]) -> tuple[Term, Forms]:
                inner = self.bodies.forms()
                blank = [inner.place(numbers[n], term.shape) for n, term in enumerate(places)]
                placed = [
                    term if n is None else blank[n] for n, term in zip(known, given, strict=True)
                ]
                return self._inside(use, placed, inner, before_relu), inner

            body = self._bodies[key] = self.bodies.wanted(make, len(places))
        return body.used(places, forms)

    def _reads(self, use: Instance) -> tuple[bool, ...]:
        """Which of the tensors that a use of a block receives something in it reads."""
        first = use.like or use
        flags = self._read.get(first)
        if flags is None:
            found = {id(first.frame.out)}
            for unit in self._inner(use):
                if isinstance(unit, Instance):
                    inputs = zip(received(unit), self._reads(unit), strict=True)
                    found.update(id(tensor) for tensor, is_read in inputs if is_read)
                elif isinstance(unit, Merged):
                    found.update(id(branch.out) for branch in unit.branches)
                else:
                    found.add(id(unit.x))
            flags = self._read[first] = tuple(id(tensor) in found for tensor in received(first))
        return flags

    def _has_weights(self, use: Instance) -> bool:
        """Whether a block has layers with weights, itself or in the blocks that it uses."""
        first = use.like or use
        known = self._weighted.get(first)
        if known is None:
            known = self._weighted[first] = any(
                self._has_weights(unit)
                if isinstance(unit, Instance)
                else isinstance(unit, Layer) and bool(unit.op.params(unit.x.shape))
                for unit in self._inner(use)
            )
        return known

    def _inside(self, use: Instance, given: list[Term], forms: Forms, before_relu: bool) -> Term:
        first = use.like or use
        inputs = [id(tensor) for tensor in received(first)]
        values = dict(zip(inputs, given, strict=True))
        held = self._inner(use)
        self._run(held, values, forms, self._inner_starts(first.frame, held, before_relu))
        return values[id(first.frame.out)]

    def _inner(self, use: Instance) -> list[Unit]:
        """What computes in a block, in the first of the uses that are alike."""
        first = use.like or use
        known = self._units.get(first)
        if known is None:
            known = self._units[first] = units(first.frame)
        return known

    # --- which kernels stand before a ReLU --------------------------------------------

    def _reaching(self, trunk: list[Unit], whole: list[Unit]) -> Starts:
        """An auxiliary head has no say in how the network that feeds it starts."""
        found = self._reached(trunk, set())
        if len(whole) == len(trunk):
            return found
        return found | (self._reached(whole, set()) - {id(unit.out) for unit in trunk})

    def _inner_starts(self, frame: Frame, held: list[Unit], before_relu: bool) -> Starts:
        return self._reached(held, {id(frame.out)} if before_relu else set())

    def _reached(self, held: list[Unit], found: Starts) -> Starts:
        """The tensors that reach a ReLU, of which some are known."""
        for unit in reversed(held):
            if isinstance(unit, Instance):
                flags = self._passed_on(unit, id(unit.out) in found)
                inputs = received(unit)
                found.update(id(t) for t, flag in zip(inputs, flags, strict=True) if flag)
            elif isinstance(unit, Layer):
                if rectifies(unit, found):
                    found.add(id(unit.x))
            elif id(unit.out) in found:
                found.update(id(branch.out) for branch in unit.branches)
        return found

    def _passed_on(self, use: Instance, before_relu: bool) -> tuple[bool, ...]:
        """Which of the tensors that a use of a block receives reach a ReLU."""
        first = use.like or use
        flags = self._starts.get((first, before_relu))
        if flags is None:
            found = self._inner_starts(first.frame, self._inner(use), before_relu)
            flags = tuple(id(tensor) in found for tensor in received(first))
            self._starts[first, before_relu] = flags
        return flags


def received(use: Instance) -> list[Tensor]:
    """The tensors that a use of a block receives: what flows in, and its arguments."""
    return [use.x, *(value for value in use.args.values() if isinstance(value, Tensor))]
