"""What a module may be made of: transcribing and proving one take a second or two at most."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.ir import Instance, Network, Node
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.walks import children

MAX_WRITTEN = 10_000  # nodes of the syntax tree: names, numbers, ops, statements
MAX_RUN = 40_000  # records of networks; of uses of a block that are alike, those of one
_A_DEFINITION = 10  # nodes, besides its own: what a class of the module takes


def too_large(networks: Sequence[Network]) -> Diagnostic | None:
    """What stands in the way of a module for some networks of one spec.

    Args:
      networks: as elaborated, without mistakes.
    """
    definitions: dict[int, ast.Block | ast.Model | ast.Variant] = {}
    records = 0
    for network in networks:
        definitions.setdefault(id(network.definition), network.definition)
        definitions.setdefault(id(network.declared), network.declared)
        stack: list[Node] = [network.frame]
        while stack:
            current = stack.pop()
            records += 1
            if records > MAX_RUN:
                message = "a module has at most 40,000 nodes as they run, equal blocks counted once"
                return errors.over_budget(network.declared.name_span, message)
            if isinstance(current, Instance):
                definitions.setdefault(id(current.block), current.block)
                if current.like is not None:
                    continue
            stack.extend(children(current))
    written = 0
    for definition in definitions.values():
        written += _A_DEFINITION + sum(1 for _ in walk(definition))
        if written > MAX_WRITTEN:
            message = "a module is made of at most 10,000 names, numbers, ops and statements"
            return errors.over_budget(definition.name_span, message)
    return None
