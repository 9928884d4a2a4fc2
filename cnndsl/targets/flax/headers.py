"""The `for` lines of constructor and call: what a loop walks, and whether it counts."""

from __future__ import annotations

from typing import Any

from cnndsl.targets.flax.draft import Line, Loop, tokens
from cnndsl.targets.flax.iterations import Iterations
from cnndsl.targets.flax.pyexpr import CallOf, Scope
from cnndsl.targets.flax.spelling import Unspellable


class Headers(Iterations):
    """Writes the headers of loops."""

    def init_header(self, loop: Loop, targets: list[str], inits: list[Line]) -> str:
        used = self.mentioned(inits)
        if loop.element_used:
            base, element = loop.element
            index = loop.targets[0]
            if index.index not in used:
                return f"for ‹b{element.index}› in {self.at_init(base)}:"
            return f"for ‹b{index.index}›, ‹b{element.index}› in enumerate({self.at_init(base)}):"
        if loop.index is not None and loop.index not in loop.targets and loop.index.index in used:
            if not targets:
                return f"for ‹b{loop.index.index}› in {self.at_init(loop.items)}:"
            names = _packed([f"‹b{b.index}›" for b in loop.targets])
            items = self.at_init(loop.items)
            return f"for ‹b{loop.index.index}›, {names} in enumerate({items}):"
        names = [f"‹b{b.index}›" if b.index in used else "_" for b in loop.targets]
        return f"for {', '.join(names) or '_'} in {self.at_init(loop.items)}:"

    def call_header(self, loop: Loop, reached: list[str], calls: list[Line]) -> str:
        needed = tokens(calls, "c")
        walked = [f"‹v{attr.index}›" for attr, _ in loop.slots if attr.index in tokens(calls, "v")]
        lists = [
            r
            for r, (attr, _) in zip(reached, loop.slots, strict=True)
            if attr.index in tokens(calls, "v")
        ]
        index = self.counter_of(loop)
        others = [b for b in loop.targets if b.index in needed and b is not index]
        if loop.element_used and loop.element[1].index in needed:
            raise Unspellable("for")
        if others:
            items = self.at_call(loop.items)
            if self.width(items) > 60:
                raise Unspellable("for")
            walked.insert(0, _packed([f"‹c{b.index}›" for b in loop.targets]))
            lists.insert(0, items)
        counted = index is not None and index.index in needed
        if not lists:
            items = self.at_call(loop.items)
            if not counted:
                return f"for _ in {items}:"
            if index in loop.targets or not loop.targets:
                return f"for ‹c{index.index}› in {items}:"
            return f"for ‹c{index.index}›, _ in enumerate({items}):"
        source = zipped(lists)
        names = walked[0] if len(walked) == 1 else ", ".join(walked)
        if not counted:
            return f"for {names} in {source}:"
        names = names if len(walked) == 1 else f"({names})"
        return f"for ‹c{index.index}›, {names} in enumerate({source}):"

    def counter_of(self, loop: Loop) -> Any:
        """The loop variable that counts iterations from 0, if there is one."""
        if loop.index is not None:
            return loop.index
        items = loop.items
        if len(loop.targets) == 1 and isinstance(items, CallOf) and len(items.args) == 1:
            return loop.targets[0] if items.function == "range" else None
        return None

    def loop_counter(self) -> Any:
        """The counter of the loop around, made where there is none yet."""
        loop = self.state.loop
        counter = self.counter_of(loop)
        if counter is None:
            taken = {b.name for b in self.state.bound if b.scope is not Scope.LOOP}
            taken |= {b.name for held in self.loops for b in held.names()} | loop.within
            names = [n for n in ("i", "j", "k", "m")[loop.depth - 1 :] if n not in taken]
            name = names[0] if names else self.free_name("i")
            counter = loop.index = self.bind(name, Scope.LOOP, in_loop=True)
        return counter


def zipped(lists: list[str]) -> str:
    return lists[0] if len(lists) == 1 else f"zip({', '.join(lists)}, strict=True)"


def _packed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"
