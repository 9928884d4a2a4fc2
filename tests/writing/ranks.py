"""Layers of signals and of clips, and of what may be either."""

from __future__ import annotations

from tests.writing.draft import Draft
from tests.writing.expressions import value
from tests.writing.grammar import ELEMENTS, LAYERS, chain
from tests.writing.parts import activation, bias, init, multiplier


@LAYERS.enter(4, lambda draft: not draft.maps)
def layer_of_any_rank(draft: Draft) -> str:
    """What feature maps have constructs of their own for, and what signals and clips alone have."""
    filters, name = value(draft, "width"), draft.fresh("y", "line", "clip")
    by_rank = {
        0: ("resize(here)",),
        1: (
            f"conv({filters}, 3, pad = causal{bias(draft)}{init(draft)})",
            f"conv({filters}, {value(draft, 'kernel')}, pad = causal, dilation = 2)",
            f"depthwise(3, pad = causal{multiplier(draft)}{init(draft)})",
            f"separable({filters}, 2, pad = causal)",
            f"pad([2, 0]) -> conv({filters}, 3, pad = valid)",
            "reshape([here.length, here.channels])",
            "pad([1, 0], mode = edge) -> avg_pool(2, stride = 1)",
            "adaptive_avg_pool(here.length)",
            "reduce_max(length) -> resize(in)",
        ),
        3: (
            f"conv({filters}, 3x1x1, pad = [1, 0, 0]) -> conv({filters}, 1x3x3)",
            f"conv({filters}, 3x1x1{bias(draft)}{init(draft)})",
            f"depthwise({value(draft, 'kernel')}, dilation = 1x2x1)",
            "pad([1, 0, 0]) -> max_pool(3x1x1, stride = 1)",
            "avg_pool(1x3x1, stride = 1, pad = same)",
            "reshape([here.depth, here.height, here.width, here.channels])",
            "adaptive_avg_pool([here.depth, here.height, here.width])",
            "reduce_mean(depth) -> resize(in)",
        ),
    }
    found = draft.pick(
        *by_rank[draft.rank],
        f"conv({filters}, 3, pad = 1{init(draft)})",
        f"pad(1) -> conv({filters}, 3, pad = valid)",
        f"conv({filters}, 3, pad = 2) -> crop(1)",
        "pad_channels(here.channels + here.channels % 2) -> glu",
        f"{{\n{name} = here\nupsample(2) -> resize({name})\n}}",
        f"{{\n{name} = here\nglobal_avg_pool(keep = true) -> expand({name})"
        f" -> {activation(draft)}\n}}",
        f"{{\n{name} = here\nmul [ global_max_pool(keep = true) -> sigmoid, {name} ]\n}}",
    )
    if " -> resize(in)" in found:
        first = found.removesuffix(" -> resize(in)")
        return f"{{\n{name} = here\n{first} -> resize({name})\n}}"
    return found


# From a rank to another one and back, where height, width and so on stay.
LIFTED = {
    1: ((2, "[{0}.length, 1, here.channels]"), (3, "[1, {0}.length, 1, here.channels]")),
    2: (
        (1, "[{0}.height * {0}.width, here.channels]"),
        (3, "[1, {0}.height, {0}.width, here.channels]"),
    ),
    3: (
        (2, "[{0}.depth * {0}.height, {0}.width, here.channels]"),
        (1, "[{0}.depth * {0}.height * {0}.width, here.channels]"),
    ),
}


@ELEMENTS.enter(2, lambda draft: draft.rank > 0 and draft.nests(), later=True)
def along_other_axes(draft: Draft) -> str:
    """The flow as a signal, a map or a clip, and back, as where time and space are apart."""
    y, lifted = draft.fresh("y", "whole"), draft.fresh("z", "flat", "frames")
    back = draft.extents(y, "here.channels")
    rank, shape = draft.random.choice(LIFTED[draft.rank])
    draft.depth += 1
    with draft.keeping(), draft.other_rank(rank, lifted):
        text = chain(draft)
    draft.depth -= 1
    lines = [f"{y} = here", f"{lifted} = reshape({shape.format(y)})", f"{lifted} -> {text}"]
    return "\n".join(["{", *lines, f"reshape({back})", "}"])


def resizing_any(draft: Draft) -> str:
    """The same of a signal, a clip, or anything."""
    draft.resize()
    filters, stride = value(draft, "width"), value(draft, "stride")
    kernel = value(draft, "kernel")
    larger = (
        f"upsample({value(draft, 'stride')}, method = {draft.pick('nearest', 'bilinear')})",
        f"conv_transpose({filters}, 3, stride = {stride}{init(draft)})",
        f"conv_transpose({filters}, 2, stride = 2, pad = valid)",
        f"pad(1, mode = {draft.pick('zero', 'edge')})",
    )
    by_rank = {
        0: ("max_pool(2, pad = same)",),
        1: (
            f"conv({filters}, 3, stride = {stride}, pad = causal)",
            "pad([2, 0]) -> max_pool(2)",
            "crop([here.length // 2, 0])",
            "adaptive_avg_pool((here.length + 1) // 2)",
            "reshape([1, here.length * here.channels])",
            "resize(4, nearest)",
        ),
        3: (
            f"conv({filters}, 3x1x1, stride = [{draft.pick('1', '2')}, 1, 1], pad = [1, 0, 0])",
            f"conv({filters}, 1x3x3, stride = 1x2x2, pad = [0, 0, 1, 1, 1, 1])",
            "crop([here.depth - 1, 0, 0, 0, 0, here.width // 2])",
            "pad([1, 0, 0])",
            "adaptive_avg_pool([1, here.height, here.width])",
            "reshape([1, here.depth * here.height, here.width, here.channels])",
            "resize([2, 2, here.width])",
        ),
    }
    return draft.pick(
        *(() if draft.repeats else larger),
        *by_rank[draft.rank],
        f"conv({filters}, {kernel}, stride = {stride})",
        f"depthwise(3, stride = {value(draft, 'stride')}{bias(draft)})",
        f"separable({filters}, 3, stride = {stride}{init(draft)})",
        "max_pool(2, pad = same)",
        f"avg_pool({kernel}, stride = 2, pad = same)",
        "avg_pool(2, ceil = true)",
        f"max_pool(3, stride = {stride}, pad = same)",
    )
