"""Ops that keep height and width, those that change them, and those for vectors."""

from __future__ import annotations

from tests.writing.draft import Draft
from tests.writing.expressions import condition, constant, value
from tests.writing.grammar import LAYERS
from tests.writing.parts import (
    ACTIVATIONS,
    NORMS,
    activation,
    bias,
    init,
    multiplier,
    norm,
    started,
)
from tests.writing.ranks import resizing_any

AXES = ("channels", "positions", "height", "width")


def finished(draft: Draft, layer: str) -> str:
    """Often with a norm and an activation."""
    return layer + draft.pick(
        "", "", " -> relu", f" -> {norm(draft)}", f" -> {norm(draft)} -> relu"
    )


def conv(draft: Draft, filters: str = "") -> str:
    """A convolution that keeps height and width."""
    filters = filters or value(draft, "width")
    return f"conv({filters}, {value(draft, 'kernel')}{bias(draft)}{init(draft)})"


@LAYERS.enter(10)
def convolution(draft: Draft) -> str:
    return finished(draft, conv(draft))


@LAYERS.enter(2, ranks=(2,))
def padded_convolution(draft: Draft) -> str:
    """Explicit padding, or padding and cutting by separate ops, that leaves the size as it is."""
    filters = value(draft, "width")
    return draft.pick(
        f"conv({filters}, 3, pad = 1)",
        f"conv({filters}, [3, 1], pad = [1, 0])",
        f"conv({filters}, 1x3, 1, [0, 0, 1, 1])",
        f"conv({filters}, 3, pad = 2, dilation = 2)",
        f"conv({filters}, 3, dilation = {draft.pick('2', '1x2')})",
        f"pad(1) -> conv({filters}, 3x3, pad = valid)",
        f"pad([1, 0]) -> max_pool([3, 1], 1) -> conv({filters}, 1, pad = valid)",
        f"conv({filters}, 3, pad = 2) -> crop(1)",
        "pad([0, 1, 1, 0]) -> avg_pool(2, stride = 1)",
    )


@LAYERS.enter(3)
def grouped_convolution(draft: Draft) -> str:
    filters, kernel = value(draft, "width"), value(draft, "kernel")
    return draft.pick(
        f"conv(4, 1) -> conv(6, {kernel}, groups = 2{bias(draft)})",
        f"conv(2 * ({filters}), 1) -> conv(4, {kernel}, groups = 2) -> shuffle(2)",
        f"conv(here.channels, {kernel}, groups = here.channels)",
        f"conv({filters}, {kernel}, groups = 1 if {condition(draft)} else 1)",
        f"conv(2 * here.channels, {kernel}, groups = here.channels{init(draft)}) -> conv(3, 1)",
    )


@LAYERS.enter(1, ranks=(2,))
def sparse_convolution(draft: Draft) -> str:
    table = draft.pick("[[0], [0, 1], [1]]", "[[1], [0], [1, 0]]")
    return f"conv(2, 1) -> conv(3, {value(draft, 'kernel')}, connect = {table})"


@LAYERS.enter(5)
def depthwise_convolution(draft: Draft) -> str:
    kernel = value(draft, "kernel")
    options = f"{kernel}{multiplier(draft)}{bias(draft)}{init(draft)}"
    if draft.chance(0.5):
        return finished(draft, f"depthwise({options})")
    return finished(draft, f"separable({value(draft, 'width')}, {options})")


@LAYERS.enter(1)
def transposed_convolution(draft: Draft) -> str:
    text = f"conv_transpose({value(draft, 'width')}, {value(draft, 'kernel')}{bias(draft)}"
    return f"{text}{init(draft) if draft.later else ''})"


@LAYERS.enter(4)
def normalization(draft: Draft) -> str:
    found = draft.pick(*NORMS, f"lrn({draft.pick('3', '5, alpha = 0.1', 'size = 2, k = 2')})")
    if draft.later and not found.startswith("lrn") and draft.chance(0.4):
        return started(draft, found)
    return found


@LAYERS.enter(5)
def nonlinearity(draft: Draft) -> str:
    return draft.pick(*ACTIVATIONS)


@LAYERS.enter(3)
def pooling(draft: Draft) -> str:
    window = value(draft, "kernel")
    return draft.pick(
        f"max_pool({window}, stride = 1, pad = same)",
        f"avg_pool({window}, stride = 1, pad = same)",
        "avg_pool(3, 1, 1, count_pad = true)",
        "max_pool(3, stride = 1, pad = 1)",
        "max_pool(3, stride = 1, pad = 1, ceil = true)",
        "max_pool(window = 1)",
    )


@LAYERS.enter(2)
def noise(draft: Draft) -> str:
    return f"{draft.pick('dropout', 'drop_path')}({value(draft, 'rate')})"


@LAYERS.enter(3)
def scaling(draft: Draft) -> str:
    if draft.later and draft.chance(0.2):
        own = draft.pick("prelu", "layer_scale", *(["subsample"] if draft.maps else []))
        first = {"prelu": "", "layer_scale": "0.5, ", "subsample": "1, "}[own]
        return f"{own}({first}frozen = {value(draft, 'flag')})"
    return draft.pick(
        f"scale({value(draft, 'alpha')})",
        "scale(0.5)",
        "layer_scale(init = 0.5)",
        "layer_scale",
        f"rescale({value(draft, 'alpha')}, offset = 0.25)",
        "normalize(0.5, 2.0)",
        "conv(2, 1) -> normalize([0.1, 0.2], std = [1.0, 0.5])",
        *(["subsample(1)"] if draft.maps else []),
    )


@LAYERS.enter(3)
def rearranging(draft: Draft) -> str:
    least = value(draft, "width")
    more = "1" if draft.repeats > 1 else draft.pick("1", "here.channels")
    return draft.pick(
        f"pad_channels(here.channels + {more})",
        f"pad_channels(max({least}, here.channels))",
        f"channels(0, min({least}, here.channels))",
        "channels(here.channels // 2, here.channels)",
        "pad_channels(here.channels + here.channels % 2) -> shuffle(2)",
        "shuffle(here.channels)",
        f"shuffle(3 if here.channels % 3 == 0 else {draft.pick('1', 'here.channels')})",
        *(["reshape([here.height, here.width, here.channels])"] if draft.maps else []),
        "reshape(here.shape)",
        "upsample(1)",
    )


@LAYERS.enter(3, ranks=(2,))
def resampling(draft: Draft) -> str:
    least = value(draft, "width")
    return draft.pick(
        "resize(here)",
        f"conv(4 * ({least}), 1) -> pixel_shuffle(2) -> space_to_depth(2) -> conv({least}, 1)",
        "upsample(2) -> resize([here.height // 2, here.width // 2])",
        "pixel_shuffle(1) -> space_to_depth(1)",
        "pad_channels(here.channels + here.channels % 2) -> glu",
        "adaptive_avg_pool([here.height, here.width])",
    )


@LAYERS.enter(3)
def along_an_axis(draft: Draft) -> str:
    """Means, maxima and sums that gate or shift, and what is as long as one."""
    axes = AXES if draft.maps else ("channels", "positions", *draft.axes())
    name, axis = draft.fresh("y", "z", "full"), draft.pick(*axes)
    two = axes[2:4] if len(axes) > 3 else ("channels", "positions")
    reduced = f"{draft.pick('reduce_mean', 'reduce_max')}({axis})"
    gate = draft.pick(
        f"mul [ {name}, {reduced} -> sigmoid ]",
        f"sub [ {name}, {reduced} ]",
        f"div [ {name}, abs -> reduce_sum({axis}) -> rescale(1.0, 1.0) ]",
        f"add [ here, {reduced} -> expand({name}) ]",
        f"add [ {reduced} -> expand({name}.shape), here ]",
        f"maximum [ here, {reduced} ]",
        f"minimum [ here, reduce_max({two[0]}), reduce_max({two[1]}) ]",
        f"mul [ reduce_mean({two[0]}), reduce_mean({two[1]}) ] -> expand({name})",
        f"l2_normalize({axis}, eps = 0.1)",
        f"softmax({axis})",
    )
    return f"{{\n{name} = here\n{gate}\n}}"


@LAYERS.enter(2, ranks=(2,))
def attention(draft: Draft) -> str:
    """Of positions, and of channels, with as much as one of both is wide."""
    name = draft.fresh("y", "value")
    width = value(draft, "width", steady=True)
    return draft.pick(
        f"{{\n{name} = here\nmatmul [ conv({width}, 1), conv({width}, 1) -> transpose ]\n"
        f"softmax -> matmul [ here, {name} ]\n}}",
        f"{{\n{name} = here\ntranspose -> softmax\ntranspose({name}.height, {name}.width)\n}}",
    )


def resizing(draft: Draft) -> str:
    """Changes height and width, whatever they are."""
    if not draft.maps:
        return resizing_any(draft)
    draft.resize()
    filters, stride = value(draft, "width"), value(draft, "stride")
    larger = (
        f"upsample({value(draft, 'stride')}, method = {draft.pick('nearest', 'bilinear')})",
        f"conv_transpose({filters}, 3, stride = {stride})",
        f"conv_transpose({filters}, 3, stride = 2, pad = 1)",
        f"conv_transpose({filters}, [1, 2], stride = 1x2, pad = valid)",
        "pad([0, 1, 0, 1])",
        "pad(1) -> conv(3, 2, pad = valid)",
    )
    return draft.pick(
        *(() if draft.repeats else larger),
        f"conv({filters}, {value(draft, 'kernel')}, stride = {stride})",
        f"conv({filters}, 3, stride = {stride}, pad = 1)",
        f"depthwise(3, stride = {value(draft, 'stride')}{bias(draft)})",
        f"separable({filters}, 3, stride = {stride}{init(draft)})",
        "max_pool(2, pad = same)",
        "max_pool(2, ceil = true)",
        "avg_pool(2, 2, 1, count_pad = true, ceil = true)",
        f"avg_pool(2, pad = 1, ceil = {value(draft, 'flag')})",
        f"adaptive_avg_pool({draft.pick('1', '[1, here.width]', '[(here.height + 1) // 2, 1]')})",
        f"resize({draft.pick('3', '[2, here.width]', '[here.height, 4], nearest')})",
        "pad([0, 1, 1, 0], mode = edge)",
        "pad([1, 0], mode = edge) -> pad([0, 1, 0, 0], mode = reflect)",
        f"max_pool(3, stride = {stride}, pad = same)",
        f"avg_pool({value(draft, 'kernel')}, stride = 2, pad = same)",
        f"avg_pool({value(draft, 'stride')}, pad = same)",
        "crop([0, here.height - 1, 0, 0])",
        "crop([here.height // 2, 0, 0, here.width // 2])",
        "reshape([here.width, here.height, here.channels])",
        "reshape([1, here.height * here.width, here.channels])",
        "pad(1) -> subsample(2)",
    )


def vector(draft: Draft) -> str:
    """For a vector of any length."""
    return draft.pick(
        f"dense({value(draft, 'width', steady=True)}{bias(draft)})",
        f"dense({constant(draft, 'width')}) -> {activation(draft)}",
        f"dense(here.channels{init(draft)}) -> bn -> relu",
        "relu",
        "layer_norm(eps = 0.1)",
        f"dropout({value(draft, 'rate')})",
        "flatten",
        "channels(0, (here.channels + 1) // 2)",
        "pad_channels(here.channels + 1)",
        "reshape(here.channels)",
        "l2_normalize(eps = 0.1)",
        "rms_norm(eps = 0.1)",
        "{ v = here\nsub [ here, reduce_mean(channels) ]\ndiv [ here, abs -> reduce_sum(channels) "
        "-> rescale(1.0, 1.0) ]\nmaximum [ here, v ] }",
        "reduce_sum(channels) -> expand(4) -> celu",
        "scale(0.5)",
    )


def to_vector(draft: Draft) -> str:
    return draft.pick(
        "global_avg_pool",
        "global_max_pool",
        "flatten",
        "global_avg_pool(keep = true) -> flatten",
        *(["reshape(here.height * here.width * here.channels)"] if draft.maps else []),
    )
