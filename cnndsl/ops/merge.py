"""Merges: several chains that start from one tensor become one tensor again."""

from __future__ import annotations

from typing import ClassVar

from cnndsl.ops.base import Join, Reject, Shape, rank_of
from cnndsl.ops.ranks import AXES, NAMES, PLURALS
from cnndsl.ops.spelled import show


class Add(Join):
    """Sum of the branches.

    Shape:
      The branches have one shape; so has the result.
    Source:
      He et al., "Deep residual learning", 2015 (arXiv:1512.03385).

    >>> Add().output(((56, 56, 256), (56, 56, 256)))
    (56, 56, 256)
    """

    name = "add"

    def output(self, shapes: tuple[Shape, ...]) -> Shape:
        first = _first(self.name, shapes)
        for index, shape in enumerate(shapes[1:], start=2):
            if len(shape) != len(first):
                raise Reject(f"cannot add {_both(first, shape)}")
            if shape != first:
                raise Reject(
                    f"cannot add {_things(first)} of different shapes",
                    help=_projection(first, shape, 1, index),
                )
        return first


class Concat(Join):
    """The channels of the branches, one after the other.

    Shape:
      The branches have one height and width; their channels add up.
    Source:
      Szegedy et al., "Going deeper with convolutions", 2014 (arXiv:1409.4842).

    >>> Concat().output(((28, 28, 64), (28, 28, 128), (28, 28, 32)))
    (28, 28, 224)
    """

    name = "concat"

    def output(self, shapes: tuple[Shape, ...]) -> Shape:
        first = _first(self.name, shapes)
        channels = first[-1]
        for shape in shapes[1:]:
            if len(shape) != len(first):
                raise Reject(f"cannot concatenate {_both(first, shape)}")
            if shape[:-1] != first[:-1]:
                sides = " or ".join(AXES[rank_of(first)])
                raise Reject(f"cannot concatenate {_things(first)} of different {sides}")
            channels = channels + shape[-1]
        return (*first[:-1], channels)


class _Elementwise(Join):
    """Combines values at the same place; an axis of size 1 serves all of the others' places."""

    verb: ClassVar[str]
    ordered: ClassVar[bool] = False  # takes two branches, the first and the second

    def output(self, shapes: tuple[Shape, ...]) -> Shape:
        full = _first(self.name, shapes)
        if self.ordered:
            _two(self.name, shapes)
        for shape in shapes[1:]:
            if len(shape) != len(full):
                raise Reject(f"cannot {self.verb} {_both(full, shape)}", help=_kept(full, shape))
            axes = (*AXES[rank_of(full)], "channels")
            for axis, a, b in zip(axes, full, shape, strict=True):
                if a != b and 1 not in (a, b):
                    raise Reject(f"cannot {self.verb} {_things(full)} of different {axis}")
            full = tuple(map(_wider, full, shape))
        return full


class Mul(_Elementwise):
    """Product of the branches.

    Shape:
      Along each axis the branches have one size, or 1 beside it: 1x1xC is a weight per channel,
      HxWx1 one per position.
    Source:
      Hu et al., "Squeeze-and-excitation networks", 2017 (arXiv:1709.01507).

    >>> Mul().output(((56, 56, 256), (1, 1, 256)))
    (56, 56, 256)
    """

    name = "mul"
    verb = "multiply"


class Div(_Elementwise):
    """The first branch over the second.

    Shape:
      As `mul`.

    >>> Div().output(((56, 56, 256), (56, 56, 1)))
    (56, 56, 256)
    """

    name = "div"
    verb = "divide"
    ordered = True


class Sub(_Elementwise):
    """The first branch less the second.

    Shape:
      As `mul`.

    >>> Sub().output(((56, 56, 256), (1, 1, 256)))
    (56, 56, 256)
    """

    name = "sub"
    verb = "subtract"
    ordered = True


class Maximum(_Elementwise):
    """The largest value of the branches, place by place.

    Shape:
      As `mul`.
    Source:
      Goodfellow et al., "Maxout networks", 2013 (arXiv:1302.4389).

    >>> Maximum().output(((56, 56, 256), (56, 56, 256)))
    (56, 56, 256)
    """

    name = "maximum"
    verb = "compare"


class Minimum(_Elementwise):
    """The least value of the branches, place by place.

    Shape:
      As `mul`.

    >>> Minimum().output(((56, 56, 256), (1, 1, 1)))
    (56, 56, 256)
    """

    name = "minimum"
    verb = "compare"


class Matmul(Join):
    """Matrix product: the positions of the first branch by the channels of the second.

    At each position of the first branch its channels weigh the positions of the second, which
    count row by row, and which this sums over. Attention is two of them:
    `matmul [ query, key -> transpose ] -> softmax -> matmul [ here, value ]`.

    Shape:
      (h, w, k) and (h', w', c) with h' * w' = k to (h, w, c).
    MACs:
      h * w * k * c.
    Source:
      Wang et al., "Non-local neural networks", 2018 (arXiv:1711.07971), equation 2.

    >>> Matmul().output(((14, 14, 256), (256, 1, 196)))
    (14, 14, 196)
    """

    name = "matmul"

    def output(self, shapes: tuple[Shape, ...]) -> Shape:
        _first(self.name, shapes)
        _two(self.name, shapes)
        first, second = shapes
        if len(first) == 1 or len(second) == 1:
            raise Reject(
                "cannot multiply the matrix of a vector",
                help="`matmul` takes feature maps; `reshape([1, 1, c])` makes one of a vector",
            )
        if len(first) != 3 or len(second) != 3:
            other = first if len(first) != 3 else second
            raise Reject(f"`matmul` takes feature maps, not {NAMES[rank_of(other)]}")
        positions = second[0] * second[1]
        if first[2] != positions:
            raise Reject(
                f"cannot multiply {show(first[2])} channels by {show(positions)} positions",
                help=_transposed(first, second),
            )
        return (*first[:2], second[2])

    def sees_everything(self) -> bool:
        return True

    def macs(self, shapes: tuple[Shape, ...]) -> int:
        (height, width, _), (rows, columns, channels) = shapes
        return height * width * rows * columns * channels


def _two(name: str, shapes: tuple[Shape, ...]) -> None:
    """Rejects another number of branches, where their order matters."""
    if len(shapes) != 2:
        raise Reject(f"`{name}` takes two branches, not {len(shapes)}")


def _transposed(first: Shape, second: Shape) -> str | None:
    """The transposition that makes a matrix product fit, if there is one."""
    if first[2] == second[2]:
        return "transpose branch 2: its channels become positions"
    return None


def _first(name: str, shapes: tuple[Shape, ...]) -> Shape:
    if not shapes:
        raise Reject(f"`{name}` needs a branch")
    return shapes[0]


def _wider(a: int, b: int) -> int:
    """The extent that two make together; of equal ones that which remembers its spelling."""
    return b if a == 1 or (a == b and type(a) is int) else a


def _things(shape: Shape) -> str:
    return PLURALS[rank_of(shape)]


def _both(a: Shape, b: Shape) -> str:
    """What of two branches has more axes, and what has fewer."""
    high, low = sorted((rank_of(a), rank_of(b)), reverse=True)
    return f"{NAMES[high]} and {NAMES[low]}"


def _kept(a: Shape, b: Shape) -> str | None:
    """How a vector beside something else keeps its axes."""
    high, low = sorted((rank_of(a), rank_of(b)), reverse=True)
    if low:
        return None
    ones = "x".join(["1"] * high)
    what = NAMES[high].removeprefix("a ")
    kept = f"`global_avg_pool(keep = true)` keeps the {what}, as {ones}xC"
    return f"{kept}; conv(n, 1) is dense(n) on it"


def _projection(a: Shape, b: Shape, first: int, second: int) -> str | None:
    """What gives one of two branches the shape of the other, if there is something."""
    for thin, full, branch in ((b, a, second), (a, b, first)):
        if all(m in (1, n) for m, n in zip(thin, full, strict=True)):
            sizes = ", ".join(map(show, full))
            like = f"[{sizes}]" if len(full) > 1 else sizes
            return f"where branch {branch} is meant everywhere: … -> expand({like})"
    if len(a) == 1:
        return None
    for source, goal, branch in ((b, a, second), (a, b, first)):
        stride = -(-source[0] // goal[0])
        if all(-(-m // stride) == n for m, n in zip(source[:-1], goal[:-1], strict=True)):
            step = "" if stride == 1 else f", stride = {show(stride)}"
            return f"project branch {branch}: conv({show(goal[-1])}, 1{step}, bias = false) -> bn"
    return None
