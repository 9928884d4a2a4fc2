"""`[]` as an argument: the value alone does not say whether a list or a pack is meant."""

from __future__ import annotations

from cnndsl.elaborate.reuse import Known
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import Pack
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk


def fill(block: ast.Block, inner: Scope, known: Known) -> None:
    """Makes a pack of `[]` where the block means one."""
    for name, value in list(inner.values.items()):
        if value == [] and isinstance(value, list):
            if id(block) not in known.packs:
                known.packs[id(block)] = _packs_in(block)
            if name in known.packs[id(block)]:
                del inner.values[name]
                inner.tensors[name] = Pack(())


def _packs_in(block: ast.Block) -> frozenset[str]:
    """The names that a block uses as packs: those of item lists, and those spread in some."""
    found: set[str] = set()
    for node in walk(block.body):
        if isinstance(node, ast.Pack):
            found.add(node.name)
        elif isinstance(node, ast.Spread):
            base = node.value.base if isinstance(node.value, ast.Index) else node.value
            if isinstance(base, ast.Name):
                found.add(base.id)
    return frozenset(found)
