"""`dense` layers that were meant to run on a map: in gates, and at every position of one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.mends.mend import LIKELY, Mend, holds
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

_GATE = "weights of channels are a map of 1x1, as 1x1 convolutions give it"
_POINTWISE = "`dense` at every position of a map is a 1x1 convolution"
_OF_MAPS = ("global_avg_pool", "global_max_pool", "flatten", "max_pool", "avg_pool")


def squeezed(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """A gate of `dense` layers, which gives a vector where a map of 1x1 weighs channels."""
    if first.code != "E303":
        return
    for label in first.labels:
        if not re.fullmatch(r"\d+", label.text):
            continue
        bound = [
            n.span
            for n in nodes
            if isinstance(n, ast.Bind)
            and n.name == label.span.text
            and n.span.end <= label.span.start
        ]
        gate = bound[-1] if bound else label.span
        calls = [n for n in nodes if isinstance(n, ast.Apply) and holds(gate, n.span)]
        pools = [c for c in calls if c.name == "global_avg_pool" and not c.args]
        dense = [c for c in calls if c.name == "dense" and c.args]
        if len(pools) != 1 or not dense:
            continue
        edits = [Fix(pools[0].span, "global_avg_pool(keep = true)"), *_as_convolutions(dense)]
        yield Mend(LIKELY, tuple(edits), _GATE, reveals=True)


def _as_convolutions(dense: Sequence[ast.Apply]) -> Iterator[Fix]:
    for call in dense:
        name, units = call.name_span, call.args[0].span if call.args else call.span
        yield Fix(name, "conv")
        yield Fix(Span(name.source, units.end, units.end), ", 1")


def vectors(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`flatten` or `global_avg_pool` in front of a `dense`, where a count says which."""
    counts = any(isinstance(n, ast.Expect) and n.what != "output" for n in nodes)
    if first.code != "E304" or "wants a vector" not in first.message or not counts:
        return
    if first.primary is None:
        return
    place = first.primary.span
    loops = [n.span.start for n in nodes if isinstance(n, ast.Repeat) and holds(n.span, place)]
    start = min(loops, default=place.start)
    for op in ("flatten", "global_avg_pool"):
        fix = Fix(Span(place.source, start, start), f"{op} -> ")
        why = f"with `{op}` the counts are those that are expected"
        yield Mend(LIKELY, (fix,), why, decides=True)


def pointwise(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`dense` layers of a gate whose pool keeps the map."""
    if first.code != "E304" or first.primary is None or "not a 1 x 1 x" not in first.message:
        return
    place = first.primary.span
    for node in nodes:
        if isinstance(node, ast.Chain) and holds(node.span, place):
            calls = [n for n in walk(node) if isinstance(n, ast.Apply)]
            if not any(c.name.startswith("global_") and c.args for c in calls):
                continue
            dense = [c for c in calls if c.name == "dense" and c.args]
            yield Mend(LIKELY, tuple(_as_convolutions(dense)), _GATE)


def at_positions(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`dense` layers of a mixer, on a map that layers below still want as one."""
    wants = first.code == "E304" and first.message.startswith("`dense` wants a vector")
    if first.primary is None or not wants:
        return
    place = first.primary.span
    for node in nodes:
        if not isinstance(node, ast.Block | ast.Model) or not holds(node.span, place):
            continue
        calls = [n for n in walk(node) if isinstance(n, ast.Apply) and n.span.end > place.start]
        maps = [c.span.start for c in calls if c.name in _OF_MAPS]
        maps += [
            n.span.end for n in walk(node) if isinstance(n, ast.Merge) and holds(n.span, place)
        ]
        dense = [c for c in calls if c.name == "dense" and c.args and c.span.end < max(maps or [0])]
        yield Mend(LIKELY, tuple(_as_convolutions(dense)), _POINTWISE)
