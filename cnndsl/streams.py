"""Random numbers for networks that are built while jax traces them."""

from __future__ import annotations

import jax
from flax import nnx


def rngs(seed: int | jax.Array) -> nnx.Rngs:
    """What `nnx.Rngs(seed)` is, with the same keys in the same order, from an int or a key.

    To count what was drawn, nnx writes to an array, and asks it first where it lies: while it is
    traced, each time takes jax a walk through all that was traced before. The layers of a network
    would take the square of their number.
    """
    found = nnx.Rngs(seed)
    key: jax.Array = found["default"].key[...]
    found.__setattr__("default", _Stream(key))
    return found


class _Stream(nnx.RngStream):
    """Counts in Python; what comes of it, as the stream of a dropout, is nnx's own."""

    def __init__(self, key: jax.Array):
        super().__init__(key, tag="default")
        self.drawn = 0

    def __call__(self) -> jax.Array:
        key = jax.random.fold_in(self.key[...], self.drawn)
        self.drawn += 1
        return key

    def split(self, k: int | tuple[int, ...]) -> nnx.RngStream:
        return nnx.RngStream(jax.random.split(self(), k), tag=self.tag)

    def fork(self, *, split: int | tuple[int, ...] | None = None) -> nnx.RngStream:
        return nnx.RngStream(self(), tag=self.tag) if split is None else self.split(split)
