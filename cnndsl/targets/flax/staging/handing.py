"""What a use of a block hands over: values, tensors, packs and layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cnndsl.ir import Instance, LayerArgument, Pack
from cnndsl.ir import Tensor as Flowing
from cnndsl.syntax import ast
from cnndsl.targets.flax.staging.draft import Draft, Env, Param, Run, Tensor, Value
from cnndsl.targets.flax.staging.flow import Flow
from cnndsl.targets.flax.staging.kinds import LISTS, frozen, raw_kinds, sample_kinds
from cnndsl.targets.python.expressions import NONE
from cnndsl.targets.python.tree import Call, Constant, Expr, Name, Tuple
from cnndsl.targets.python.tuples import as_pair

if TYPE_CHECKING:
    from cnndsl.targets.flax.staging.items import Items


class Handing:
    """Works out the arguments of uses of blocks."""

    def __init__(self, flow: Flow, items: Callable[[], Items]):
        self.items = items
        self.flow = flow
        self.values = flow.values
        self.draft = flow.draft
        self.module = flow.module
        self.is_said = True  # whether the use says its arguments, and is no argument itself

    def argument(
        self,
        param: Param,
        callee: Draft,
        own: dict[str, Expr],
        block: ast.Block,
        element: ast.Apply,
        recs: Sequence[Instance],
        index: list[int],
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> Expr:
        if param.source == "in":
            return self.flow.features(x)
        if param.source == "features":
            tensor = self.handed(param.origin, block, element, recs, runs, env)
            return NONE if tensor is None else tensor.features
        if param.source == "own":
            return own[param.origin]
        known = [param.values[i] for i in index if i in param.values]
        usual = next(iter(param.values.values()), None)  # of a type that the argument takes
        usual = param.default.value if isinstance(param.default, Constant) else usual
        other = known[0] if known else usual
        seen = [param.values.get(i, other) for i in index]
        return self.values.residual(param.origin, seen, runs)

    def own_arguments(
        self,
        block: ast.Block,
        element: ast.Apply,
        recs: Sequence[Instance],
        runs: list[Run],
        env: Env,
    ) -> dict[str, Expr]:
        """The expression of every value that a use of a block hands over."""
        names = [p.name for p in block.parameters]
        given = {a.name or names[i]: a.value for i, a in enumerate(element.args or ())}
        windows = self.module.windows(block)
        found: dict[str, Expr] = {}
        inner = Env()
        for parameter in block.parameters:
            name = parameter.name
            seen = [frozen(r.args[name]) for r in recs]
            if any(isinstance(v, Flowing | Pack) for v in seen):
                continue
            expr, scope = given.get(name), env
            if expr is None:
                expr, scope = parameter.default, inner
            expr = expr if self.is_said else None
            value: Expr | None = None
            layers = self.module.passing.holds(block.name, name)
            if layers:
                held = [self.module.passing.argument(block.name, name, r.args[name]) for r in recs]
                seen = [frozen(v) for v in held]
            if expr is not None and not (layers and not _names_layers(expr, scope)):
                value = self.values.spell(expr, scope)
            if isinstance(value, Call) and all(isinstance(v, tuple) for v in seen):
                value = None  # what a function makes has no length that a checker knows
            raw = raw_kinds(expr, scope) if expr is not None else None
            axes = windows.get(name, 0)
            is_other = raw in _LISTED and "int" in sample_kinds(seen)
            if not axes and (is_other or raw in _EITHER):
                value = None  # a list here, and a number to the block
            if value is not None and axes:
                if raw == {"int"}:
                    value = Tuple((value,) * axes)
                elif raw == {"int", "pair"} and axes == 2:
                    value = as_pair(value)
                elif raw != {LISTS[axes]}:
                    value = None
                seen = [v if isinstance(v, tuple) else (v,) * axes for v in seen]
            if value is None:
                if expr is not None and scope is env:
                    self.values.fold(expr, env)
                if axes:
                    seen = [v if isinstance(v, tuple) else (v,) * axes for v in seen]
                value = self.values.residual(name, seen, runs)
            found[name] = value
            inner.values[name] = Value(value, None, [r.args[name] for r in recs], axes)
        return found

    def handed(
        self,
        name: str,
        block: ast.Block,
        element: ast.Apply,
        recs: Sequence[Instance],
        runs: list[Run],
        env: Env,
    ) -> Tensor | None:
        """The tensor or pack that a use of a block hands over as `name`; None for `none`."""
        names = [p.name for p in block.parameters]
        given = {a.name or names[i]: a.value for i, a in enumerate(element.args or ())}
        expr = given.get(name)
        if isinstance(expr, ast.Index | ast.List):
            return self.items().pack(expr, [r.picks.get(name) for r in recs], runs, env)
        tensor = env.meant(expr.id) if isinstance(expr, ast.Name) else None
        if tensor is None or all(r.args[name] is not None for r in recs):
            return tensor
        return tensor.or_none()


_LISTED = [{listed} for listed in LISTS.values()]
_EITHER = [{"int", listed} for listed in LISTS.values()]


def _names_layers(expr: ast.Expr, env: Env) -> bool:
    """Whether an expression is a name that holds a layer in some uses; `none` in all is no word
    for the identity."""
    value = env.value(expr.id) if isinstance(expr, ast.Name) else None
    return value is not None and any(isinstance(v, LayerArgument) for v in value.samples)
