"""Models of a random spec, with their variants."""

from __future__ import annotations

import re

from tests.writing.definitions import PARAMETERS, default_value
from tests.writing.draft import Draft
from tests.writing.expressions import arguments, constant
from tests.writing.grammar import LAYERS, body, chain
from tests.writing.kinds import LATER, RARE, WORDS, Block, Kind, Parameter, Table
from tests.writing.layers import to_vector, vector
from tests.writing.statements import loop_over_table

COLUMNS = ("width", "width", "count", "flag", "kernel", "mode", "widths")
TABLES = "table rows settings config blocks all".split()
EXTENTS = ("5", "6", "7", "8", "9")
IMAGES = ("6x6x3", "8x5x2", "7x7x1", "9x8x3", "5x5x4")
SIZES = {
    1: ("12x3", "9x2", "16x1", "7x4", "[10, 2]"),
    2: IMAGES,
    3: ("4x5x5x3", "3x6x4x2", "5x4x4x1", "[4, 4, 4, 2]"),
}
TRAIN = """train {
  optimizer sgd(momentum = 0.9)
  schedule cosine(peak = 0.1, warmup = 5)
  epochs 90
  batch 256
}"""
PREPROCESS = """preprocess {
  size 8
  interpolation bicubic
  mean 0.5
}"""


def model_parameters(draft: Draft) -> list[Parameter]:
    """Each has a default, which may be computed from those before it."""
    listed = [Parameter("classes", "count", constant(draft, "count"))]
    draft.names.add("classes")
    words = (*WORDS, *WORDS, *RARE, *(LATER if draft.later else ()))
    kinds: list[Kind] = [draft.pick(*words) for _ in range(draft.number(0, 4))]
    if draft.chance(0.5):
        columns = tuple(draft.pick(*COLUMNS) for _ in range(draft.number(2, 4)))
        kinds.append(Table(columns))
    for kind in kinds:
        name = draft.fresh(*(TABLES if isinstance(kind, Table) else PARAMETERS[str(kind)]))
        listed.append(Parameter(name, kind, default_value(draft, kind)))
        draft.scope.values[name] = kind
    return listed


def image(draft: Draft, listed: list[Parameter]) -> str:
    """The input, sometimes of a size that is a parameter."""
    if draft.chance(0.75):
        return draft.pick(*images(draft))
    name = draft.fresh("resolution", "size", "input_size")
    listed.append(Parameter(name, "extent", draft.pick(*EXTENTS)))
    if not draft.maps:
        axes = len(draft.axes()) - 1
        return f"[{', '.join([name, *draft.random.choices((name, '4', '5'), k=axes), '2'])}]"
    return draft.pick(f"[{name}, {name}, 3]", f"[{name}, {name} + 1, 2]")


def images(draft: Draft) -> tuple[str, ...]:
    """What a network may look at."""
    return SIZES[draft.rank or draft.random.choice(draft.ranks)]


def head(draft: Draft) -> list[str]:
    """To the logits: a vector, layers and blocks for vectors, the classes."""
    parts = [to_vector(draft)]
    draft.scope.size = None
    if draft.chance(0.3):
        parts.append(vector(draft))
    blocks = [block for block in draft.blocks if block.vectors]
    if blocks:
        chosen = draft.random.choice(blocks)
        given = ", ".join(arguments(draft, chosen.parameters, True))
        parts.append(f"{chosen.name}({given})")
    if draft.chance(0.08):
        return [" -> ".join([*parts, "dense(2)", "rbf(3, [[1, -1], [0.5, 1], [-1, -1]])"])]
    named = f" as {draft.fresh('scores', 'out', 'logits_')} : classes"
    result = f" output {draft.fresh('scores', 'out', 'logits_', 'output')}"
    last = draft.pick("", "", "", " -> softmax", named, result)
    first = [f"here output {draft.fresh('mask', 'out', 'x')}"] if draft.chance(0.1) else []
    return [*first, " -> ".join([*parts, "dense(classes)"]) + last]


def extent_or(draft: Draft, kind: Kind) -> str:
    return draft.pick(*EXTENTS) if kind == "extent" else constant(draft, kind)


def varied(draft: Draft, listed: list[Parameter]) -> str:
    """Arguments of a variant."""
    changed = [p for p in listed if draft.chance(0.5)]
    return ", ".join(f"{p.name} = {extent_or(draft, p.kind)}" for p in changed)


def inputs(draft: Draft, size: str) -> list[str]:
    """One image, or two by name; the first of them flows."""
    if draft.chance(0.85 if draft.later else 0.97):
        return [f"input {size}"]
    names = [draft.fresh("left", "image", "x", "out"), draft.fresh("right", "depth_", "self")]
    if draft.later and draft.chance(0.5):
        return other_inputs(draft, names, size)
    draft.scope.tensors |= dict.fromkeys(names, draft.scope.size or 0)
    del draft.scope.tensors["in"]  # no image is the one that arrives
    return [
        *(f"input {name} {size}" for name in names),
        draft.pick(names[0], f"add [{', '.join(names)}]"),
    ]


def other_inputs(draft: Draft, names: list[str], size: str) -> list[str]:
    """The second input has other axes, and gates the channels of the first."""
    first, second = names
    rank = draft.random.choice([1, 2, 3])
    ones = ", ".join(["1"] * draft.rank)
    gate = draft.fresh("gate", "code", "side")
    with draft.other_rank(rank, second):
        other = draft.pick(*images(draft))
        text = chain(draft)
    draft.scope.tensors[first] = draft.scope.size or 0
    del draft.scope.tensors["in"]
    return [
        f"input {first} {size}",
        f"input {second} {other}",
        f"{gate} = {second} -> {text} -> global_avg_pool",
        first,
        draft.pick(
            f"mul [ here, {gate} -> dense({first}.channels)"
            f" -> reshape([{ones}, {first}.channels]) ]",
            f"relu\nconcat [ here, {first} ]",
        ),
    ]


def inner_model(draft: Draft) -> list[str]:
    """A model that others run on what they have: it keeps the size, and has an endpoint `tap`."""
    draft.begin("model", draft.random.choice((2, 4, 6)))
    listed = model_parameters(draft)
    draft.strides = False
    draft.names.add("tap")
    lines = [f"input {draft.pick(*images(draft))}", *body(draft, 1, 3), "relu as tap"]
    if draft.chance(0.3):
        lines.append(f"{draft.pick('conv(3, 3)', 'bn')} output result")
    headed = len(lines) < 4 or " output " not in lines[-1]
    lines.append("conv(classes, 1)" if headed else "relu")
    draft.models.append(Block("Trunk", tuple(listed), headed=headed, ranks=draft.ranks))
    return [f"model Trunk({', '.join(map(str, listed))}) {{", *lines, "}"]


def model(draft: Draft, budget: int) -> list[str]:
    draft.begin("model", budget)
    listed = model_parameters(draft)
    lines = inputs(draft, image(draft, listed))
    tables = [p for p in listed if isinstance(p.kind, Table)]
    if tables and draft.chance(0.7):
        for _ in range(draft.random.choice((1, 1, 2))):
            lines += loop_over_table(draft)
    lines += body(draft, 1, 3 if budget < 10 else 6)
    if not draft.budget or draft.chance(0.1):
        lines.append(LAYERS.write(draft))
    lines += head(draft)
    if draft.later and draft.chance(0.2):
        lines += expected(lines)
    if draft.chance(0.1):
        text = draft.pick(TRAIN, PREPROCESS if draft.maps else TRAIN)
        has_one = not any(re.match(r"input [a-z_]|.* output ", line) for line in lines)
        lines += [text] if has_one or not draft.later else []
    name = draft.pick("Net", "Net", "resnet", "Conv", "nnx_net", "Tiny_Net")
    if draft.later:
        name += {1: "Signal", 2: "", 3: "Clip"}[draft.rank]
    text = [f"model {name}({', '.join(map(str, listed))}) {{", *lines, "}"]
    for letter in "ABC"[: draft.random.choice((0, 0, 1, 1, 2, 3))]:
        base = draft.pick(name, f"{name}A") if letter != "A" else name
        changed = varied(draft, listed)
        if draft.later and draft.chance(0.1) and can_leave_out_classes(lines, changed):
            changed = f"classes = 0{', ' if changed else ''}{changed}"
        text.append(f"model {name}{letter} = {base}({changed})")
    return text


def expected(lines: list[str]) -> list[str]:
    """What the last line makes of the classes, as an assertion."""
    *before, last = lines
    if "dense(classes)" not in last or any(" output " in line for line in before):
        return []
    name = last.partition(" output ")[2]
    return [f"expect output {name} : classes" if name else "expect output classes"]


def can_leave_out_classes(lines: list[str], changed: str) -> bool:
    """Whether the last layer of a model counts its classes, and no layer but heads' does."""
    text = "\n".join(lines)
    counts = "rbf(" not in text and " output " not in text and "classes = classes" not in text
    return counts and "classes" not in changed
