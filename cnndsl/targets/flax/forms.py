"""The few forms that every computation takes: settings spelled out, paddings as numbers.

What the language says of an op and what flax does for a call both come here, so that two
computations are the same exactly where their terms are. An op that changes nothing, such
as a slice of everything, gives its input.
"""

from __future__ import annotations

from math import prod

from cnndsl.ops.spelled import show
from cnndsl.targets.flax.forms_axes import UNORDERED, broadcast, map_of, same_rank
from cnndsl.targets.flax.forms_own import OwnForms
from cnndsl.targets.flax.terms import Settings, Shape, Sides, Term, Terms, Unfit
from cnndsl.targets.flax.windows import (
    Padding,
    Sizes,
    no_sides,
    reached,
    resolved,
    sized,
    slid,
    stretched,
)

Codes = tuple[tuple[float, ...], ...]

PLACE = "place"  # the op of a tensor that a block receives, whatever it is


def place_number(place: Term) -> int:
    """The number of a place, in its only setting."""
    ((_, number),) = place.settings
    assert isinstance(number, int)
    return number


class Forms(OwnForms):
    """Makes the terms of one network, or of one run of a model.

    With `initialisers` false, how weights start is left out of the comparison.
    """

    def __init__(self, terms: Terms, initialisers: bool = True):
        super().__init__(terms)
        self._initialisers = initialisers

    def image(self, shape: Shape, name: str) -> Term:
        return self._terms.term("image", (("name", name),), (), shape)

    def place(self, number: int, shape: Shape) -> Term:
        """Any tensor of a shape, in the place of one that a block receives."""
        return self._terms.term(PLACE, (("number", number),), (), shape)

    def brought(
        self, x: Term, origin: str, values: tuple[tuple[str, object], ...], shape: Shape
    ) -> Term:
        """A layer of the author's own; of values, what Python calls equal may differ."""
        given = sorted((name, show(value)) for name, value in values)
        return self._own("brought", (("class", origin), *given), x, shape)

    def parameter(self, shape: Shape, start: str) -> Term:
        """A learned tensor, which takes nothing of what arrives."""
        settings: Settings = (("initialiser", start if self._initialisers else None),)
        return self._owned("parameter", settings, (), shape)

    def fixed(self, values: object, shape: Shape) -> Term:
        """A tensor of numbers, or of one number in all places."""
        return self._terms.term("fixed", (("values", values),), (), shape)

    # --- layers with weights ----------------------------------------------------------

    def conv(
        self,
        x: Term,
        filters: int,
        kernel: Sizes,
        stride: Sizes,
        padding: Padding,
        dilation: Sizes,
        groups: int,
        bias: bool,
        init: str,
        connect: Codes | None = None,
        bias_init: str = "zeros",
    ) -> Term:
        size = map_of(x, "a convolution")
        if x.shape[-1] % groups or filters % groups:
            raise Unfit(f"{groups} groups of {x.shape[-1]} channels and {filters} filters")
        same_rank(size, kernel, stride, dilation)
        reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
        sides = resolved(padding, size, reach, stride)
        settings: Settings = (
            ("filters", filters),
            ("kernel", kernel),
            ("stride", stride),
            ("padding", sides),
            ("dilation", dilation),
            ("groups", groups),
            ("bias", bias),
            ("initialiser", init if self._initialisers else None),
        )
        settings = (*settings, *self._bias_start(bias_init))
        if connect is not None:
            settings = (*settings, ("connect", connect))
        op = "conv" if connect is None else "sparse conv"
        return self._own(op, settings, x, (*slid(size, reach, stride, sides), filters))

    def conv_transpose(
        self,
        x: Term,
        filters: int,
        kernel: Sizes,
        stride: Sizes,
        padding: Padding,
        bias: bool,
        init: str,
        bias_init: str = "zeros",
    ) -> Term:
        """`padding` is what is put around the stretched input."""
        size = map_of(x, "a transposed convolution")
        same_rank(size, kernel, stride)
        sides = stretched(padding, kernel, stride)
        extents = tuple(
            (n - 1) * s + 1 + sum(side) - k + 1
            for n, s, side, k in zip(size, stride, sides, kernel, strict=True)
        )
        if min(extents) < 1:
            raise Unfit("the padding leaves nothing of a transposed convolution")
        settings: Settings = (
            ("filters", filters),
            ("kernel", kernel),
            ("stride", stride),
            ("padding", sides),
            ("bias", bias),
            ("initialiser", init if self._initialisers else None),
            *self._bias_start(bias_init),
        )
        return self._own("conv_transpose", settings, x, (*extents, filters))

    def dense(self, x: Term, units: int, bias: bool, init: str, bias_init: str = "zeros") -> Term:
        if len(x.shape) != 1:
            raise Unfit(f"a dense layer on {sized(x.shape)}")
        known = init if self._initialisers else None
        settings: Settings = (("units", units), ("bias", bias), ("initialiser", known))
        settings = (*settings, *self._bias_start(bias_init))
        return self._own("dense", settings, x, (units,))

    def per_channel(self, op: str, x: Term, **settings: object) -> Term:
        """A norm, or another op with a weight per channel that leaves the shape alone."""
        usual = {"scale start": "ones", "bias start": "zeros"}
        said = {
            name: value
            for name, value in settings.items()
            if name not in usual or (self._initialisers and value != usual[name])
        }
        return self._own(op, tuple(said.items()), x, x.shape)

    def _bias_start(self, init: str) -> Settings:
        """How a bias starts, where it is not at zero."""
        return (("bias start", init),) if self._initialisers and init != "zeros" else ()

    def subsample(self, x: Term, window: Sizes) -> Term:
        size = slid(map_of(x, "subsampling"), window, window, no_sides(2))
        return self._own("subsample", (("window", window),), x, (*size, x.shape[-1]))

    def dropout(self, x: Term, rate: float, shared: tuple[int, ...]) -> Term:
        """`shared` are the axes along which one draw serves all; the batch is 0."""
        if rate == 0:
            return x
        return self._own("dropout", (("rate", rate), ("shared axes", shared)), x, x.shape)

    # --- windows, slices and shapes ---------------------------------------------------

    def pool(
        self, op: str, x: Term, window: Sizes, stride: Sizes, padding: Padding, count_pad: bool
    ) -> Term:
        """A maximum or an average; one that counts its padding is one of a larger map.

        Padding behind the last window is none: nothing of a pool depends on it.
        """
        size = map_of(x, op)
        same_rank(size, window, stride)
        sides, none = resolved(padding, size, window, stride), no_sides(len(size))
        if op == "avg_pool" and count_pad and sides != none:
            return self.pool(op, self.pad(x, (*sides, (0, 0))), window, stride, none, False)
        shape = (*slid(size, window, stride, sides), x.shape[-1])
        sides = reached(size, window, stride, sides)
        if set(window) == {1} and sides == none:
            return self.slice(x, tuple((0, n, step) for n, step in zip(size, stride, strict=True)))
        settings: Settings = (("window", window), ("stride", stride), ("padding", sides))
        return self._terms.term(op, settings, (x,), shape)

    def slice(self, x: Term, spans: tuple[tuple[int, int, int], ...]) -> Term:
        """`x[:, a:b:s, …]`: (start, stop, step) of the first axes behind the batch."""
        whole = tuple((0, n, 1) for n in x.shape)
        counted = tuple((start, len(range(start, stop, step)), step) for start, stop, step in spans)
        counted = (*counted, *whole[len(counted) :])
        shape = tuple(count for _, count, _ in counted)
        if counted == whole:
            return x
        if 0 in shape:
            raise Unfit(f"a slice of {sized(x.shape)} that is empty")
        return self._terms.term("slice", (("start, length, step", counted),), (x,), shape)

    def pad(self, x: Term, amounts: Sides, mode: str = "constant") -> Term:
        """Zeros, or what `mode` says, (before, after) on each axis behind the batch."""
        if not any(map(any, amounts)):
            return x
        if min(map(min, amounts)) < 0:
            raise Unfit("a negative padding")
        if len(amounts) != len(x.shape):
            raise Unfit(f"a padding of {len(amounts)} axes on {sized(x.shape)}")
        shape = tuple(n + a + b for n, (a, b) in zip(x.shape, amounts, strict=True))
        settings: Settings = (("amounts", amounts),)
        if mode != "constant":
            settings = (*settings, ("mode", mode))
        return self._terms.term("pad", settings, (x,), shape)

    def reshape(self, x: Term, shape: Shape) -> Term:
        if prod(shape) != prod(x.shape) or min(shape) < 1:
            raise Unfit(f"a reshape of {sized(x.shape)} to {sized(shape)}")
        if x.op == "reshape":
            (x,) = x.inputs
        return x if x.shape == shape else self._terms.term("reshape", (), (x,), shape)

    def upsample(self, x: Term, factor: Sizes, method: str) -> Term:
        size = map_of(x, "upsampling")
        same_rank(size, factor)
        if set(factor) == {1}:
            return x
        shape = (*(n * f for n, f in zip(size, factor, strict=True)), x.shape[-1])
        return self._terms.term("upsample", (("factor", factor), ("method", method)), (x,), shape)

    # --- arithmetic -------------------------------------------------------------------

    def pointwise(self, op: str, x: Term, **settings: object) -> Term:
        """An op without weights that leaves the shape alone."""
        return self._terms.term(op, tuple(settings.items()), (x,), x.shape)

    def times(self, x: Term, factor: float) -> Term:
        return x if factor == 1 else self.pointwise("scale", x, factor=factor)

    def plus(self, x: Term, amount: float) -> Term:
        return x if amount == 0 else self.pointwise("offset", x, amount=amount)

    def shuffle(self, x: Term, groups: int) -> Term:
        if x.shape[-1] % groups:
            raise Unfit(f"{groups} groups of {x.shape[-1]} channels")
        return self.pointwise("shuffle", x, groups=groups)

    def rbf(self, x: Term, codes: Codes) -> Term:
        if len(x.shape) != 1 or any(len(code) != x.shape[0] for code in codes):
            raise Unfit(f"codes for {sized(x.shape)}")
        return self._terms.term("rbf", (("codes", codes),), (x,), (len(codes),))

    def normalize(self, x: Term, mean: object, std: object) -> Term:
        for constant in (mean, std):
            if isinstance(constant, tuple) and len(constant) != x.shape[-1]:
                raise Unfit(f"{len(constant)} constants for {x.shape[-1]} channels")
        return self.pointwise("normalize", x, mean=mean, std=std)

    # --- merges -----------------------------------------------------------------------

    def concat(self, parts: tuple[Term, ...]) -> Term:
        first, *others = parts
        if any(part.shape[:-1] != first.shape[:-1] for part in others):
            raise Unfit(f"a concatenation of {', '.join(sized(part.shape) for part in parts)}")
        if not others:
            return first
        channels = sum(part.shape[-1] for part in parts)
        return self._terms.term("concat", (), parts, (*first.shape[:-1], channels))

    def join(self, op: str, a: Term, b: Term) -> Term:
        """Two tensors, value by value; most of the ops know no order."""
        if op == "add" and a.shape != b.shape:
            raise Unfit(f"a sum of {sized(a.shape)} and {sized(b.shape)}")
        shape = broadcast((a.shape, b.shape))
        if shape is None:
            raise Unfit(f"{op} of {sized(a.shape)} and {sized(b.shape)}")
        inputs = (b, a) if op in UNORDERED and b.serial < a.serial else (a, b)
        return self._terms.term(op, (), inputs, shape)
