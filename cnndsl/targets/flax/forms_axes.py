"""The forms of what learns nothing and moves, reduces or multiplies whole axes of tensors."""

from __future__ import annotations

from cnndsl.targets.flax.terms import Settings, Shape, Term, Terms, Unfit
from cnndsl.targets.flax.windows import Sizes, sized

UNORDERED = ("add", "mul", "maximum", "minimum")


def check_axes(x: Term, axes: tuple[int, ...], what: str) -> None:
    """Along the channels, along all positions, or along one axis of them."""
    rank = len(x.shape) - 1
    along = [(axis,) for axis in range(rank + 1)]
    if axes not in along and (rank == 0 or axes != tuple(range(rank))):
        raise Unfit(f"{what} of {sized(x.shape)} along {axes}")


def broadcast(shapes: tuple[Shape, Shape]) -> Shape | None:
    """The shape of two tensors, whose axes of size 1 serve all of the other; None if unfit."""
    a, b = shapes
    if len(a) != len(b) or any(m != n and 1 not in (m, n) for m, n in zip(a, b, strict=True)):
        return None
    return tuple(max(m, n) for m, n in zip(a, b, strict=True))


class AxisForms:
    """Terms of reductions, transpositions, changes of size and matrix products."""

    def __init__(self, terms: Terms):
        self._terms = terms

    def reduced(self, op: str, x: Term, axes: tuple[int, ...], keep: bool) -> Term:
        """The mean, the maximum or the sum along axes behind the batch, from 0."""
        check_axes(x, axes, op)
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        if not keep:
            shape = tuple(n for i, n in enumerate(x.shape) if i not in axes)
        whole = axes == tuple(range(len(x.shape) - 1))
        settings: Settings = () if whole else (("axes", axes),)
        return self._terms.term(op, settings, (x,), shape)

    def adaptive_avg_pool(self, x: Term, size: Sizes) -> Term:
        extents = map_of(x, "an adaptive pool")
        same_rank(extents, size)
        if set(size) == {1}:
            return self.reduced("mean", x, tuple(range(len(size))), True)
        if any(cells > n for cells, n in zip(size, extents, strict=True)):
            raise Unfit(f"a grid of {sized(size)} on {sized(x.shape)}")
        return self._terms.term("adaptive_avg_pool", (), (x,), (*size, x.shape[-1]))

    def expand(self, x: Term, shape: Shape) -> Term:
        """Axes of size 1 repeated."""
        if broadcast((x.shape, shape)) != shape:
            raise Unfit(f"{sized(x.shape)} expanded to {sized(shape)}")
        return x if x.shape == shape else self._terms.term("expand", (), (x,), shape)

    def transpose(self, x: Term, size: Sizes | None) -> Term:
        """Positions and channels swapped; the new positions are a column, or of this size."""
        height, width = plane_of(x, "a transposition")
        channels = x.shape[2]
        rows, columns = size or (channels, 1)
        if rows * columns != channels:
            raise Unfit(f"{channels} channels as {sized((rows, columns))} positions")
        return self._terms.term("transpose", (), (x,), (rows, columns, height * width))

    def resize(self, x: Term, size: Sizes, method: str) -> Term:
        extents = map_of(x, "a resize")
        same_rank(extents, size)
        if size == extents:
            return x
        return self._terms.term("resize", (("method", method),), (x,), (*size, x.shape[-1]))

    def pixel_shuffle(self, x: Term, factor: int) -> Term:
        height, width = plane_of(x, "a pixel shuffle")
        channels, rest = divmod(x.shape[2], factor * factor)
        if rest:
            raise Unfit(f"{x.shape[2]} channels in squares of {factor} x {factor}")
        shape = (height * factor, width * factor, channels)
        return x if factor == 1 else self._terms.term("pixel_shuffle", (), (x,), shape)

    def space_to_depth(self, x: Term, factor: int) -> Term:
        height, width = plane_of(x, "squares")
        if height % factor or width % factor:
            raise Unfit(f"squares of {factor} x {factor} on {sized(x.shape)}")
        shape = (height // factor, width // factor, x.shape[2] * factor * factor)
        return x if factor == 1 else self._terms.term("space_to_depth", (), (x,), shape)

    def matmul(self, a: Term, b: Term) -> Term:
        """The positions of `a` by the channels of `b`."""
        height, width = plane_of(a, "a matrix product")
        rows, columns = plane_of(b, "a matrix product")
        if a.shape[2] != rows * columns:
            raise Unfit(f"a matrix product of {sized(a.shape)} and {sized(b.shape)}")
        return self._terms.term("matmul", (), (a, b), (height, width, b.shape[2]))

    def along(self, op: str, x: Term, axes: tuple[int, ...], **settings: object) -> Term:
        """An op along axes behind the batch, from 0, that leaves the shape alone."""
        check_axes(x, axes, op)
        channels = axes == (len(x.shape) - 1,)
        along = ("axis", "channels" if channels else axes)
        return self._terms.term(op, (along, *settings.items()), (x,), x.shape)

    def glu(self, x: Term) -> Term:
        if x.shape[-1] % 2:
            raise Unfit(f"a gated linear unit of {x.shape[-1]} channels")
        return self._terms.term("glu", (), (x,), (*x.shape[:-1], x.shape[-1] // 2))


def map_of(x: Term, what: str) -> Sizes:
    """The sizes of all axes of positions."""
    if len(x.shape) == 1:
        raise Unfit(f"{what} of a vector")
    return x.shape[:-1]


def plane_of(x: Term, what: str) -> tuple[int, int]:
    """Height and width, of what is defined for these alone."""
    if len(x.shape) != 3:
        raise Unfit(f"{what} of {sized(x.shape)}, which is no feature map")
    return x.shape[0], x.shape[1]


def same_rank(size: Sizes, *others: Sizes) -> None:
    """Rejects what has other axes than a map."""
    for other in others:
        if len(other) != len(size):
            raise Unfit(f"{len(other)} axes where {len(size)} arrive")
