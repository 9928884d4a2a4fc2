"""How deep a tree is, found without recursion, before anything walks it with recursion."""

from __future__ import annotations

from collections.abc import Iterator

from cnndsl import errors
from cnndsl.syntax import ast
from cnndsl.syntax.layout import MAX_NESTING
from cnndsl.syntax.scan import Mistake

# What holds children without being a level of nesting itself.
_FLAT = (ast.Argument, ast.Parameter, ast.Chain, ast.Body, ast.Run, ast.Bind, ast.Let)


def check_depth(definitions: tuple[ast.Definition, ...]) -> None:
    """Raises `Mistake` where operators and brackets together nest too deeply."""
    waiting: list[tuple[ast.Node, int]] = [(definition, 0) for definition in definitions]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise Mistake(errors.nested_too_deeply(node.span))
        below = depth if isinstance(node, _FLAT) else depth + 1
        waiting += [(child, below) for child in _children(node)]


def _children(node: ast.Node) -> Iterator[ast.Node]:
    """The nodes right below a node, in any order."""
    values = [getattr(node, field) for field in node.__slots__]
    while values:
        value = values.pop()
        if isinstance(value, ast.Node):
            yield value
        elif isinstance(value, tuple):
            values += value
