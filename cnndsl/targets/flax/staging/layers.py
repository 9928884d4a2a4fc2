"""Ops of the language to modules and lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from cnndsl.ir import (
    Layer,
)
from cnndsl.ops.base import Op
from cnndsl.ops.brought import Brought
from cnndsl.ops.initial import Start
from cnndsl.syntax import ast
from cnndsl.targets.flax.ops import emit
from cnndsl.targets.flax.ops.brought import emit_brought
from cnndsl.targets.flax.ops.conv import initializer
from cnndsl.targets.flax.ops.emission import DROPOUT, Built, Emission
from cnndsl.targets.flax.staging.alternatives import alternatives
from cnndsl.targets.flax.staging.brought import Claims
from cnndsl.targets.flax.staging.channels import Channels
from cnndsl.targets.flax.staging.columns import RECTIFIED
from cnndsl.targets.flax.staging.draft import Env, Run, Slot
from cnndsl.targets.flax.staging.fields import fields_of, rounding_up, starts_of
from cnndsl.targets.flax.staging.flow import Flow, Surroundings
from cnndsl.targets.flax.staging.kinds import raw_kinds
from cnndsl.targets.python.draft import Build
from cnndsl.targets.python.expressions import call, is_constant, names, path, self_
from cnndsl.targets.python.tree import Assign, Conditional, Expr, Keyword, Name


class _Context:
    """What an op's code depends on besides its arguments."""

    def __init__(
        self,
        module: Surroundings,
        init: Expr | None,
        given: Expr | None,
        starts: Mapping[str, Expr | None],
        name: str | None,
    ):
        self.module = module
        self._initializer = init
        self._given = given
        self._starts = starts
        self._name = name

    def start(self, field: str) -> Expr | None:
        return self._starts.get(field)

    @property
    def initializer(self) -> Expr | None:
        return self._initializer

    @property
    def given(self) -> Expr | None:
        return self._given

    def constant(self, stem: str, value: Expr) -> Expr:
        return self.module.constant(self._name or stem, value) if is_constant(value) else value


class Layers(Channels):
    """Transcribes ops: modules that the constructor makes, and lines of the call."""

    def __init__(self, flow: Flow):
        super().__init__(flow)
        self.module = flow.module
        self.built: list[Build] = []
        self.stem: str | None = None  # of the only element of a block that has no class
        self.left_out = False  # by networks that have no classes

    def layer(
        self, element: ast.Apply, recs: Sequence[Layer], x: Name, runs: list[Run], env: Env
    ) -> None:
        values, name = self.values, recs[0].op.name
        if isinstance(recs[0].op, Brought):
            self.brought(type(recs[0].op), element, recs, x, runs, env)
            return
        rank = self.rank(recs)
        acts = name not in BUILDS
        ranked = rank is not None
        fields = fields_of(values, element, recs, runs, env, acts=acts, ranked=ranked)
        if name in ("max_pool", "avg_pool"):
            fields = rounding_up(values, fields, recs, runs)
        known = fields
        if name in _RESHAPING:
            known = fields_of(values, element, recs, runs, env, acts=False)
        init = given = None
        starts = {
            field: self.start(field, element, recs, runs, env)
            for field in starts_of(type(recs[0].op))
        }
        if name == "param":
            init = starts["init"]
        elif "init" in fields:
            init = self.kernel_init([self.module.kernel_starts(rec) for rec in recs], runs)
        if name == "separable":
            given = self.kernel_init(
                [getattr(rec.op, "init", None) or "lecun_normal" for rec in recs], runs
            )
        features = self.flow.features(x)
        said = values.path[-1] if name == "constant" else None
        context = _Context(self.module, init, given, starts, said)
        written = alternatives(fields, recs)
        emissions = [emit(name, rank, each.fields, features, context) for each in written]
        emission = emissions[0]
        self.draft.helpers |= {helper for each in emissions for helper in each.helpers}
        modules = []
        for i, built in enumerate(emission.modules):
            stem = self.stem if self.stem and len(emission.modules) == 1 else built.attr
            others = {
                other.test: each.modules[i]
                for other, each in zip(written[1:], emissions[1:], strict=True)
            }
            modules.append(self.module_of(built, others, stem, emission, recs, runs))
        value = emission.apply(x, modules)
        like = self._like(element, env) if name == "expand" else None
        total = self.out_features(name, known, recs, runs, features) if like is None else like
        if name == "transpose":
            self.values.settle(features, [r.out.shape[-1] for r in recs], runs, env, total)
        else:
            self.values.define(features, total)
        if value != x:
            self.flow.line(x, value, recs, emission.role, runs)

    def _like(self, element: ast.Apply, env: Env) -> Expr | None:
        """The channels of the tensor whose shape another one takes."""
        expr = element.args[0].value if element.args else None
        tensor = None if expr is None else self.values.speller.tensor(expr, env, in_call=False)
        return None if tensor is None else tensor.features

    def rank(self, recs: Sequence[Layer]) -> int | None:
        """How many axes arrive; None where that differs from use to use of one module, or from
        call to call of one line."""
        found = {len(rec.x.shape) for rec in recs}
        is_built = recs[0].op.name in BUILDS
        if (is_built or len(found) > 1) and any(rec in self.module.ranked for rec in recs):
            return None
        return len(recs[0].x.shape)

    def brought(
        self,
        kind: type[Brought],
        element: ast.Apply,
        recs: Sequence[Layer],
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        """A layer of the author's own, a module like any other."""
        imports, features = self.module.imports, self.flow.features(x)
        claims = Claims(self.values, imports.definition(kind), recs, runs)
        arguments = claims.arguments(element, env)
        emission = emit_brought(kind.name, imports.name(kind), arguments, features)
        stem = self.stem or kind.name
        module = self.module_of(emission.modules[0], {}, stem, emission, recs, runs)
        self.values.define(features, claims.channels(x, features))
        self.flow.line(x, emission.apply(x, [module]), recs, emission.role, runs)

    def module_of(
        self,
        built: Built,
        others: Mapping[Expr, Built],
        stem: str,
        emission: Emission,
        recs: Sequence[Layer],
        runs: list[Run],
    ) -> Expr:
        build = _build(built, emission)
        self.built.append(build)
        module: Expr = built.wrapped(build)
        for test, other in others.items():
            module = Conditional(other.wrapped(_build(other, emission)), test, module)
        if len(emission.modules) == 1 and (self.left_out or any(map(self.module.is_head, recs))):
            units = built.args[1]
            if isinstance(units, Name) or self.left_out:
                module = Conditional(module, units, path("nnx.identity"))
        is_weighted = built.attr in WEIGHTED
        is_quiet = emission.role == DROPOUT
        slot = Slot(stem, (), built.attr, weighted=is_weighted, is_quiet=is_quiet)
        hoists = built.callee == "nnx.Dropout" and self.values.loops and not self.values.counted
        if hoists and self.is_invariant(built.args[0], runs):
            return self.values.module(lambda: self.hoisted(module, slot))
        return self.values.module(lambda: self.values.slot(module, slot, runs))

    def is_invariant(self, expr: Expr, runs: list[Run]) -> bool:
        """Whether all iterations share a module, and every instance runs it."""
        if {n for n, _ in runs} != self.values.loops[0].entered:
            return False
        held = self.draft.variables
        return all(n not in held or held[n].stable for n in names(expr))

    def hoisted(self, build: Expr, slot: Slot) -> Expr:
        """One module without tensors of its own serves all iterations."""
        name = self.draft.unique(slot.stem)
        self.draft.slots[name] = slot
        slot.path = self.values.path
        self.values.loops[0].hoisted.append(Assign((self_(name),), build))
        return self_(name)

    def start(
        self, field: str, element: ast.Apply, recs: Sequence[Layer], runs: list[Run], env: Env
    ) -> Expr | None:
        """The initialiser of a bias, a factor or an offset; None for flax's own."""
        starts: list[Start] = [getattr(rec.op, field) for rec in recs]
        order = list(recs[0].op.arguments())
        given = {a.name or order[i]: a.value for i, a in enumerate(element.args or ())}
        expr = given.get(field)
        number = self.number_said(expr, env)
        if number is not None:
            return call("nnx.initializers.constant", number)
        if expr is not None:
            self.values.fold(expr, env)
        usual = recs[0].op.arguments()[field].default
        if all(start == usual for start in starts):
            return None
        if len(set(starts)) == 1:
            return initializer(starts[0])
        known = _uncalled(usual) if usual in ("zeros", "ones") else None
        return self.values.residual(field, [*map(_uncalled, starts)], runs, known)

    def number_said(self, expr: ast.Expr | None, env: Env) -> Expr | None:
        """The number that a tensor starts with, where arguments say it."""
        match expr:
            case ast.Call(func=ast.Name(id="constant"), args=(ast.Argument(value=expr),)):
                pass
        kinds = None if expr is None else raw_kinds(expr, env)
        if expr is None or not kinds or not kinds <= {"int", "float"}:
            return None
        spelled = self.values.spell(expr, env)
        return None if spelled is None or is_constant(spelled) else spelled

    def kernel_init(self, starts: list[Start], runs: list[Run]) -> Expr | None:
        """The initialiser of a kernel in every execution; None for flax's own."""
        if len(set(starts)) == 1:
            return _initializer(starts[0])
        if set(starts) <= {"he_normal", "lecun_normal"}:
            flag = self.values.residual(RECTIFIED, [s == "he_normal" for s in starts], runs)
            self.draft.helpers.add("he_normal")
            return Conditional(Name("he_normal"), flag, initializer("lecun_normal"))
        kinds = [_initializer(start) or _uncalled(start) for start in starts]
        usual = Name("he_normal") if Name("he_normal") in kinds else None
        return self.values.residual("kernel_init", kinds, runs, usual)


def _build(built: Built, emission: Emission) -> Build:
    keywords = tuple(Keyword(n, v) for n, v in built.keywords.items())
    return Build(path(built.callee), built.args, keywords, built.takes, emission.role != DROPOUT)


BUILDS = frozenset(
    "conv depthwise separable conv_transpose dense rbf bn layer_norm group_norm layer_scale "
    "prelu dropout drop_path subsample instance_norm rms_norm grn param".split()
)


def is_module(op: Op, but: Collection[str] = ()) -> bool:
    """Whether an op is a module, and none of some others."""
    return isinstance(op, Brought) or (op.name in BUILDS and op.name not in but)


# Ops whose arguments decide the channels of their results, without a module.
_RESHAPING = ("pad_channels", "channels", "reshape", "pixel_shuffle", "space_to_depth")
WEIGHTED = ("conv", "dense", "depthwise", "subsample")


def _uncalled(start: Start) -> Expr:
    """An initialiser as a value, which may be a default: no call where the function is one."""
    is_function = start in ("zeros", "ones")
    return path(f"nnx.initializers.{start}") if is_function else initializer(start)


def _initializer(name: Start) -> Expr | None:
    if name == "lecun_normal":
        return None
    return Name("he_normal") if name == "he_normal" else initializer(name)
