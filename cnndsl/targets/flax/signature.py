"""The arguments of flax's and jax's functions: their order, their defaults, and no others."""

from __future__ import annotations

from cnndsl.targets.flax.windows import Padding
from cnndsl.targets.python.values import Failure, described


class Signature:
    """`Signature("nnx.Conv", ("in_features", "out_features"), {"use_bias": True})`.

    Args:
      name: what messages call the function.
      required: arguments without a default, by position.
      optional: arguments with their defaults, by position behind those.
      keyword: arguments that are given by name only, with their defaults.
    """

    def __init__(
        self,
        name: str,
        required: tuple[str, ...],
        optional: dict[str, object] | None = None,
        keyword: dict[str, object] | None = None,
    ):
        self.name = name
        self.required = required
        self.positional = (*required, *(optional or {}))
        self.defaults = {**(optional or {}), **(keyword or {})}
        self.names = {*self.positional, *self.defaults}

    def bound(self, args: list[object], keywords: dict[str, object]) -> dict[str, object]:
        """Every argument by name."""
        if len(args) > len(self.positional):
            most = len(self.positional)
            raise Failure(f"`{self.name}` takes {most} arguments by position, not {len(args)}")
        given = dict(zip(self.positional, args, strict=False))
        for name in keywords:
            if name not in self.names:
                raise Failure(f"`{self.name}` has no argument `{name}`")
            if name in given:
                raise Failure(f"`{self.name}` is given `{name}` twice")
        given.update(keywords)
        for name in self.required:
            if name not in given:
                raise Failure(f"`{self.name}` is called without `{name}`")
        return {**self.defaults, **given}


# --- what an argument may be ----------------------------------------------------------


def integer(value: object, what: str, least: int = 1) -> int:
    if type(value) is not int or value < least:
        raise Failure(f"{what} is {described(value)}, no integer of at least {least}")
    return value


def number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Failure(f"{what} is {described(value)}, no number")
    return value


def flag(value: object, what: str) -> bool:
    if not isinstance(value, bool):
        raise Failure(f"{what} is {described(value)}, neither True nor False")
    return value


def pair(value: object, what: str, least: int = 1) -> tuple[int, int]:
    """Two integers."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise Failure(f"{what} is {described(value)}, no pair")
    return integer(value[0], what, least), integer(value[1], what, least)


def extents(value: object, what: str) -> tuple[int, ...]:
    """The sizes of a tensor behind the batch."""
    if not isinstance(value, tuple) or not 1 <= len(value) <= 4:
        raise Failure(f"{what} is {described(value)}, no shape of a tensor")
    return tuple([integer(extent, what) for extent in value])


def sizes(value: object, what: str, rank: int | None = None) -> tuple[int, ...]:
    """An integer for each axis, of which there are `rank` where that is known."""
    count = len(value) if isinstance(value, tuple | list) else 0
    if not isinstance(value, tuple | list) or not 1 <= count <= 3 or rank not in (None, count):
        raise Failure(f"{what} is {described(value)}, no size of {rank or 'one to three'} axes")
    return tuple(integer(size, what) for size in value)


def either(value: object, what: str, rank: int) -> tuple[int, ...]:
    """An integer for all axes, or one for each."""
    return sizes((value,) * rank if isinstance(value, int) else value, what, rank)


def pairs(value: object, what: str, rank: int) -> tuple[tuple[int, int], ...]:
    """`((top, bottom), (left, right))`."""
    if not isinstance(value, tuple | list) or len(value) != rank:
        raise Failure(f"{what} is {described(value)}, not {rank} pairs")
    return tuple(pair(side, what, 0) for side in value)


def window_padding(value: object, rank: int) -> Padding:
    """The padding of a pool, and of what hands its padding to lax as it is."""
    if isinstance(value, str) and value.upper() in ("SAME", "VALID"):
        return value.upper()
    return pairs(value, "the padding", rank)


def layer_padding(value: object, rank: int, least: int = 0) -> Padding:
    """A padding as flax's convolutions take it: a word, an integer, or one for each axis."""
    if isinstance(value, str) and value.upper() in ("SAME", "VALID", "CAUSAL"):
        return value.upper()
    if isinstance(value, int):
        value = (value,) * rank
    if not isinstance(value, tuple | list) or len(value) != rank:
        raise Failure(f"the padding is {described(value)}")
    return tuple(
        pair((side, side) if isinstance(side, int) else side, "a padding", least) for side in value
    )
