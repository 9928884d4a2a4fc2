"""Conditions of branches, in the constructor and in the call."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.ir import Layer, Node
from cnndsl.syntax import ast
from cnndsl.targets.flax.staging.draft import Env, Run
from cnndsl.targets.flax.staging.layers import is_module
from cnndsl.targets.flax.staging.values import Values
from cnndsl.targets.python.expressions import (
    attributes,
    names,
    walk,
)
from cnndsl.targets.python.tree import Attribute, Binary, Constant, Expr, Item, Name, Unary
from cnndsl.walks import children


def condition(
    values: Values,
    expr: ast.Expr,
    flags: list[bool],
    runs: list[Run],
    env: Env,
    chosen: Sequence[Node],
) -> tuple[Expr, Expr]:
    """A condition in the constructor and in the call."""
    name = expr.id if isinstance(expr, ast.Name) else "active"
    test = values.value(expr, flags, runs, env, name)
    if values.draft.is_function:
        spelled = values.spell(expr, env, in_call=True)
        return test, test if spelled is None else spelled
    if _has_tensor_test(expr, env):
        spelled = values.spell(expr, env, in_call=True)
        if spelled is not None:
            return test, spelled
    if values.spell(expr, env) is None and not any(map(builds, chosen)):
        spelled = values.spell(expr, env, in_call=True)
        if spelled is not None:
            return test, spelled
    if any(isinstance(part, Item) for part in walk(test)):  # of channels, which are no attribute
        spelled = values.spell(expr, env, in_call=True)
        if spelled is not None:
            return test, spelled
    if is_plain(test) or values.loops:
        return test, values.lift(test)
    flag = values.draft.variable("active", "flag", stable=True)
    values.define(flag, test)
    return flag, values.lift(flag)


def _has_tensor_test(expr: ast.Expr, env: Env) -> bool:
    return (
        isinstance(expr, ast.Binary)
        and expr.op in ("==", "!=")
        and any(isinstance(s, ast.Name) and env.meant(s.id) for s in (expr.left, expr.right))
    )


def is_plain(test: Expr) -> bool:
    """`expand != 1`, `not skip`: shorter to test again than to keep."""
    if isinstance(test, (Name, Constant)):
        return True
    if attributes(test) and not _locals(test):
        return True
    if isinstance(test, Unary):
        return isinstance(test.operand, (Name, Attribute))
    return (
        isinstance(test, Binary)
        and isinstance(test.left, (Name, Attribute))
        and isinstance(test.right, Constant)
    )


def _locals(expr: Expr) -> set[str]:
    return {n for n in names(expr) if n != "self"}


def builds(frame: Node) -> bool:
    """Whether some op below a frame builds a module."""
    stack: list[Node] = [frame]
    while stack:
        current = stack.pop()
        if isinstance(current, Layer):
            if is_module(current.op):
                return True
        else:
            stack.extend(children(current))
    return False
