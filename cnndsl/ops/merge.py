"""Merges: several chains that start from one tensor become one tensor again."""

from __future__ import annotations

from cnndsl.ops.base import Join, Reject, Shape, show


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
                raise Reject("cannot add a feature map and a vector")
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
                raise Reject("cannot concatenate a feature map and a vector")
            if shape[:-1] != first[:-1]:
                raise Reject("cannot concatenate feature maps of different height or width")
            channels = channels + shape[-1]
        return (*first[:-1], channels)


class Mul(Join):
    """Product of the branches.

    Shape:
      The branches have one shape, or are 1x1xC beside it.
    Source:
      Hu et al., "Squeeze-and-excitation networks", 2017 (arXiv:1709.01507).

    >>> Mul().output(((56, 56, 256), (1, 1, 256)))
    (56, 56, 256)
    """

    name = "mul"

    def output(self, shapes: tuple[Shape, ...]) -> Shape:
        first = _first(self.name, shapes)
        full = next((shape for shape in shapes if shape[:-1] != (1, 1)), first)
        for shape in shapes:
            if len(shape) != len(full):
                raise Reject(
                    "cannot multiply a feature map and a vector",
                    help="`global_avg_pool(keep = true)` keeps the feature map, as 1x1xC",
                )
            if shape[-1] != full[-1]:
                raise Reject(f"cannot multiply {_things(full)} of different channels")
            if shape[:-1] not in (full[:-1], (1, 1)):
                raise Reject(
                    "cannot multiply feature maps of different height and width",
                )
        return full


def _first(name: str, shapes: tuple[Shape, ...]) -> Shape:
    if not shapes:
        raise Reject(f"`{name}` needs a branch")
    return shapes[0]


def _things(shape: Shape) -> str:
    return "feature maps" if len(shape) == 3 else "vectors"


def _projection(a: Shape, b: Shape, first: int, second: int) -> str | None:
    """A convolution that gives one of two maps the shape of the other, if there is one."""
    if len(a) != 3:
        return None
    for source, goal, branch in ((b, a, second), (a, b, first)):
        stride = -(-source[0] // goal[0])
        if -(-source[0] // stride) == goal[0] and -(-source[1] // stride) == goal[1]:
            step = "" if stride == 1 else f", stride = {show(stride)}"
            return f"project branch {branch}: conv({show(goal[2])}, 1{step}, bias = false) -> bn"
    return None
