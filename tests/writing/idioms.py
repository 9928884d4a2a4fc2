"""Statements that carry something from one place to another: loops, chains of `let`s, blocks."""

from __future__ import annotations

from tests.writing.chains import bracketed
from tests.writing.draft import Draft
from tests.writing.expressions import condition, constant, value
from tests.writing.fitting import fit
from tests.writing.grammar import LAYERS, STATEMENTS, body, element
from tests.writing.layers import activation, conv
from tests.writing.statements import LOOPED, VALUES

ACCUMULATED = "skip total acc all dense_ sum next x features".split()


def accumulated(draft: Draft, name: str, filters: str) -> str:
    """One more step of `name`, whose channels are `filters`."""
    kind = draft.pick("add", "add", "concat", "mul")
    if kind == "concat" and draft.repeats > 1:  # for the size of the network
        kind = "add"
    if kind == "concat":
        filters = draft.pick(filters, value(draft, "width"))
        return f"{name} = concat [ {name}, here -> conv({filters}, 1) ]"
    kernel = value(draft, "kernel")
    step = draft.pick(
        f"here -> conv({name}.channels, {kernel})",
        f"conv({name}.channels, 1) -> {activation(draft)}",
        f"{{ if here.channels != {name}.channels {{ conv({name}.channels, 1) }} }}",
    )
    items = [name, step] if draft.chance(0.7) else [step, name]
    return f"{name} = {kind} [ {', '.join(items)} ]"


def span(draft: Draft) -> str:
    """A range of a few items, or of none."""
    return f"0 .. {bracketed(value(draft, 'times', steady=True))}"


def step(draft: Draft, name: str, filters: str) -> list[str]:
    """The body of a loop or an `if` that goes on with the flow and with `name`."""
    draft.depth += 1
    draft.budget -= 1
    carried = accumulated(draft, name, filters)
    lines = [conv(draft) if draft.chance(0.5) else element(draft)]
    if draft.chance(0.3):
        lines += body(draft, 1, 1)
    place = draft.number(0, len(lines))
    if draft.later and place:  # some lines are halves of statements
        place = len(lines)
    lines.insert(place, carried)
    draft.depth -= 1
    return lines


@STATEMENTS.enter(5, Draft.nests)
def accumulation(draft: Draft) -> list[str]:
    """A tensor bound anew in a loop, an `if`, or one in the other, and read behind it."""
    name = draft.fresh(*ACCUMULATED)
    filters = value(draft, "width", steady=True)
    first = draft.pick(f"conv({filters}, 1)", "here", f"here -> {LAYERS.write(draft)}")
    headers = {
        "for": lambda: f"for {draft.fresh(*LOOPED)} in {span(draft)}",
        "list": lambda: f"for {draft.fresh(*LOOPED)} in {value(draft, 'widths', steady=True)}",
        "if": lambda: f"if {condition(draft)}",
    }
    ways = [("for",), ("list",), ("if",), ("for", "if"), ("if", "list"), ("for", "for")]
    around = [f"{headers[way]()} {{" for way in draft.random.choice(ways)]
    repeats = any(header.startswith("for") for header in around)
    with draft.keeping(), draft.inside(strides=False, repeats=repeats):
        draft.repeats += len(around) > 1
        draft.scope.tensors[name] = draft.scope.size or 0
        with draft.lock(name, filters, *around):
            lines = step(draft, name, filters)
        draft.repeats -= len(around) > 1
    lines = [*around, *lines, *["}" for _ in around]]
    if around[-1].startswith("if") and draft.chance(0.4):
        lines[-len(around)] = f"}} else {{\n{name} = {name} -> {activation(draft)}\n}}"
    draft.scope.tensors[name] = draft.scope.size or 0
    last = draft.pick(
        f"{name} -> conv({value(draft, 'width')}, 1)",
        f"concat [ here, {name} ]",
        f"add [ conv({name}.channels, 1), {name} ] -> relu",
        f"{name} = {name} -> {activation(draft)}",
    )
    return [f"{name} = {first}", *lines, last]


@STATEMENTS.enter(2, Draft.nests)
def previous_tensor(draft: Draft) -> list[str]:
    """As in NASNet: each round sees what came into the round before, whatever its size."""
    prev, before = draft.fresh("prev", "last", "p"), draft.fresh("before", "current", "h")
    now = draft.fresh("now", "here_")
    variable = draft.fresh(*LOOPED)
    items = value(draft, "widths")
    with draft.inside(strides=True, repeats=True):
        draft.scope.values[variable] = "width"
        draft.budget -= 1
        with draft.lock(prev, before):
            inner = element(draft)
    joined = f"add [ here, {fit(draft, prev, now)} -> conv({now}.channels, 1) ]"
    return [
        f"{prev} = {draft.pick('here', 'relu', conv(draft))}",
        f"for {variable} in {items} {{",
        f"{before} = here",
        inner,
        f"{now} = here",
        joined,
        f"{prev} = {before}",
        "}",
    ]


@STATEMENTS.enter(1)
def lets_on_lets(draft: Draft) -> list[str]:
    """Each uses the one before twice: nobody may write out what they say."""
    name = draft.fresh(*VALUES)
    lines = [f"let {name} = {value(draft, 'width')}"]
    for _ in range(draft.number(2, 12)):
        last, name = name, draft.fresh(*VALUES)
        draft.scope.values[name] = "width"
        lines.append(
            draft.pick(
                f"let {name} = ({last} + {last}) % 7 + 1",
                f"let {name} = {last} if {last} > 3 else {last} + 2",
                f"let {name} = max({last}, 8 - {last})",
            )
        )
    return [*lines, f"conv({name}, 1)"]


@STATEMENTS.enter(3, Draft.nests)
def let_carried(draft: Draft) -> list[str]:
    """A value bound anew in a loop or an `if`, and read there and behind it."""
    name = draft.fresh("w", "growth", "i", "dtype", "sum", "filters")
    header = f"for {draft.fresh(*LOOPED)} in {span(draft)}"
    if draft.chance(0.4):
        header = f"if {condition(draft)}"
    first = value(draft, "width")
    draft.scope.values[name] = "width"
    change = draft.pick(f"{name} + 2", f"{name} * 2 % 9 + 1", f"max(1, {name} - 1)")
    lines = [f"let {name} = {change}", f"conv({name}, 1)"]
    draft.random.shuffle(lines)
    with draft.inside(strides=False, repeats=header.startswith("for")):
        if draft.chance(0.4):
            lines.insert(1, f"if {condition(draft)} {{ let {name} = {constant(draft, 'width')} }}")
        lines += body(draft, 0, 1)
    return [f"let {name} = {first}", f"{header} {{", *lines, "}", f"conv({name} + 1, 3)"]
