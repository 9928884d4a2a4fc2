"""Elements that bring tensors of several sizes together, or parts of the channels of one."""

from __future__ import annotations

from tests.writing.draft import Draft
from tests.writing.expressions import value
from tests.writing.grammar import ELEMENTS, LAYERS, element
from tests.writing.layers import conv, resizing


def fit(draft: Draft, tensor: str, like: str) -> str:
    """A chain that brings a tensor to the height and width of another one."""
    if not draft.maps:
        return fit_any(draft, tensor, like)
    return draft.pick(
        f"{tensor} -> crop([0, max(0, here.height - {like}.height), 0,"
        f" max(0, here.width - {like}.width)])"
        f" -> pad([0, {like}.height - here.height, 0, {like}.width - here.width])",
        f"{tensor} -> upsample([({like}.height + here.height - 1) // here.height,"
        f" ({like}.width + here.width - 1) // here.width])"
        f" -> crop([0, here.height - {like}.height, (here.width - {like}.width) // 2,"
        f" (here.width - {like}.width + 1) // 2])",
        f"{tensor} -> avg_pool([{tensor}.height, {tensor}.width])"
        f" -> upsample([{like}.height, {like}.width], method = bilinear)",
        f"{tensor} -> global_avg_pool"
        f" -> dense({like}.height * {like}.width * 2)"
        f" -> reshape([{like}.height, {like}.width, 2])",
    )


def fit_any(draft: Draft, tensor: str, like: str) -> str:
    by_rank = {
        0: (),
        1: (
            f"{tensor} -> crop([0, max(0, here.length - {like}.length)])"
            f" -> pad([{like}.length - here.length, 0])",
            f"{tensor} -> global_avg_pool -> dense({like}.length * 2)"
            f" -> reshape([{like}.length, 2])",
        ),
        3: (
            f"{tensor} -> avg_pool({draft.extents(tensor)}) -> upsample({draft.extents(like)})",
            f"{tensor} -> resize({draft.extents(like)}, nearest)",
        ),
    }
    return draft.pick(
        f"{tensor} -> resize({like})",
        f"{tensor} -> resize({like}, {draft.pick('nearest', 'bilinear')})",
        f"{tensor} -> global_avg_pool(keep = true) -> resize({like}, nearest)",
        *by_rank[draft.rank],
    )


@ELEMENTS.enter(2)
def joined_other_size(draft: Draft) -> str:
    """A tensor of any size beside the flow, cut, padded or enlarged by computed amounts."""
    other = draft.pick(*draft.scope.tensors)
    name = draft.fresh("now", "like", "flow", "x")
    brought = fit(draft, other, name)
    if draft.chance(0.5):
        return f"{{\n{name} = here\nconcat [ {name}, {brought} ]\n}}"
    return f"{{\n{name} = here\nadd [ here, {brought} -> conv({name}.channels, 1) ]\n}}"


@ELEMENTS.enter(3, Draft.nests)
def decoder(draft: Draft) -> str:
    """Down, something, and up again to what it came from."""
    name = draft.fresh("skip", "before", "left", "high")
    outer, size = draft.strides, draft.scope.size
    with draft.own_scope():
        draft.scope.tensors[name] = size or 0
        draft.depth += 1
        down = resizing(draft)
        with draft.keeping(), draft.lock(name):
            between = [element(draft) for _ in range(draft.number(0, 2))]
        draft.depth -= 1
        draft.resize()
    draft.strides, draft.scope.size = outer, size
    steps = [down, *between]
    end = draft.pick(
        f"concat [ here, {name} ]",
        f"add [ {name}, conv({name}.channels, 1) ]",
        "relu",
    )
    back = fit(draft, "low", name)
    return f"{{\n{name} = here\nlow = {' -> '.join(steps)}\n{back} -> {end}\n}}"


@ELEMENTS.enter(2)
def split_channels(draft: Draft) -> str:
    """Two parts of the channels with bounds that are computed, and both together again."""
    a, b = draft.fresh("a", "left", "lambda"), draft.fresh("b", "right", "type")
    c, cut = draft.fresh("c", "total"), draft.fresh("cut", "half", "int")
    bound = draft.pick(
        f"({c} + 1) // 2", f"min({value(draft, 'width')}, {c})", f"max(1, int({c} * 0.25))"
    )
    join = draft.pick("concat [ {b}, {a} ]", "concat [ {a}, {b}, {a} ]", "concat [ here, {a} ]")
    lines = [
        f"let {c} = here.channels",
        f"let {cut} = {bound}",
        f"{a} = channels(0, {cut}) -> {conv(draft)}",
        f"{b} = channels(min({cut}, {c} - 1), {c}) -> {LAYERS.write(draft)}",
        join.format(a=a, b=b)
        + draft.pick("", " -> pad_channels(here.channels + here.channels % 2) -> shuffle(2)"),
    ]
    return "\n".join(["{", *lines, "}"])
