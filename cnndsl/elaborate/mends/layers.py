"""Layers that repeat, move or merge otherwise than was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.calls import without
from cnndsl.elaborate.forms import repeats
from cnndsl.elaborate.mends.mend import (
    LIKELY,
    POSSIBLE,
    Mend,
    holds,
)
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

_OF_MERGES = ("E301", "E302", "E303")


def repetitions(nodes: Iterable[ast.Node]) -> Iterator[Mend]:
    """`{ unit(128, 2) } * 4`, of which the first alone strides, as papers mean it."""
    for node in nodes:
        if not isinstance(node, ast.Repeat):
            continue
        body = node.element.span.text
        inner = body[1:-1].strip() if isinstance(node.element, ast.Group) else body
        if "\n" in inner:
            continue
        if isinstance(node.count, ast.Literal) and isinstance(node.count.value, int):
            left = str(node.count.value - 1)
        else:
            left = f"({node.count.span.text} - 1)"
        again = f"* {left}" if left != "1" else ""
        start = node.element.span.start + body.index(inner)
        for plain in _unstrided(node.element, inner, start):
            many = f"{{ {plain} }} {again}" if again else plain
            why = "the first one alone has the stride"
            yield Mend(LIKELY, (Fix(node.span, f"{inner} -> {many}".strip()),), why)
        pooled = re.fullmatch(r"(.*?)\s*->\s*((?:max|avg)_pool\([^()]*\))", inner)
        if pooled:
            text = f"{{ {pooled[1]} }} * {node.count.span.text} -> {pooled[2]}"
            yield Mend(LIKELY, (Fix(node.span, text),), "one pool stands behind all of them")


def braces(spec: ast.Spec) -> Iterator[Mend]:
    """`conv(64, 3) -> relu * 3`."""
    for _, name, fix in repeats(spec):
        yield Mend(LIKELY, (fix,), f"the count is of `{name}` alone")


def _unstrided(element: ast.Node, inner: str, start: int) -> Iterator[str]:
    """The text of what repeats, with a stride of 1 in each place that may be one."""
    for node in walk(element):
        if not isinstance(node, ast.Apply):
            continue
        args = node.args or ()
        for position, argument in enumerate(args):
            value = argument.value
            if not isinstance(value, ast.Literal) or value.value not in (2, True):
                continue
            other = "false" if value.value is True else "1"
            here, end = value.span.start - start, value.span.end - start
            if argument.name is not None and len(args) > 1 and other == "1":
                gone = without(args, position, node.span)
                if gone is not None:
                    yield inner[: gone.span.start - start] + inner[gone.span.end - start :]
                    continue
            if argument.name or position:
                yield inner[:here] + other + inner[end:]


def pools(nodes: Iterable[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """A pool in a branch, which moves by its own size, or has no padding."""
    if first.code not in _OF_MERGES:
        return
    for call in _in_branches(nodes, first):
        if call.name in ("max_pool", "avg_pool") and call.args:
            window = call.args[0].value.span.text
            text = f"{call.name}({window}, stride = 1, pad = same)"
            yield Mend(LIKELY, (Fix(call.span, text),), "a pool that keeps the size of the map")
        elif call.name in ("conv", "depthwise", "separable") and call.args:
            for position, argument in enumerate(call.args):
                if argument.name == "pad":
                    fix = without(call.args, position, call.span)
                    if fix:
                        yield Mend(LIKELY, (fix,), "the default keeps the size of the map")


def windows(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """Another stride of a convolution in a branch, as those beside it have."""
    if first.code not in _OF_MERGES or first.primary is None:
        return
    calls = _in_branches(nodes, first)
    place = first.primary.span
    around = [n for n in nodes if isinstance(n, ast.Block | ast.Model) and holds(n.span, place)]
    beside = [n for each in around for n in walk(each) if isinstance(n, ast.Apply)]
    said = [a.value.span.text for c in beside for a in c.args or () if a.name == "stride"]
    for call in calls:
        if call.name not in ("conv", "depthwise", "separable") or not call.args:
            continue
        position = next((i for i, a in enumerate(call.args) if a.name == "stride"), None)
        if position is not None:
            fix = without(call.args, position, call.span)
            if fix:
                yield Mend(POSSIBLE, (fix,), "the branches have one stride")
            continue
        end = max((a.span.end for a in call.args if a.name is None), default=call.args[-1].span.end)
        for stride in dict.fromkeys(said):
            fix = Fix(Span(call.span.source, end, end), f", stride = {stride}")
            yield Mend(POSSIBLE, (fix,), "the branches have one stride")


def names(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """Another tensor in a branch: that of the right size, of a line that was copied."""
    if first.code not in _OF_MERGES or first.primary is None:
        return
    known: list[str] = []
    for node in nodes:
        match node:
            case ast.Stage(name=name) | ast.Bind(name=name) | ast.Run(name=str(name)):
                if node.span.end <= first.primary.span.start:
                    known.append(name)
    calls = _in_branches(nodes, first)
    joined = {call.name for call in calls}
    for call in calls:
        if call.args is None and call.name in known:
            for name in dict.fromkeys(reversed(known)):
                if name not in joined and _stem(name) == _stem(call.name):
                    why = f"`{name}` has the size that fits"
                    yield Mend(POSSIBLE, (Fix(call.span, name),), why)


def exchanged(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """Two skips in each other's place, as where the first one up takes the first one down."""
    if first.code not in ("E301", "E302"):
        return
    known = {node.name for node in nodes if isinstance(node, ast.Stage | ast.Bind | ast.Run)}
    merged = [node for node in nodes if isinstance(node, ast.Merge)]
    joined = [
        inner
        for merge in merged
        for inner in walk(merge)
        if isinstance(inner, ast.Apply) and inner.args is None and inner.name in known
    ]
    labels = {label.span.text for label in first.labels}
    names_here = list(dict.fromkeys(call.name for call in joined))
    for one in names_here:
        for other in names_here:
            if one not in labels or one == other:
                continue
            names_of = {one: other, other: one}
            edits = [Fix(c.span, names_of[c.name]) for c in joined if c.name in names_of]
            yield Mend(LIKELY, tuple(edits), "what was smallest comes first on the way up")


def _stem(name: str) -> str:
    """A name without its number."""
    return re.sub(r"_?\d+$", "", name)


def inputs(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`add [ in, here ]` in a loop of a model, where `in` is the image."""
    if first.code not in _OF_MERGES or first.primary is None:
        return
    place = first.primary.span
    bodies = [n.body for n in nodes if isinstance(n, ast.For | ast.Stage | ast.Group)]
    around = [body for body in bodies if holds(body.span, place) and body.statements]
    images = [c for c in _in_branches(nodes, first) if c.name == "in"]
    if not images:
        return
    for body in reversed(around):
        start = body.statements[0].span.start
        line = body.span.source.text.rfind("\n", 0, start) + 1
        indent = body.span.source.text[line:start]
        if indent.strip():
            continue
        edits = [Fix(Span(body.span.source, start, start), f"before = here\n{indent}")]
        edits += [Fix(image.span, "before") for image in images]
        why = "`in` is the image here; what comes into each turn gets a name, before = here"
        yield Mend(LIKELY, tuple(edits), why)


def turns(nodes: Iterable[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """One turn of a loop more, or one repetition: a range ends before its end."""
    if first.code != "E305" or first.primary is None:
        return
    for node in nodes:
        if node.span.start > first.primary.span.start:
            continue
        if isinstance(node, ast.For) and isinstance(node.items, ast.Range):
            stop = node.items.stop
            if isinstance(stop, ast.Literal) and isinstance(stop.value, int):
                why = f"a range ends before its end, and `{stop.value + 1}` is not in it"
                longer = Fix(stop.span, str(stop.value + 1))
                yield Mend(LIKELY, (longer,), why)
                inner = [n.index.span for n in walk(node.body) if isinstance(n, ast.Index)]
                picked = [span for span in inner if span.text in node.targets]
                moved = [Fix(span, f"{span.text} - 1") for span in picked]
                yield Mend(LIKELY, (longer, *moved), f"{why}; places are counted from 0")
        elif isinstance(node, ast.Repeat) and isinstance(node.count, ast.Literal):
            count = node.count.value
            for other, much in ((1, "more"), (-1, "fewer")):
                if isinstance(count, int):
                    fix = Fix(node.count.span, str(count + other))
                    yield Mend(POSSIBLE, (fix,), f"it would be true of one {much}")


def _in_branches(nodes: Iterable[ast.Node], first: Diagnostic) -> list[ast.Apply]:
    """The calls that the branches of a merge hold."""
    spans = [label.span for label in first.labels if not label.text.startswith("in this")]
    return [
        node
        for node in nodes
        if isinstance(node, ast.Apply) and any(holds(span, node.span) for span in spans)
    ]


def merges(nodes: Iterable[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`add` for `concat` and the reverse."""
    other = {"E301": "concat", "E302": None, "E303": None}.get(first.code)
    if other and first.primary and first.primary.span.text == "add":
        yield Mend(POSSIBLE, (Fix(first.primary.span, other),), "branches are joined")
