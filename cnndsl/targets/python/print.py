"""A tree as the text of a module, as `ruff format` would leave it: Jinja prints what is laid out.

The lines of a statement come from lines.py in parts, blocks of them from blocks.py; what stands
below one another at the top of a module is decided here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby

from cnndsl.targets.python import lines, spelling
from cnndsl.targets.python.blocks import assign, class_, function, remark_lines, template
from cnndsl.targets.python.inline import inline
from cnndsl.targets.python.module_tree import (
    Class,
    Definition,
    Frozen,
    Function,
    Helper,
    Import,
    Module,
)
from cnndsl.targets.python.tree import Assign, Expr, ListOf, Name, Remark, Tuple

_FROZEN_WIDTH = 80  # of a row, behind its margin


def print_module(module: Module) -> str:
    """The text of a module; ValueError for a constant that Python has no literal for.

    It needs Python's stack for as many levels as its expressions nest.
    """
    doc = spelling.docstring(module.doc, "")
    sections = [doc] if doc else []
    sections += ["\n".join(group) for group in _imports(module.imports)]
    definitions = list(_definitions(module.body, bool(sections)))
    return template("module").render(sections=sections, definitions=definitions).lstrip("\n")


def print_expression(expr: Expr) -> str:
    """An expression on one line, however long."""
    return inline(expr)


# --- modules --------------------------------------------------------------------------


def _imports(imports: Sequence[Import]) -> list[list[str]]:
    """Lines of imports, the standard library's by themselves; names of one module together."""
    groups: list[list[str]] = []
    for _, nodes in groupby(imports, _origin):
        statements = groupby(nodes, _statement)
        groups.append([_import(list(names)) for _, names in statements])
    return groups


def _statement(node: Import) -> Import | str:
    """What nodes share that stand in one statement; one that gives another name stands alone."""
    return node.module if node.is_from and not node.alias else node


def _origin(node: Import) -> int:
    name = node.module.split(".")[0]
    if name == "__future__":
        return 0
    return 1 if name in sys.stdlib_module_names else 2


def _import(nodes: Sequence[Import]) -> str:
    first = nodes[0]
    if first.is_from:
        return "".join(lines.imports(first.module, [_imported(node) for node in nodes]))
    return f"import {first.module}" + (f" as {first.name}" if first.name != first.module else "")


def _imported(node: Import) -> str:
    return f"{node.name} as {node.alias}" if node.alias else node.name


def _definitions(body: Sequence[Definition], has_head: bool) -> Iterator[tuple[int, str]]:
    """Every definition with its remarks, and how many lines are empty above it."""
    remarks: list[str] = []
    before = _HEAD if has_head else ""
    for node in body:
        if isinstance(node, Remark):
            remarks += remark_lines(node)
            continue
        kind = _kind(node)
        yield _gap(before, kind), "\n".join([*remarks, _definition(node)])
        remarks, before = [], kind
    if remarks:
        yield _gap(before, _BLOCK), "\n".join(remarks)


_HEAD, _BLOCK, _TABLE, _LINE = "head", "block", "table", "line"


def _kind(node: Definition) -> str:
    """What stands without empty lines between: tables in capitals, or other assignments."""
    match node:
        case Assign(targets=(Name(id=name),)) | Frozen(name=name) if name.isupper():
            return _TABLE
        case Assign() | Frozen():
            return _LINE
        case Helper() if not node.text.startswith(("def ", "class ", "@")):
            return _LINE
    return _BLOCK


def _gap(before: str, kind: str) -> int:
    if not before or (before == kind and kind != _BLOCK):
        return 0
    return 1 if before == _HEAD and kind != _BLOCK else 2


def _definition(node: Definition) -> str:
    match node:
        case Function():
            return function(node, 0)
        case Class():
            return class_(node)
        case Frozen():
            return template("frozen").render(name=node.name, rows=[_row(e) for e in node.rows])
        case Helper():
            return node.text.rstrip("\n")
        case Assign():
            return assign(node, 0)
        case Remark():
            return "\n".join(remark_lines(node))


def _row(expr: Expr) -> list[str]:
    """A row of a table on as many lines as its numbers need."""
    found: list[str] = []
    for word in _words(expr):
        if found and spelling.width(found[-1]) + 1 + spelling.width(word) <= _FROZEN_WIDTH:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _words(expr: Expr) -> list[str]:
    """What a table may be broken between: its items, with brackets and commas."""
    if not isinstance(expr, Tuple | ListOf) or not expr.items:
        return [inline(expr)]
    left, right = ("(", ")") if isinstance(expr, Tuple) else ("[", "]")
    words = [word for item in expr.items for word in _with_comma(_words(item))]
    if isinstance(expr, ListOf) or len(expr.items) > 1:
        words[-1] = words[-1].removesuffix(",")
    words[0] = left + words[0]
    words[-1] += right
    return words


def _with_comma(words: list[str]) -> list[str]:
    return [*words[:-1], f"{words[-1]},"]
