"""Walking a tree in the order of its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from cnndsl.syntax import ast


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """A node and everything below it, without Python's own stack."""
    stack: list[object] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, ast.Node):
            yield current
            stack.extend([getattr(current, name) for name in _reversed_fields(type(current))])
        elif isinstance(current, tuple):
            stack.extend(reversed(current))


def below(node: ast.Node) -> list[ast.Node]:
    """The nodes right below one, in the order of the text."""
    found: list[ast.Node] = []
    stack: list[object] = [getattr(node, name) for name in _reversed_fields(type(node))]
    while stack:
        current = stack.pop()
        if isinstance(current, ast.Node):
            found.append(current)
        elif isinstance(current, tuple):
            stack.extend(reversed(current))
    return found


_FIELDS: dict[type[ast.Node], list[str]] = {}  # the last one first
_LEAVES = frozenset({"Span", "Span | None", "str", "str | None", "bool", "tuple[str, ...]"})


def _reversed_fields(kind: type[ast.Node]) -> list[str]:
    found = _FIELDS.get(kind)
    if found is None:
        held = [field.name for field in reversed(fields(kind)) if field.type not in _LEAVES]
        found = _FIELDS[kind] = held
    return found
