"""Walking a tree in the order of its text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter

from cnndsl.syntax import ast


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """A node and everything below it, without Python's own stack."""
    stack: list[object] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, ast.Node):
            yield current
            stack.extend(_held(current))
        elif isinstance(current, tuple):
            stack.extend(current[::-1])


def below(node: ast.Node) -> list[ast.Node]:
    """The nodes right below one, in the order of the text."""
    found: list[ast.Node] = []
    stack = list(_held(node))
    while stack:
        current = stack.pop()
        if isinstance(current, ast.Node):
            found.append(current)
        elif isinstance(current, tuple):
            stack.extend(current[::-1])
    return found


_Held = Callable[[ast.Node], Sequence[object]]
_HELD: dict[type[ast.Node], _Held] = {}
_LEAVES = frozenset({"Span", "Span | None", "str", "str | None", "bool", "tuple[str, ...]"})


def _held(node: ast.Node) -> Sequence[object]:
    """What the fields of a node hold that may be nodes, the last one first."""
    kind = type(node)
    found = _HELD.get(kind)
    if found is None:
        found = _HELD[kind] = _getter(kind)
    return found(node)


def _getter(kind: type[ast.Node]) -> _Held:
    names = [field.name for field in reversed(fields(kind)) if field.type not in _LEAVES]
    match names:
        case []:
            return lambda node: ()
        case [name]:
            return lambda node: (getattr(node, name),)
    return attrgetter(*names)
