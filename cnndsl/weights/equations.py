"""Windows and shapes of the equations of a jaxpr."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, Var

from cnndsl.weights.layer import Edges, Pool, Shape, Window


def convolved(equation: JaxprEqn, padded: Sequence[tuple[int, int]]) -> Window:
    """The window of a convolution, with what was laid around the map before it."""
    params = equation.params
    axes = params["dimension_numbers"].lhs_spec[2:]
    kernel = params["dimension_numbers"].rhs_spec[2:]
    sizes = shape_of(equation.invars[0])
    extents = shape_of(equation.invars[1])
    around = [padded[axis] if padded else (0, 0) for axis in axes]
    dilated = zip(kernel, params["rhs_dilation"], strict=True)
    return Window(
        tuple((extents[axis] - 1) * step + 1 for axis, step in dilated),
        tuple(params["window_strides"]),
        added_sides(params["padding"], around),
        tuple(sizes[a] - sum(pad) for a, pad in zip(axes, around, strict=True)),
    )


def pooled(equation: JaxprEqn, padded: Sequence[tuple[int, int]], positive: bool) -> Pool:
    """A pool; of an average, `averaged` says later what it is divided by."""
    params = equation.params
    sizes = shape_of(equation.invars[0])
    around = padded or ((0, 0),) * len(sizes)
    window = Window(
        tuple(params["window_dimensions"]),
        tuple(params["window_strides"]),
        added_sides(params["padding"], around),
        tuple(size - sum(pad) for size, pad in zip(sizes, around, strict=True)),
    )
    highest = equation.primitive.name == "reduce_window_max"
    edges: Edges | None = None
    if any(map(any, around)):
        edges = "zeros"
    elif _is_reached(window) and window.kernel[-1] == 1:  # not over channels
        edges = "map"
    if highest:
        return Pool("max", window, None if positive else edges)
    return Pool("average", window, edges)


def _is_reached(window: Window) -> bool:
    """Whether some window of a pool sees its margin, which may be there for other sizes alone."""
    axes = zip(window.sizes, window.padding, window.kernel, window.strides, strict=True)
    for size, (low, high), kernel, stride in axes:
        last = (low + size + high - kernel) // stride * stride + kernel
        if low or last > low + size:
            return True
    return False


def added_sides(
    one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]
) -> tuple[tuple[int, int], ...]:
    return tuple((a + c, b + d) for (a, b), (c, d) in zip(one, other, strict=True))


def margins(equation: JaxprEqn) -> tuple[tuple[int, int], ...]:
    return tuple((int(low), int(high)) for low, high, _ in equation.params["padding_config"])


def shape_of(atom: Var | Literal) -> Shape:
    """The shape of an array; () of what is none, such as a token."""
    shape: Shape = getattr(atom.aval, "shape", ())
    return shape


def inner(params: Mapping[str, object]) -> Jaxpr | None:
    """The body of a call, such as that of a jitted function."""
    for name in ("jaxpr", "call_jaxpr"):
        body = params.get(name)
        if isinstance(body, ClosedJaxpr):
            return body.jaxpr
        if isinstance(body, Jaxpr):
            return body
    return None
