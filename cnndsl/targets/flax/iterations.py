"""Which iteration of its loop a record is of, and which iterations take a branch."""

from __future__ import annotations

from cnndsl.targets.flax.branches import Branches
from cnndsl.targets.flax.draft import Attr, Loop
from cnndsl.targets.flax.pyexpr import CallOf, Py, Ref, Scope
from cnndsl.targets.flax.spelling import Unspellable


class Iterations(Branches):
    """Counts the iterations of the loop being written."""

    def indexed(self, attr: Attr, loop: Loop) -> str:
        counts = self.iterations(len(loop.conditional))
        prefix = counts is not None and _is_prefix(loop.conditional, counts)
        if not prefix or loop.depth > 1:
            raise Unspellable("if")
        counter = self.loop_counter()
        return f"‹l{attr.index}›[‹c{counter.index}›]"

    def enter_condition(self, flags: list[bool]) -> list[bool] | None:
        loop = self.state.loop
        if loop is None:
            return None
        before, loop.conditional = loop.conditional, flags
        return before

    def leave_condition(self, before: list[bool] | None) -> None:
        if self.state.loop is not None:
            self.state.loop.conditional = before

    def first_iterations(self, count: int) -> list[bool] | None:
        loop = self.state.loop
        firsts = loop.firsts if loop else None
        return firsts if firsts is not None and len(firsts) == count else None

    def iterations(self, count: int) -> list[int] | None:
        """The number of every record's iteration, counted from 0 in its loop."""
        loop = self.state.loop
        firsts = loop.firsts if loop else None
        if firsts is None:
            return None
        numbers, number = [], 0
        for first in firsts:
            number = 0 if first else number + 1
            numbers.append(number)
        if count == len(numbers):
            return numbers
        taken = loop.conditional
        if taken is not None and sum(taken) == count and len(taken) == len(numbers):
            return [n for n, t in zip(numbers, taken, strict=True) if t]
        return None

    def push_element(self, loop: Loop, items: Py) -> None:
        """`for i in 0 .. len(depths)`: where the body reads `depths[i]`, walk the list."""
        if len(loop.targets) != 1 or not isinstance(items, CallOf) or items.function != "range":
            return
        (stop, *more) = items.args
        if more or not (isinstance(stop, CallOf) and stop.function == "len"):
            return
        (base,) = stop.args
        if not isinstance(base, Ref):
            return
        name = base.binding.name
        singular = name[:-1] if name.endswith("s") and len(name) > 2 else f"{name}_item"
        element = self.bind(self.free_name(singular), Scope.LOOP, in_loop=True)
        loop.element = (base, element)
        self.speller.elements.append((base, loop.targets[0], element, loop))

    def pop_element(self) -> None:
        loop = self.state.loop
        if loop is not None and loop.element is not None:
            self.speller.elements.pop()


def _is_prefix(flags: list[bool], counts: list[int]) -> bool:
    """Whether in every run of the loop the first iterations take it and no later one does."""
    return all(
        flag or not later
        for flag, later, count in zip(flags, flags[1:], counts[1:], strict=False)
        if count > 0
    )
