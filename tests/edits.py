"""Edits of a spec's text that follow its syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TypeVar

from cnndsl.source import Source
from cnndsl.syntax import ast
from cnndsl.syntax.parser import parse

N = TypeVar("N", bound=ast.Node)


@dataclass(frozen=True)
class Edit:
    """The characters `start` to `end` (exclusive) become `text`."""

    start: int
    end: int
    text: str


def parsed(text: str) -> ast.Spec | None:
    """The syntax tree; None where the text has a syntax error."""
    return parse(Source("spec.cnn", text))[0]


def replace(node: ast.Node, text: str) -> Edit:
    return Edit(node.span.start, node.span.end, text)


def edited(text: str, edits: list[Edit]) -> str:
    """The text after edits that do not overlap."""
    for edit in sorted(edits, key=lambda edit: -edit.start):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def walk(node: object) -> Iterator[ast.Node]:
    """A node, or a tuple of them, and those below, in the order of the text.

    What a recipe or the preparation of images says is left out.
    """
    if isinstance(node, tuple):
        for item in node:
            yield from walk(item)
    elif isinstance(node, ast.Node) and not isinstance(node, (ast.Train, ast.Preprocess)):
        yield node
        for field in fields(node):
            yield from walk(getattr(node, field.name))


def nodes(spec: ast.Spec, kind: type[N]) -> list[N]:
    """Those of one kind in all definitions."""
    return [node for node in walk(spec.definitions) if isinstance(node, kind)]


def relaxed(text: str) -> str:
    """The spec without its assertions, which a change could make wrong."""
    spec = parsed(text)
    if spec is None:
        return text
    edits = [replace(node, "") for node in nodes(spec, ast.Expect)]
    for statement in walk(spec.definitions):
        if isinstance(statement, (ast.Run, ast.Bind, ast.Stage)) and statement.shape is not None:
            colon = text.rindex(":", 0, statement.shape.span.start)
            edits.append(Edit(colon, statement.shape.span.end, ""))
    return edited(text, edits)
