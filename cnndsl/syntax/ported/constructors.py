"""The statements of constructors, which name the layers that are called further down."""

from __future__ import annotations

import ast as python
from collections.abc import Sequence

from cnndsl.syntax.ported.calls import Calls
from cnndsl.syntax.ported.control import is_true, unrolled
from cnndsl.syntax.ported.entries import Choice, Unknown
from cnndsl.syntax.ported.flows import Layer


def declare_or_leave(statement: python.stmt, calls: Calls) -> None:
    try:
        _declare(statement, calls)
    except Unknown:
        if not calls.leaves:
            raise
        match statement:
            case python.Assign(targets=[python.Attribute(attr=name)]):
                calls.layers[name] = [calls.unread(statement)]
            case _:
                calls.notes.append(calls.unread(statement).text.splitlines()[0].removeprefix("# "))


def _declare(statement: python.stmt, calls: Calls) -> None:
    """Notes a layer that a constructor names."""
    match statement:
        case python.Assign(targets=[python.Attribute(attr=name)], value=value):
            match value:
                case python.Name(id=other):
                    calls.values[name] = calls.values.get(other, other)
                    return
                case python.Constant():
                    calls.values[name] = calls.value(value)
                    return
            try:
                calls.layers[name] = _row(value, calls)
            except Unknown:
                calls.values[name] = calls.value(value)
        case python.Assign(targets=[python.Name(id=name)], value=python.List(elts=[])):
            calls.layers[name] = []
        case python.Assign(targets=[python.Name(id=name)], value=value):
            calls.values[name] = calls.value_inside(value)
        case (
            python.AugAssign(target=python.Name(id=name), op=python.Add(), value=value)
            | python.Expr(
                value=python.Call(
                    func=python.Attribute(value=python.Name(id=name), attr="append" | "extend"),
                    args=[value],
                )
            )
        ) if name in calls.layers:
            calls.layers[name] = [*calls.layers[name], *calls.row(value)]
        case python.For() if (body := unrolled(statement, {})) is not None:
            for each in body:
                _declare(each, calls)
        case python.Expr() | python.Assert() | python.Pass():
            return
        case python.If(test=test, body=body, orelse=other) if (known := is_true(test)) is not None:
            for each in body if known else other:
                _declare(each, calls)
        case python.If(test=test, body=body, orelse=other):
            _choose(test, body, other, calls)
        case python.With(body=body):
            for each in body:
                _declare(each, calls)
        case _:
            raise Unknown


def _row(value: python.expr, calls: Calls) -> list[Layer]:
    """The layers that a constructor gives a name, where a condition holds or always."""
    match value:
        case python.IfExp(test=test, body=body, orelse=other):
            rows = [() if _is_nothing(e) else tuple(calls.row(e)) for e in (body, other)]
            condition = calls.value(test)
            if not rows[0]:
                return [Choice(f"not ({condition})", rows[1])]
            return [Choice(condition, *rows)]
    return calls.row(value)


def _is_nothing(node: python.expr) -> bool:
    return isinstance(node, python.Constant) and node.value is None


def _choose(
    test: python.expr, body: Sequence[python.stmt], other: Sequence[python.stmt], calls: Calls
) -> None:
    """Layers that a constructor names in a condition; what they were named before is the other."""
    before, values = dict(calls.layers), dict(calls.values)
    condition = calls.value(test)
    match test:
        case python.UnaryOp(op=python.Not(), operand=python.Name(id=name)):
            condition = f"{calls.values.get(name, name)} == none"  # which is what it may be
    for statement in body:
        _declare(statement, calls)
    chosen, calls.layers = calls.layers, dict(before)
    said, calls.values = calls.values, dict(values)
    for statement in other:
        _declare(statement, calls)
    for name, value in said.items():
        if value != (otherwise := calls.values.get(name, value)):
            calls.values[name] = f"({value} if {condition} else {otherwise})"
        calls.values.setdefault(name, value)
    for name, row in chosen.items():
        if before.get(name) is row:
            continue
        if calls.layers.get(name):
            raise Unknown
        calls.layers[name] = [Choice(condition, tuple(row))]
