"""Layers that repeat, move or merge otherwise than was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

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
    if first.code not in ("E301", "E302", "E303"):
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


def windows(nodes: Iterable[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """Another stride of a convolution in a branch, as those beside it have."""
    if first.code not in ("E301", "E302", "E303"):
        return
    calls = _in_branches(nodes, first)
    said = [a.value.span.text for c in calls for a in c.args or () if a.name == "stride"]
    for call in calls:
        if call.name not in ("conv", "depthwise", "separable") or not call.args:
            continue
        position = next((i for i, a in enumerate(call.args) if a.name == "stride"), None)
        if position is not None:
            fix = without(call.args, position, call.span)
            if fix:
                yield Mend(POSSIBLE, (fix,), "the branches have one stride")
        elif said:
            end = call.args[-1].span.end
            fix = Fix(Span(call.span.source, end, end), f", stride = {said[0]}")
            yield Mend(POSSIBLE, (fix,), "the branches have one stride")


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
