"""Names that were meant to move what flows, as a variable does in a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.mends.mend import SURE, Mend, holds
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

_STAYS = "`NAME = …` names a result and leaves what flows as it was"
_BEFORE = (ast.Input, ast.Let, ast.Shared, ast.Expect, ast.Preprocess, ast.Train)


def unmoved(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`x = conv(32, 3)`, `x = max_pool(2)`, which both begin with what arrived in the body."""
    if first.primary is None or not first.code.startswith("E3"):
        return
    places = [first.primary.span]
    places += [label.span for label in first.labels if label.text.startswith("in this")]
    for node in nodes:
        if not isinstance(node, ast.Model | ast.Block | ast.Stage):
            continue
        at = [i for i, st in enumerate(node.body.statements) if _has(st, places)]
        if at:
            yield from _in_a_row(node.body.statements, at[0])


def declared(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`fc1 = dense(10)` in front of the lines that run it, as in a constructor: `here -> fc1`."""
    if not first.code.startswith("E3") and first.code != "E132":
        return
    chains = [node for node in nodes if isinstance(node, ast.Chain)]
    behind = {e.span.text for c in chains for e in c.elements[1:]}
    begin = {_begins_with(c.elements[0]) for c in chains}
    bound = [n for n in nodes if isinstance(n, ast.Bind) and n.name in behind - begin]
    plain = [n for n in bound if all(type(e) is ast.Apply for e in n.chain.elements)]
    fixes = (Fix(Span(n.span.source, n.span.start, n.span.start), "shared ") for n in plain)
    if edits := tuple(fixes):
        yield Mend(SURE, edits, _RUNS, reveals=True)


_RUNS = "layers that run where their name stands are shared, and not run where they are named"


def _has(statement: ast.Statement, places: Sequence[Span]) -> bool:
    return isinstance(statement, ast.Bind | ast.Run) and any(
        holds(statement.span, place) for place in places
    )


def _in_a_row(statements: Sequence[ast.Statement], place: int) -> Iterator[Mend]:
    """The lines up to one with a mistake, if all of those in front of it name what they give."""
    lines = [st for st in statements[: place + 1] if not isinstance(st, _BEFORE)]
    for st in statements[place + 1 :]:
        if not isinstance(st, ast.Bind):
            break
        lines.append(st)
    named = [st for st in lines if isinstance(st, ast.Bind)]
    steps = [st for st in lines if isinstance(st, ast.Bind | ast.Run)]
    if len(steps) != len(lines) or len(named) < len(lines) - 1 or len(lines) < 2:
        return
    if any(isinstance(st.chain.elements[0], ast.Made) for st in named):
        return
    names = {st.name for st in named}
    begin = [_begins_with(st.chain.elements[0]) for st in steps]
    begins = [name in names for name in begin]
    if len(names) == 1 and not any(begins) and not _reads(statements, *names):
        gone = (Fix(Span(s.span.source, s.span.start, s.chain.span.start), "") for s in named)
        yield Mend(SURE, tuple(gone), _STAYS.replace("NAME", named[0].name), reveals=True)
    edits = tuple(
        Fix(Span(after.chain.span.source, start, start), f"{before.name} -> ")
        for (before, after), has_name, word in zip(
            pairwise(steps), begins[1:], begin[1:], strict=True
        )
        if isinstance(before, ast.Bind) and not has_name and word not in ("", "in", "here")
        for start in [after.chain.span.start]
    )
    yield Mend(SURE, edits, _STAYS.replace("NAME", named[0].name), reveals=True)


def _begins_with(element: ast.Element) -> str:
    """The name of a chain's first layer or tensor; none of a merge, which says what it takes."""
    if isinstance(element, ast.Repeat):
        return _begins_with(element.element)
    if isinstance(element, ast.Apply):
        return element.name.partition(".")[0]
    return "{" if isinstance(element, ast.Group) else ""


def _reads(statements: Sequence[ast.Statement], name: str) -> bool:
    """Whether anything in a body speaks of a tensor."""
    nodes = (node for st in statements for node in walk(st))
    return any(
        (isinstance(node, ast.Name) and node.id == name)
        or (isinstance(node, ast.Apply) and node.name.partition(".")[0] == name)
        for node in nodes
    )
