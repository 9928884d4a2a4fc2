"""Which statements of a script compute the network: those that its tensors run through."""

from __future__ import annotations

import ast as python
from collections.abc import Collection, Iterable, Iterator, Sequence

from cnndsl.syntax.ported.meaning import is_silent, op_meant
from cnndsl.syntax.ported.values import name_of_call

ENDS = frozenset({"model", "functional"})  # what makes a network of tensors


def runs_through(body: Sequence[python.stmt], own: Collection[str]) -> list[python.stmt]:
    """The statements that call a function, whichever, with a tensor of the network and name what it
    gives: `x = se_block(x, 16)`, alone or in a loop, once `x` is what layers gave.
    """
    tensors: set[str] = set()
    found: list[python.stmt] = []
    for statement in body:
        for names, value in _assigned(statement):
            call = value if isinstance(value, python.Call) else python.Call(value, [], [])
            first = _names(call.args[:1] if _is_plain(call) else [])
            name = name_of_call(call)
            if name in ENDS or is_silent(name) or any(map(is_silent, names)):
                continue
            takes = (first | (names & _names([value]))) & tensors
            makes = op_meant(name) is not None or getattr(call.func, "id", "") in own
            if takes or isinstance(call.func, python.Call) or (makes and first):
                tensors |= names
            if takes and statement not in found:
                found.append(statement)
    return found


def _assigned(statement: python.stmt) -> Iterator[tuple[set[str], python.expr]]:
    """The names that a statement gives values, and the values."""
    for node in python.walk(statement):
        match node:
            case python.Assign(targets=targets, value=value):
                yield _names(targets), value
            case python.AugAssign(target=python.Name(id=name), op=op, value=value):
                own = python.Name(name, python.Load())
                yield {name}, python.BinOp(own, op, value)


def _is_plain(call: python.Call) -> bool:
    """Whether its first argument is no other call, as that of a loss or of a prediction may be."""
    return not any(isinstance(e, python.Call) for each in call.args[:1] for e in python.walk(each))


def _names(nodes: Iterable[python.expr]) -> set[str]:
    return {e.id for each in nodes for e in python.walk(each) if isinstance(e, python.Name)}
