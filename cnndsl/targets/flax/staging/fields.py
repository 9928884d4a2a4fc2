"""The arguments of one op, in all executions, as expressions in their normal form."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.ir import Layer
from cnndsl.ops import OPS
from cnndsl.ops.conv import ConvTranspose
from cnndsl.ops.kinds import Border, Codes, Connections, Extents, Padding, PerChannel, Window
from cnndsl.syntax import ast
from cnndsl.targets.flax.ops.conv import transposed_padding
from cnndsl.targets.flax.ops.emission import Fields, component
from cnndsl.targets.flax.staging.draft import Env, Run
from cnndsl.targets.flax.staging.kinds import frozen, raw_kinds
from cnndsl.targets.flax.staging.values import Values
from cnndsl.targets.python.expressions import constant
from cnndsl.targets.python.tree import Attribute, Call, Constant, Expr, Name, Tuple

_LISTS = (PerChannel, Codes, Connections)  # kinds that become tuples of numbers


def fields_of(
    values: Values, element: ast.Apply, recs: Sequence[Layer], runs: list[Run], env: Env, acts: bool
) -> Fields:
    """Every argument of an op; `acts`: the op has no module, and acts in the call alone."""
    kind = OPS[recs[0].op.name]
    names = list(kind.arguments())
    given = {a.name or names[i]: a.value for i, a in enumerate(element.args or ())}
    found: dict[str, Expr] = {}
    for name in names:
        seen = [frozen(getattr(rec.op, name)) for rec in recs]
        expr = given.get(name)
        if expr is None and not _is_one(seen):  # the default follows another argument
            expr = given.get("window")
        transposed = [r.op for r in recs if isinstance(r.op, ConvTranspose)]
        if transposed and name == "pad" and _differ_in_words(seen):
            if expr is not None:
                values.fold(expr, env)
            found[name] = values.residual(name, list(map(transposed_padding, transposed)), runs)
            continue
        found[name] = _field(values, name, kind.arguments()[name].kind, expr, seen,
                             runs, env, acts)  # fmt: skip
    return found


def _is_one(seen: list[object]) -> bool:
    return all(repr(value) == repr(seen[0]) for value in seen)


def _differ_in_words(pads: list[object]) -> bool:
    """Whether margins differ, and are words in some places: `same` is no number of pixels."""
    return not _is_one(pads) and any(isinstance(pad, str) for pad in pads)


def _field(
    values: Values,
    name: str,
    kind: object,
    expr: ast.Expr | None,
    seen: list[object],
    runs: list[Run],
    env: Env,
    acts: bool,
) -> Expr:
    first = seen[0]
    if expr is None or (_is_one(seen) and isinstance(first, (bool, str, type(None)))):
        if expr is not None:
            values.fold(expr, env)
        return constant(first)
    if isinstance(first, tuple) and isinstance(kind, _LISTS) and _is_one(seen):
        values.fold(expr, env)
        return constant(first)
    spelled = values.spell(expr, env, in_call=acts)
    if spelled is not None:
        raw = raw_kinds(expr, env)
        normal = _normal(kind, spelled, raw, first)
        if normal is not None:
            is_name = (
                isinstance(kind, Padding)
                and raw == {"str"}
                and acts
                and not isinstance(normal, Constant)
            )
            return Call(Attribute(normal, "upper")) if is_name else normal
    values.fold(expr, env)
    if isinstance(kind, Border | Padding):
        return _margins(values, name, seen, runs, acts)
    found = values.residual(name, seen, runs)
    return values.lift(found) if acts else found


def _margins(values: Values, name: str, seen: list[object], runs: list[Run], acts: bool) -> Expr:
    """Margins that the compiler works out; where some are words, all are as flax takes them."""

    def residual(forms: list[object]) -> Expr:
        found = values.residual(name, forms, runs)
        return values.lift(found) if acts else found

    if any(isinstance(v, str) for v in seen):
        return residual([_as_flax_has_it(v) for v in seen])
    sides = [v for v in seen if isinstance(v, tuple)]
    if all(len(set(v)) == 1 for v in sides):
        return Tuple((residual([v[0] for v in sides]),) * 4)
    found = residual(seen)
    return Tuple(tuple(component(found, i) for i in range(4)))


def _as_flax_has_it(pad: object) -> object:
    if isinstance(pad, str):
        return pad.upper()
    assert isinstance(pad, tuple)
    return (pad[:2], pad[2:])


def _normal(kind: object, expr: Expr, raw: set[str] | None, first: object) -> Expr | None:
    """An argument as the op's rules see it: windows are pairs, margins have four sides."""
    if isinstance(kind, Window):
        if raw == {"int"}:
            return Tuple((expr, expr))
        return expr if raw == {"pair"} else None
    if isinstance(kind, Border | Padding):
        if raw == {"int"}:
            return Tuple((expr,) * 4)
        if raw == {"pair"}:
            height, width = component(expr, 0), component(expr, 1)
            return Tuple((height, height, width, width))
        if raw == {"list"}:
            return Tuple(tuple(component(expr, i) for i in range(4)))
        return expr if raw is not None and raw <= {"str"} else None
    if isinstance(kind, Extents):
        if raw == {"int"}:
            return Tuple((expr,))
        return expr if isinstance(expr, Tuple) else None
    if isinstance(first, tuple) and not isinstance(expr, (Tuple, Name)):
        return None
    return expr
