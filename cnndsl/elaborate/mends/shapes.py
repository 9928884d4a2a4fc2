"""Assertions that are wrong where the layers are right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.mends.mend import (
    LIKELY,
    POSSIBLE,
    Mend,
    parts_of,
    shape_of,
)
from cnndsl.source import Span
from cnndsl.syntax import ast

_SHAPES = re.compile(r"the shape here is ([\dx ]+), not ([\dx ]+)$")


def ranked(nodes: Iterable[ast.Node], mistakes: Sequence[Diagnostic]) -> Iterator[Mend]:
    """`: 112x112` without the channels, and `: 1x1x128` of a vector: all of a kind at once."""
    lists = {(n.span.start, n.span.end): n for n in nodes if isinstance(n, ast.List)}
    short: list[Fix] = []
    pooled: list[Fix] = []
    for each in mistakes:
        found = _SHAPES.match(each.message)
        at = each.primary.span if each.primary else None
        asserted = lists.get((at.start, at.end)) if at and found else None
        if found is None or at is None or asserted is None or at.source is not asserted.span.source:
            continue
        seen, said, parts = found[1].split(" x "), found[2].split(" x "), parts_of(asserted)
        if seen[:-1] == said:
            whole = [*parts, seen[-1]]
            short.append(Fix(at, "x".join(whole) if asserted.size else shape_of(whole)))
        elif len(seen) == 1 and said[-1] == seen[0] and set(said[:-1]) == {"1"}:
            pooled.append(Fix(at, parts[-1]))
    for fixes, why in (
        (short, "a shape has its channels behind height and width"),
        (pooled, "what has no height and width is one number, the features of a vector"),
    ):
        for fix in fixes if len(fixes) > 1 else ():
            yield Mend(LIKELY, (fix,), why)
        yield Mend(LIKELY, tuple(fixes), why)


def asserted(
    nodes: Sequence[ast.Node], first: Diagnostic, mistakes: Sequence[Diagnostic]
) -> Iterator[Mend]:
    """What an assertion says where all is right but one of its numbers."""
    found = re.match(r"the shape here is ([\dx ]+), not ([\dx ]+)$", first.message)
    found = found or re.match(r"the network's output is ([\dx ]+), not ([\dx ]+)$", first.message)
    several = sum(each.code in ("E305", "E402") for each in mistakes) > 1
    if found is None or several or first.help is not None or first.primary is None:
        return
    seen, said = (list(map(int, found[i].split(" x "))) for i in (1, 2))
    span = first.primary.span
    asserted = [n for n in nodes if isinstance(n, ast.List) and _same(n.span, span)]
    if len(asserted) != 1 or len(seen) != len(said):
        return
    parts = parts_of(asserted[0])
    others = [(a, b) for a, b in zip(seen, said, strict=True) if a != b]
    counted = any(isinstance(n, ast.Expect) and n.what != "output" for n in nodes)
    is_square = counted and len(set(others)) == 1  # a count says whether the layers are right
    if len(others) == 1 or is_square or seen[:2] == said[1::-1]:
        kept = [_as(*each) for each in zip(parts, said, seen, strict=True)]
        text = "x".join(kept) if asserted[0].size else shape_of(kept)
        yield Mend(POSSIBLE, (Fix(span, text),), "if the layers are right, this is their shape")


def _as(part: str, said: int, seen: int) -> str:
    """A number of an assertion as another one, in the terms of the first if it can be."""
    factor = re.fullmatch(r"(\d+) \* (\w+)|(\w+) \* (\d+)", part)
    if said == seen:
        return part
    if factor:
        number, name = int(factor[1] or factor[4]), factor[2] or factor[3]
        value = said // number
        if value and said % number == 0 and seen % value == 0:
            return f"{seen // value} * {name}"
    return str(seen)


def _same(span: Span, other: Span) -> bool:
    return span.source is other.source and (span.start, span.end) == (other.start, other.end)
