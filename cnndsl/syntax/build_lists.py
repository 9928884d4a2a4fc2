"""Lists of the grammar: their members between separators, and the bracket that ends them."""

from __future__ import annotations

from typing import TypeVar

from cnndsl import errors
from cnndsl.syntax import ast
from cnndsl.syntax.scan import Word

Member = TypeVar("Member", bound=ast.Node)
Parameters = tuple[ast.Parameter, ...]
Arguments = tuple[tuple[ast.Argument, ...], Word]  # and the closing bracket
Items = tuple[tuple[ast.Item, ...], Word]  # the same


def members(listed: tuple[Member | Word, ...]) -> tuple[Member, ...]:
    """The nodes of a list, without separators and brackets."""
    return tuple([node for node in listed if not isinstance(node, Word)])


def closer(inside: tuple[ast.Node | Word, ...]) -> Word:
    """The bracket that ends a list."""
    close = inside[-1]
    assert isinstance(close, Word), close
    return close


def first_word(statement: ast.Node) -> str:
    return errors.shown(statement.span.text.split()[0], 20)
