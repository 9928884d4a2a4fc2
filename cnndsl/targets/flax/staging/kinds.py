"""What values of the language are, by their kind."""

from __future__ import annotations

from collections.abc import Iterable

from cnndsl.ir import LayerArgument
from cnndsl.ops.initial import Initial
from cnndsl.syntax import ast
from cnndsl.targets.flax.staging.draft import Env

LISTS = {2: "pair", 3: "triple"}  # what a list is by its length


def frozen(value: object) -> object:
    """A value of the language as Python holds it for good: lists are tuples."""
    if isinstance(value, Initial):
        return str(value)
    return tuple(map(frozen, value)) if isinstance(value, (list, tuple)) else value


def sample_kinds(values: Iterable[object]) -> set[str]:
    """What values are: "int", "float", "bool", "str", "none", "layer", "pair", "triple" or
    "list"."""
    return {_kind(value) for value in values}


def _kind(value: object) -> str:
    if isinstance(value, LayerArgument):
        return "layer"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str | Initial):
        return "str"
    return LISTS.get(len(value), "list") if isinstance(value, (list, tuple)) else "list"


def raw_kinds(expr: ast.Expr, env: Env) -> set[str] | None:
    """What a value is as the author writes it, before it is brought to its normal form."""
    match expr:
        case ast.Literal():
            return sample_kinds([expr.value])
        case ast.List():
            return {LISTS.get(len(expr.items), "list")}
        case ast.Name():
            value = env.value(expr.id)
            if value is None:
                return None
            return {LISTS[value.axes]} if value.axes else sample_kinds(value.samples)
        case ast.Conditional():
            then, other = raw_kinds(expr.then, env), raw_kinds(expr.other, env)
            return None if then is None or other is None else then | other
        case ast.Index(index=ast.Range()) | ast.Comprehension():
            return None  # of any length
        case ast.Index():
            found = _samples(expr, env)
            return None if found is None else sample_kinds(found)
        case ast.Binary(op="+") if _is_list(expr.left, env) or _is_list(expr.right, env):
            return None
        case ast.Unary() | ast.Binary():
            return {"bool"} if expr_is_test(expr) else {"int"}
        case ast.Attribute():
            return {"list"} if expr.attr == "shape" else {"int"}
        case ast.Call():
            return {"int"} if expr.func.id in ("int", "ceil", "floor", "round", "len") else None
    return None


def _samples(expr: ast.Expr, env: Env) -> list[object] | None:
    """What a name, or an item of what it holds, was somewhere."""
    if isinstance(expr, ast.Name):
        value = env.value(expr.id)
        return None if value is None else list(value.samples)
    if not isinstance(expr, ast.Index) or isinstance(expr.index, ast.Range):
        return None
    whole = _samples(expr.base, env)
    if whole is None:
        return None
    lists = [v for v in whole if isinstance(v, (list, tuple))]
    match expr.index:
        case ast.Literal(value=int(at)):
            return [held[at] for held in lists if at < len(held)]
    return [item for held in lists for item in held]


def _is_list(expr: ast.Expr, env: Env) -> bool:
    if isinstance(expr, ast.Binary):
        return expr.op == "+" and (_is_list(expr.left, env) or _is_list(expr.right, env))
    if isinstance(expr, ast.Comprehension | ast.Range):
        return True
    if isinstance(expr, ast.Index) and isinstance(expr.index, ast.Range):
        return True
    return bool((raw_kinds(expr, env) or set()) & {"pair", "triple", "list"})


def expr_is_test(expr: ast.Unary | ast.Binary) -> bool:
    return expr.op in ("==", "!=", "<", "<=", ">", ">=", "and", "or", "not")
