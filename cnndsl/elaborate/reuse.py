"""Uses of a block that are alike, elaborated once.

A block sees its arguments and the shapes of its tensors. Where shapes are all that is asked for,
a second use with the same ones is the first one's frame: without paths, receptive fields and
origins of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from cnndsl.ir import Frame, Instance, Network, Node, Tensor, Value, children
from cnndsl.syntax import ast


class Reuse:
    """The first of all uses that are alike, in networks without mistakes."""

    def __init__(self, networks: Iterable[Network]):
        self.uses: dict[Hashable, Instance] = {}
        for network in networks:
            self._learn(network.frame)

    def _learn(self, frame: Frame) -> None:
        stack: list[Node] = [frame]
        while stack:
            current = stack.pop()
            if isinstance(current, Instance):
                key = key_of(current.block, current.args, current.x)
                if key in self.uses:
                    continue
                self.uses[key] = current
            stack.extend(children(current))


def key_of(block: ast.Block, args: dict[str, Value], x: Tensor) -> Hashable:
    """All that a block sees."""
    seen: list[Hashable] = []
    places = [id(x)]
    for value in args.values():
        if isinstance(value, Tensor):
            place = id(value)
            if place not in places:
                places.append(place)
            seen.append((places.index(place), value.shape))
        else:
            seen.append(repr(value))
    return block.name, x.shape, *seen


def again(known: Instance, element: ast.Apply, args: dict[str, Value], x: Tensor) -> Instance:
    """One more use of a block, with a result of its own."""
    out = None
    for before, now in zip((known.x, *known.args.values()), (x, *args.values()), strict=True):
        if before is known.out:  # the block only passes it on
            out = now
    if not isinstance(out, Tensor):
        out = Tensor(known.out.shape)
    return Instance(element, known.block, args, x, out, known.frame, like=known)
