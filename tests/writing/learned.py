"""Tensors that no chain computes, groups of channels, and sums that begin in a loop."""

from __future__ import annotations

from tests.writing.draft import Draft
from tests.writing.expressions import condition, constant, named, value
from tests.writing.grammar import ELEMENTS, STATEMENTS, chain
from tests.writing.kinds import UNKNOWN
from tests.writing.layers import activation

TENSORS = "gate place query bias mask weight self x param_ Parameter constant_ out".split()
COUNTERS = "i j k level n index s".split()


def ones(draft: Draft, last: str) -> str:
    """The shape of a tensor with one position, as far as it is known how many axes that takes."""
    return f"[{', '.join(['1'] * draft.rank + [last])}]" if draft.rank else last


def start(draft: Draft, *, vector: bool = False) -> str:
    """How a tensor starts; a vector has no number of inputs to go by."""
    level = draft.pick("0.5", "-1", named(draft, "alpha"), named(draft, "index"))
    words = ["zeros", "ones", "normal(0.1)", "truncated_normal(0.02)", "uniform(0.5)"]
    words += [f"constant({level})", f"constant({level})"]
    if not vector:
        words += ["glorot_uniform", "he_normal", 'variance_scaling(1.0, "fan_in", "normal")']
    return draft.pick(*words)


def name(draft: Draft) -> str:
    """A new name, or now and then one that a tensor has."""
    old = [n for n in draft.scope.tensors if n != "in" and n not in draft.locked]
    if old and not draft.repeats and draft.chance(0.15):
        return draft.pick(*old)
    return draft.fresh(*TENSORS)


@STATEMENTS.enter(6, later=True)
def learned_place(draft: Draft) -> list[str]:
    """As large as what arrives, so that it may be read like any other tensor."""
    found, shape = name(draft), "here.shape"
    if draft.rank and draft.chance(0.5):
        shape = draft.extents("here", draft.pick("here.channels", "1", value(draft, "width")))
    given = draft.pick(start(draft), start(draft), "FIXED")
    line = f"param {found} = {given}({shape})"
    if given == "FIXED":
        level = draft.pick("ones", "zeros", f"constant({value(draft, 'alpha')})")
        line = f"constant {found} = {level}({shape})"
    draft.scope.tensors[found] = draft.scope.size or 0
    joined = draft.pick(
        f"add [ conv({found}.channels, 1), {found} ]",
        f"concat [ {found}, here ]",
        f"mul [ here, {found} -> reduce_mean(channels) ]",
        f"conv({found}.channels, 1)",
        f"mul [ conv({found}.channels, 1), {found} ]",
        f"sub [ {found}, conv({found}.channels, 1) ]",
        f"{found} -> {activation(draft)}",
        "relu",
    )
    return [line, f"{joined} -> conv(2, 1)" if draft.repeats > 1 else joined]


@STATEMENTS.enter(5, lambda draft: draft.rank > 0, later=True)
def learned_gate(draft: Draft) -> list[str]:
    """One number for each channel, or for each position along some axes."""
    found = name(draft)
    axes = [f"here.{axis}" if draft.chance(0.3) else "1" for axis in draft.axes()]
    shape = f"[{', '.join([*axes, draft.pick('here.channels', 'here.channels', '1')])}]"
    line = f"param {found} = {start(draft)}({shape})"
    if draft.chance(0.3):
        line = f"constant {found} = {draft.pick('ones', 'constant(0.5)')}({shape})"
    lines = [line]
    joined = draft.pick(
        f"mul [ here, {found} ]",
        f"mul [ {found} -> sigmoid, here ]",
        f"add [ here, {found} -> expand(here) ]"
        if draft.chance(0.1)
        else f"maximum [ {found}, here ]",
        f"sub [ here, {found} ]",
        f"div [ here, {found} -> abs -> rescale(1.0, 1.0) ]",
        f"{{ mul [ here, {found} ] }} * {draft.number(0, 3)}",
    )
    if "expand(here)" in joined:
        like = draft.fresh("like", "now")
        lines.append(f"{like} = here")
        joined = joined.replace("expand(here)", f"expand({like})")
    if draft.chance(0.2):
        test = condition(draft)
        joined = f"if {test} {{ {joined} }}"
    if draft.chance(0.2):
        joined = f"for {draft.fresh(*COUNTERS)} in 0 .. {draft.number(0, 3)} {{ {joined} }}"
    draft.scope.tensors[found] = UNKNOWN
    return [*lines, joined]


@STATEMENTS.enter(2, lambda draft: draft.rank > 0, later=True)
def learned_in_arms(draft: Draft) -> list[str]:
    """Each arm has a tensor of its own under one name; each round has one."""
    found = draft.fresh(*TENSORS)
    shape = ones(draft, "here.channels")
    if draft.chance(0.5):
        with draft.inside(strides=False, repeats=True):
            variable = draft.fresh(*COUNTERS)
            draft.scope.values[variable] = "width"
            first = f"conv({variable}, 1) -> " if draft.chance(0.5) else ""
            inner = draft.pick("", "", f"if {condition(draft)} {{ relu }}\n")
        kind = draft.pick("param", "param", "constant")
        given = "ones" if kind == "constant" else start(draft)
        return [
            f"for {variable} in {value(draft, 'widths', steady=True)} {{",
            f"{inner}{first}{activation(draft)}",
            f"{kind} {found} = {given}({shape})",
            f"mul [ {found}, here ]",
            "}",
        ]
    arms = [f"param {found} = {start(draft)}({shape})" for _ in range(draft.number(2, 3))]
    if draft.chance(0.3):
        arms[-1] = f"constant {found} = {draft.pick('ones', 'zeros')}({shape})"
    if draft.chance(0.3):
        arms[0] = f"{found} = global_avg_pool(keep = true)"
    text = " else ".join(f"if {condition(draft)} {{ {arm} }}" for arm in arms[:-1])
    draft.scope.tensors[found] = UNKNOWN
    return [f"{text} else {{ {arms[-1]} }}", f"mul [ here, {found} ]"]


@ELEMENTS.enter(3, later=True)
def vector_gate(draft: Draft) -> str:
    """A learned or fixed vector beside a pooled one, or queries that nothing feeds."""
    found, y = draft.fresh(*TENSORS), draft.fresh("y", "z", "flow")
    number = draft.fresh(*COUNTERS)
    line = draft.pick(
        f"param {found} = {start(draft, vector=True)}({y}.channels)",
        f"constant {found} = [{number} / 4 for {number} in 0 .. {y}.channels]",
        f"constant {found} = constant(0.5)({y}.channels)",
        f"param {found} = zeros([{y}.channels])",
    )
    lines = [f"{y} = here", line]
    if draft.rank:
        shape = ones(draft, f"{y}.channels")
        gate = draft.pick(
            f"mul [ {y}, {found} -> reshape({shape}) ]",
            f"mul [ {y}, add [ {y} -> global_avg_pool, {found} ] -> reshape({shape}) ]",
            f"add [ {y}, {found} -> reshape({shape}) -> expand({y}) ]",
        )
        return "\n".join(["{", *lines, gate, "}"])
    return "\n".join(["{", *lines, f"side = {found} -> dense(2)", y, "}"])


@ELEMENTS.enter(2, lambda draft: draft.rank > 0, later=True)
def queries(draft: Draft) -> str:
    """A tensor at the head of a chain, that is brought to the size of the flow."""
    found, y = draft.fresh("query", "code", "tokens"), draft.fresh("y", "now")
    size = ", ".join([str(draft.number(1, 3)) for _ in range(draft.rank)])
    width = value(draft, "width", steady=True)
    if draft.maps and draft.chance(0.4):
        row = f"[[{constant(draft, 'alpha')}, -1], [0, {value(draft, 'alpha')}]]"
        line = f"constant {found} = [{row}, [[0.5, 2], [1, 0]]]"
    else:
        line = f"param {found} = {start(draft)}([{size}, {width}])"
    method = draft.pick("nearest", "bilinear")
    joined = draft.pick(
        f"add [ {y}, {found} -> conv({y}.channels, 1) -> resize({y}) ]",
        f"concat [ {y}, {found} -> {activation(draft)} -> resize({y}, {method}) ] -> conv(2, 1)",
        f"{found} -> conv({width}, 3) -> resize({y}, {method})",
        f"mul [ {found} -> conv({y}.channels, 1) -> resize({y}), {y} ]",
    )
    return "\n".join(["{", f"{y} = here", line, joined, "}"])


# --- packs of channels, and sums -------------------------------------------------------


@STATEMENTS.enter(3, later=True)
def split_in_groups(draft: Draft) -> list[str]:
    """A pack of equal groups of channels, each with a layer of its own, as in Res2Net."""
    groups, width = draft.number(1, 4), value(draft, "width", steady=True)
    parts, i, y = (
        draft.fresh("parts", "xs", "groups"),
        draft.fresh(*COUNTERS),
        draft.fresh("y", "z"),
    )
    lines = [f"{parts} = conv({groups} * ({width}), 1) -> split({groups})"]
    ways = [
        [f"concat {parts} -> conv({width}, 1)"],
        [f"add [ {parts}[0] -> relu, {parts}[-1] ]"],
        [f"concat [ {parts}[-1], {parts}[0 .. len({parts}) - 1].. ]"],
        [
            f"{y} = {parts}[0]",
            f"for {i} in 0 .. len({parts}) {{",
            f"if {i} == 0 {{ {y} = {parts}[{i}] }} else {{",
            f"{y} = add [ {parts}[{i}], {y} ] -> conv({y}.channels, 3)",
            "}",
            "}",
            f"{y} -> relu",
        ],
        [f"mul [ for {i} in 0 .. len({parts}) {{ {parts}[{i}] -> conv({width}, 2 * {i} + 1) }} ]"],
    ]
    used = draft.random.choice(ways)
    if draft.repeats > 1:
        used.append("conv(2, 1)")
    return [*lines, *used]


@STATEMENTS.enter(3, Draft.nests, later=True)
def sum_from_the_first_term(draft: Draft) -> list[str]:
    """No tensor is zero: what a loop adds up is none at first, or begins with the first round."""
    total, i = draft.fresh("acc", "total", "sum"), draft.fresh(*COUNTERS)
    filters, ws = value(draft, "width", steady=True), value(draft, "widths", steady=True)
    y = draft.fresh("y", "term")
    kind = draft.pick("add", "mul", "maximum")
    grown = f"{total} = {kind} [ {total}, {y} ]"
    with draft.keeping(), draft.lock(filters, ws), draft.inside(strides=False, repeats=True):
        text = f"{y} = {chain(draft, 2)} -> conv({filters}, 1)"
    if draft.chance(0.5):
        ws = constant(draft, "widths")
        head = [f"let {total} = none", f"for {i} in {ws} {{"]
        inner = [text, f"if {total} == none {{ {total} = {y} }} else {{ {grown} }}"]
    else:
        head = [f"for {i} in 0 .. {draft.number(1, 3)} {{"]
        inner = [text, f"if {i} == 0 {{ {total} = {y} }} else {{ {grown} }}"]
    if "let" not in head[0]:  # else it is a value where no chain begins
        draft.scope.tensors[total] = draft.scope.size or 0
    return [*head, *inner, "}", f"{total} -> {activation(draft)}"]
