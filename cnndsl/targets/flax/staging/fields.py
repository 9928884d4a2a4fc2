"""The arguments of one op, in all executions, as expressions in their normal form."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.ir import Layer
from cnndsl.ops.base import Op, rank_of
from cnndsl.ops.conv import ConvTranspose
from cnndsl.ops.kinds import Border, Extents, Padding, PerChannel, Window
from cnndsl.ops.pool import AvgPool, MaxPool
from cnndsl.ops.row_kinds import Codes, Connections
from cnndsl.ops.spelled import Same
from cnndsl.ops.tensor_kinds import Grid, SomeExtents
from cnndsl.ops.window import by_axis, is_one, sides
from cnndsl.ops.words import AXIS, BORDER_MODE, Like, Size
from cnndsl.syntax import ast
from cnndsl.targets.flax.ops.conv import transposed_padding
from cnndsl.targets.flax.ops.emission import MODES, Fields, axis_of, component
from cnndsl.targets.flax.staging.draft import Env, Run
from cnndsl.targets.flax.staging.kinds import LISTS, frozen, raw_kinds
from cnndsl.targets.flax.staging.values import Values
from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.expressions import call, constant
from cnndsl.targets.python.tree import Attribute, Call, Constant, Expr, Item, Name, Slice, Tuple
from cnndsl.targets.python.tuples import as_pair

_LISTS = (PerChannel, Codes, Connections, Grid)  # kinds that become tuples of numbers


def fields_of(
    values: Values,
    element: ast.Apply,
    recs: Sequence[Layer],
    runs: list[Run],
    env: Env,
    *,
    acts: bool,
    ranked: bool = True,
) -> Fields:
    """Every argument of an op, but for the initialisers of its vectors.

    `acts`: the op has no module, and acts in the call alone; `ranked`: what arrives has one rank.
    """
    kind = type(recs[0].op)
    names, rank = list(kind.arguments()), rank_of(recs[0].x.shape)
    given = {a.name or names[i]: a.value for i, a in enumerate(element.args or ())}
    transposed = [r.op for r in recs if isinstance(r.op, ConvTranspose)]
    starts = starts_of(kind)
    found: dict[str, Expr] = {}
    for name in names:
        seen = [frozen(getattr(rec.op, name)) for rec in recs]
        expr = given.get(name)
        default = kind.arguments()[name].default
        if expr is None and isinstance(default, Same):
            expr = given.get(default.argument)
        if transposed and name == "pad" and _differ_in_words(seen):
            if expr is not None:
                values.fold(expr, env)
            found[name] = values.residual(name, list(map(transposed_padding, transposed)), runs)
            continue
        if name in starts:
            found[name] = constant(seen[0])
            continue
        axis = kind.arguments()[name].kind is AXIS
        if axis and not ranked and _is_one(seen):
            found[name] = _axis_from_the_end(str(seen[0]), rank)
            continue
        found[name] = _field(values, name, kind.arguments()[name].kind, expr, seen,
                             runs, env, acts, rank)  # fmt: skip
    return found


def starts_of(kind: type[Op]) -> tuple[str, ...]:
    """The arguments that say how an op's tensors start, but for kernels."""
    if kind.name == "param":
        return ("init",)
    known = ("bias_init", "scale_init", "shift_init")
    return tuple(name for name in known if name in kind.arguments())


def _axis_from_the_end(word: str, rank: int) -> Expr:
    """An axis of tensors of several ranks; that of all positions stays a word."""
    axis = axis_of(word, rank)
    if word == "positions" or isinstance(axis, tuple):
        return Constant(word)
    return Constant(axis if axis < 0 else axis - rank - 2)


def _is_one(seen: list[object]) -> bool:
    first, *others = seen
    if all(other is first for other in others):
        return True
    said = repr(first)
    return all(repr(other) == said for other in others)


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
    rank: int,
) -> Expr:
    first = seen[0]
    if kind is AXIS or kind is BORDER_MODE:
        stem = "axes" if kind is AXIS else "fill_mode"  # the author may have an `axis`
        said = list(map(str, seen))
        words: list[object] = [axis_of(w, rank) if kind is AXIS else MODES[w] for w in said]
        return _chosen(values, stem, expr, words, runs, env, acts)
    if expr is not None and isinstance(kind, Like | Size):
        like = values.speller.tensor(expr, env, in_call=True)
        if like is not None:
            shape = Attribute(like.call, "shape")
            size = Slice(Constant(1), Constant(rank + 1))
            return shape if isinstance(kind, Like) else Item(shape, size)
    is_word = _is_one(seen) and isinstance(first, (bool, str, type(None)))
    if expr is None or (is_word and not _differs_elsewhere(expr, env)):
        if expr is not None:
            values.fold(expr, env)
        return constant(first)
    if isinstance(first, tuple) and isinstance(kind, _LISTS) and _is_one(seen):
        values.fold(expr, env)
        return constant(first)
    spelled = values.spell(expr, env, in_call=acts)
    if spelled is not None:
        raw = raw_kinds(expr, env)
        normal = _normal(kind, spelled, raw, first, rank)
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
        return _margins(values, name, seen, runs, acts, rank)
    found = values.residual(name, seen, runs)
    return values.lift(found) if acts else found


def _differs_elsewhere(expr: ast.Expr, env: Env) -> bool:
    """Whether a name has other values too, in uses of a block that do not come here."""
    value = env.value(expr.id) if isinstance(expr, ast.Name) else None
    return value is not None and not _is_one([frozen(each) for each in value.samples])


def _chosen(
    values: Values,
    name: str,
    expr: ast.Expr | None,
    seen: list[object],
    runs: list[Run],
    env: Env,
    acts: bool,
) -> Expr:
    """What jax has for a word, which the compiler chooses."""
    if expr is not None:
        values.fold(expr, env)
    found = values.residual(name, seen, runs)
    return values.lift(found) if acts else found


def rounding_up(values: Values, fields: Fields, recs: Sequence[Layer], runs: list[Run]) -> Fields:
    """The fields of a pool, where `ceil` is the margin behind the map that rounds sizes up.

    It does so for a map of any size, and so does flax's "SAME" where that is said instead.
    """
    pools = [rec.op for rec in recs if isinstance(rec.op, MaxPool | AvgPool)]
    if not any(op.ceil for op in pools):
        return {**fields, "ceil": Constant(None)}
    if all(map(_is_same, pools)):
        return {**fields, "pad": Constant("same"), "ceil": Constant(None)}
    rank = len(pools[0].window)
    if not isinstance(fields["pad"], Tuple):  # a word, which is `valid`
        around = [sides(op.pad, rank) for op in pools]
        fields = {**fields, "pad": _margins(values, "pad", list(around), runs, True, rank)}
    if not all(op.ceil for op in pools):
        found = values.residual("margin", [op.margins_of_ceil() for op in pools], runs)
        return {**fields, "ceil": values.lift(found)}
    margins = tuple(_margin_of_ceil(fields, pools, axis) for axis in range(rank))
    return {**fields, "ceil": Tuple(margins)}


def _is_same(op: MaxPool | AvgPool) -> bool:
    """Whether a pool rounds up as "SAME" does on maps of any size, which pads both sides."""
    if not op.ceil or any(sides(op.pad, len(op.window))) or is_one(op.window):
        return False
    axes = zip(op.window, op.stride, strict=True)
    return all(window == 1 or window == 2 <= step for window, step in axes)


def _margin_of_ceil(f: Fields, pools: list[MaxPool | AvgPool], axis: int) -> Expr:
    """The margin of `ceil` along an axis, by the arguments of the pool that decide it."""
    one, after = Constant(1), component(f["pad"], 2 * axis + 1)
    by_step = binary("-", component(f["stride"], axis), one)
    by_window = binary("-", binary("-", component(f["window"], axis), one), after)
    margins = [op.margins_of_ceil()[axis] for op in pools]
    if margins == [op.stride[axis] - 1 for op in pools]:
        return by_step
    rest = [op.window[axis] - 1 - sides(op.pad, len(op.window))[2 * axis + 1] for op in pools]
    return by_window if margins == rest else call("min", by_step, by_window)


def _margins(
    values: Values, name: str, seen: list[object], runs: list[Run], acts: bool, rank: int
) -> Expr:
    """Margins that the compiler works out; where some are words, all are as flax takes them."""

    def residual(forms: list[object]) -> Expr:
        found = values.residual(name, forms, runs)
        return values.lift(found) if acts else found

    if any(isinstance(v, str) for v in seen):
        return residual([_as_flax_has_it(v) for v in seen])
    around = [v for v in seen if isinstance(v, tuple)]
    if all(len(set(v)) == 1 for v in around):
        return Tuple((residual([v[0] for v in around]),) * (2 * rank))
    found = residual(seen)
    return Tuple(tuple(component(found, i) for i in range(2 * rank)))


def _as_flax_has_it(pad: object) -> object:
    if isinstance(pad, str):
        return pad.upper()
    assert isinstance(pad, tuple)
    return tuple(by_axis(pad))


def _normal(
    kind: object, expr: Expr, raw: set[str] | None, first: object, rank: int
) -> Expr | None:
    """An argument as the op's rules see it: windows have a number, margins two for each axis."""
    if isinstance(kind, Window):
        if raw == {"int"}:
            return Tuple((expr,) * rank)
        if raw == {"int", "pair"} and rank == 2:
            return as_pair(expr)
        return expr if raw == {LISTS.get(rank, "list")} else None
    if isinstance(kind, Border | Padding):
        if raw == {"int"}:
            return Tuple((expr,) * (2 * rank))
        if rank != 2:
            return _listed_margins(expr, rank)
        if raw == {"pair"}:
            height, width = component(expr, 0), component(expr, 1)
            return Tuple((height, height, width, width))
        if raw == {"list"}:
            return Tuple(tuple(component(expr, i) for i in range(4)))
        return expr if raw is not None and raw <= {"str"} else None
    if isinstance(kind, Like) and raw is not None and raw <= {"list", "pair", "triple"}:
        return expr
    if isinstance(kind, Extents | SomeExtents):
        if raw == {"int"}:
            return Tuple((expr,))
        return expr if isinstance(expr, Tuple) else None
    if isinstance(first, tuple) and not isinstance(expr, (Tuple, Name)):
        return None
    return expr


def _listed_margins(expr: Expr, rank: int) -> Expr | None:
    """Margins of a signal or a clip that are written as a list; a word is no list."""
    if not isinstance(expr, Tuple):
        return None
    if len(expr.items) == rank:
        return Tuple(tuple(side for side in expr.items for _ in range(2)))
    return expr
