"""Names that are known elsewhere, and words in quotes: the edits that make them known here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.mends.mend import LIKELY, Mend, holds
from cnndsl.ops import OPS
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

_CLASSES = frozenset(
    "classes num_classes n_classes nclasses nb_classes class num_class n_class labels"
    " num_labels".split()
)
_USUAL_CLASSES = 10
_UNKNOWN = re.compile(r"(?:there is no op, block or tensor|nothing named) `(\w+)`")


def unseen(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """A tensor that has its name in another body, or in one branch of an `if` alone."""
    found = _UNKNOWN.match(first.message)
    if found is None or first.primary is None or first.code not in ("E101", "E102"):
        return
    name, place = found[1], first.primary.span
    blocks = [n for n in nodes if isinstance(n, ast.Block) and holds(n.span, place)]
    bodies = [n for n in nodes if isinstance(n, ast.Block | ast.Model) and holds(n.span, place)]
    for body in bodies:
        yield from _before_the_branch(body, name, place)
    named = [
        n
        for n in nodes
        if (_names(n, name) or _gives(n, name)) and not any(holds(b.span, n.span) for b in bodies)
    ]
    if blocks and named:
        yield from _as_parameter(nodes, blocks[-1], name)


def _names(node: ast.Node, name: str) -> bool:
    return isinstance(node, ast.Bind | ast.Stage | ast.Run) and node.name == name


def _gives(node: ast.Node, name: str) -> bool:
    """Whether a model's body has a value of that name."""
    match node:
        case ast.Model(parameters=parameters):
            return any(parameter.name == name for parameter in parameters)
        case ast.For(targets=targets):
            return name in targets
    return isinstance(node, ast.Let) and node.name == name


def classes(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`dense(classes)` of a model that has no such parameter; as many as the output has."""
    found = _UNKNOWN.match(first.message)
    if found is None or first.code != "E102" or found[1] not in _CLASSES or first.primary is None:
        return
    place = first.primary.span
    for node in nodes:
        if not isinstance(node, ast.Model) or not holds(node.span, place):
            continue
        alike = [each.name for each in node.parameters if each.name in _CLASSES]
        for name in alike:
            yield Mend(LIKELY, (Fix(place, name),), f"the model calls them `{name}`", reveals=True)
        said = re.search(
            r"\bexpect[ \t]+output[ \t]+\[?[ \t]*(\d+)[ \t]*\]?[ \t]*(?:#|\n|\})", node.span.text
        )
        text = f"{found[1]} = {said[1] if said else _USUAL_CLASSES}"
        source, end = node.span.source, node.name_span.end
        empty = re.compile(r"[ \t]*\([ \t]*\)").match(source.text, end)
        if node.parameters:
            last = node.parameters[-1].span.end
            fix = Fix(Span(source, last, last), f", {text}")
        else:
            fix = Fix(Span(source, end, empty.end() if empty else end), f"({text})")
        yield Mend(LIKELY, (fix,), f"give the model the parameter `{found[1]}`", reveals=True)


def _before_the_branch(body: ast.Node, name: str, place: Span) -> Iterator[Mend]:
    """`if stride != 1 { shortcut = … }`, which names nothing where the stride is 1."""
    for node in walk(body):
        if not isinstance(node, ast.If) or node.span.end > place.start:
            continue
        if not any(_names(inner, name) for inner in walk(node)):
            continue
        source, start = node.span.source, node.span.start
        begin = source.text.rfind("\n", 0, start) + 1
        indent = source.text[begin:start]
        if indent.strip():
            continue
        fix = Fix(Span(source, start, start), f"{name} = here\n{indent}")
        why = f"`{name}` is named in one branch alone; in front of it, say what it is otherwise"
        yield Mend(LIKELY, (fix,), why, reveals=True)


def _as_parameter(nodes: Sequence[ast.Node], block: ast.Block, name: str) -> Iterator[Mend]:
    """A block that names a tensor of the model around its calls."""
    source, text = block.span.source, block.span.source.text
    plain = [each for each in block.parameters if each.default is None]
    if plain:
        end = plain[-1].span.end
        head = Fix(Span(source, end, end), f", {name}")
    elif block.parameters:
        start = block.parameters[0].span.start
        head = Fix(Span(source, start, start), f"{name}, ")
    else:
        end = block.name_span.end
        empty = re.compile(r"[ \t]*\([ \t]*\)").match(text, end)
        head = Fix(Span(source, end, empty.end() if empty else end), f"({name})")
    calls = [n for n in nodes if isinstance(n, ast.Apply) and n.name == block.name]
    edits = [head]
    for call in calls:
        if call.args:
            last = call.args[-1].span.end
            edits.append(Fix(Span(source, last, last), f", {name} = {name}"))
        else:
            span = Span(source, call.name_span.end, call.span.end)
            edits.append(Fix(span, f"({name} = {name})"))
    if any(edit.span.source is not source for edit in edits) or not calls:
        return
    why = f"a block sees its parameters alone, so that `{name}` has to be one"
    yield Mend(LIKELY, tuple(edits), why, reveals=True)


def quoted(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`unit(64, act = "swish")`, of a parameter that stands in a chain."""
    if first.code != "E113" or "a string" not in first.message:
        return
    blocks = {node.name for node in nodes if isinstance(node, ast.Block)}
    found: list[Fix] = []
    for node in nodes:
        given: list[ast.Node | None] = []
        if isinstance(node, ast.Apply):
            given += [argument.value for argument in node.args or ()]
        elif isinstance(node, ast.Parameter):
            given.append(node.default)
        for value in given:
            if not isinstance(value, ast.Literal) or not isinstance(value.value, str):
                continue
            word = value.value if value.value in blocks else value.value.lower()
            if word in OPS or word in blocks:
                found.append(Fix(value.span, word))
    why = "a layer is named without quotes"
    if len(found) > 1:
        for fix in found:
            yield Mend(LIKELY, (fix,), why, reveals=True)
    yield Mend(LIKELY, tuple(found), why, reveals=True)
