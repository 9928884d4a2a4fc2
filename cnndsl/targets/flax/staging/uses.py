"""Uses of blocks: what they hand over, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cnndsl.ir import Element, Instance, Layer, Pack, Ran, Result
from cnndsl.syntax import ast
from cnndsl.targets.flax.names import snake
from cnndsl.targets.flax.ops.emission import BLOCK, KINDS
from cnndsl.targets.flax.staging.draft import Draft, Env, Run, Slot, Tensor, Value
from cnndsl.targets.flax.staging.flow import Flow, all_of
from cnndsl.targets.flax.staging.handing import Handing
from cnndsl.targets.flax.staging.layers import Layers
from cnndsl.targets.flax.staging.packs_out import counted, written_out
from cnndsl.targets.python.draft import Build
from cnndsl.targets.python.expressions import NONE
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import mentions
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Call,
    Constant,
    Expr,
    Item,
    Keyword,
    Name,
    Slice,
    Tuple,
)

if TYPE_CHECKING:
    from cnndsl.targets.flax.staging.items import Items


class Apart(Exception):
    """A block that uses itself and cannot be one definition."""


Elements = Callable[[ast.Element, Sequence[Element], Name, list[Run], Env], None]


class Uses(Handing):
    """Transcribes uses of blocks."""

    def __init__(self, flow: Flow, layers: Layers, element: Elements, items: Callable[[], Items]):
        super().__init__(flow, items)
        self.names: tuple[str, ...] = ()  # what the author calls the results of a chain
        self.results: list[Tensor] = []  # of the last use of a block that gives several
        self.layers = layers
        self.element = element
        self.is_read = False  # whether somebody reads endpoints of a model that runs next
        # The dict of the last use of a model, while its name is to come.
        self.endpoints: tuple[Name, Sequence[Instance], list[Run], str] | None = None

    def instance(
        self,
        element: ast.Apply,
        recs: Sequence[Instance],
        x: Name,
        runs: list[Run],
        env: Env,
        *,
        is_said: bool = True,
    ) -> None:
        """A use of a block; its arguments are not `said` where it came as an argument itself."""
        block = recs[0].block
        self.is_said = is_said
        self.endpoints = None
        only = self.module.only_element(block)
        if only is not None:
            self.inlined(only, element, recs, x, runs, env)
            return
        callee = self.module.callee(block)
        is_open = self.module.is_open(callee)
        callee.uses_itself |= is_open
        if is_open and self.values.loops:  # whose rounds would be of several depths
            raise Apart(f"{callee.name} uses itself in a loop")
        index = [self.module.number(r) for r in recs]
        args: list[Expr] = []
        keywords: list[Keyword] = []
        tensors: list[tuple[str, Expr]] = []
        mapping: dict[str, Expr] = {}
        own = self.own_arguments(block, element, recs, runs, env)
        named = {a.name for a in element.args or () if a.name}
        for param in callee.params:
            if param.source == "tensor":
                tensor = self.handed(param.origin, block, element, recs, runs, env)
                tensors.append((param.name, NONE if tensor is None else tensor.call))
                continue
            value = self.argument(param, callee, own, block, element, recs, index, x, runs, env)
            mapping[param.name] = value
            if not param.handed or (is_open and callee.is_function and param.source == "in"):
                continue
            if param.default is not None and value == param.default:
                keywords.append(Keyword("", NONE))  # from here on by name
                continue
            by_name = keywords or param.origin in named or param.source == "computed"
            if by_name:
                keywords.append(Keyword(param.name, value))
            else:
                args.append(value)
        keywords = [k for k in keywords if k.name]
        while tensors and tensors[-1][1] == NONE and not (callee.is_function and args):
            tensors.pop()
        given = (*((x,) if callee.takes_x else ()), *(t for _, t in tensors))
        if callee.is_function:
            lifted = tuple(map(self.values.lift, args))
            options = tuple(Keyword(k.name, self.values.lift(k.value)) for k in keywords)
            applied = Call(Name(callee.name), (*given, *lifted), options)
        else:
            made = (e for e in mentions([*callee.init, *callee.heads]) if isinstance(e, Build))
            has_tensors = any(build.has_tensors for build in made)
            function = Name(callee.name)
            has_tensors |= is_open
            takes = KINDS if is_open else callee.takes
            build = Build(function, tuple(args), tuple(keywords), takes, has_tensors)
            stem = self.layers.stem or snake(block.name)
            slot = Slot(stem, (), is_block=True, weighted=True, is_quiet=not has_tensors)
            kept = self.values.module(lambda: self.values.slot(build, slot, runs))
            applied = Call(kept, given)
        for name in sorted(callee.folded):  # of a block that uses itself, the draft's own
            if name in mapping:
                self.draft.folded |= self.values.reached(mapping[name])
        self.draft.spatial |= callee.spatial
        if recs[0].results:
            self.several(callee, applied, mapping, recs, x, runs)
            return
        seen = [rec.out.shape[-1] for rec in recs]
        known = self.guessed(callee, mapping, recs, x) if is_open else callee.out
        out = self.out_of(known, mapping, seen, runs)
        if callee.has_endpoints and self.is_read:
            self.opened(callee, applied, recs, x, runs, out)
            return
        self.values.define(self.flow.features(x), out)
        self.flow.line(x, applied, recs, BLOCK, runs)

    def guessed(
        self, callee: Draft, mapping: dict[str, Expr], recs: Sequence[Instance], x: Name
    ) -> Expr | None:
        """The channels of a block's result inside of itself: an argument, or those that arrive,
        if that holds everywhere."""
        for param in callee.params:
            if param.source == "own" and all(
                rec.args[param.origin] == rec.out.shape[-1] for rec in recs
            ):
                return Name(param.name)
        is_kept = all(rec.x.shape[-1] == rec.out.shape[-1] for rec in recs)
        return Name("in_features") if is_kept else None

    def opened(
        self,
        callee: Draft,
        applied: Call,
        recs: Sequence[Instance],
        x: Name,
        runs: list[Run],
        out: Expr,
    ) -> None:
        """A use of a model of which endpoints are read: a dict of the call."""
        held = self.draft.variable(self.values.path[-1] if self.values.path else "found", "results")
        function = Attribute(applied.function, "endpoints")
        self.values.at_call(Assign((held,), Call(function, applied.args)))
        self.values.define(self.flow.features(x), out)
        self.flow.line(x, Item(held, Constant(callee.end)), recs, BLOCK, runs)
        self.endpoints = held, recs, runs, callee.end

    def name_endpoints(self, name: str, env: Env, read: set[str], is_once: bool) -> None:
        """`NAME.endpoint` is an item of the dict that the last use gave, and so is `NAME` itself
        if nothing else gets that name."""
        if self.endpoints is None:
            return
        held, recs, runs, last = self.endpoints
        for end in recs[0].endpoints:
            dotted = f"{name}.{end}"
            if dotted not in read:
                continue
            stem = f"{end}_features"
            seen = [r.endpoints[end].shape[-1] for r in recs]
            features = self.draft.variable(stem, "features")
            self.values.define(features, self.values.residual(stem, seen, runs))
            key = last if end == "logits" else end
            env.tensors[dotted] = Tensor(Item(held, Constant(key)), features)
        known = env.tensors.get(name)
        if is_once and known is not None:
            env.tensors[name] = Tensor(Item(held, Constant(last)), known.features)

    def several(
        self,
        callee: Draft,
        applied: Call,
        mapping: dict[str, Expr],
        recs: Sequence[Instance],
        x: Name,
        runs: list[Run],
    ) -> None:
        """A use of a block that gives several results, or a pack."""
        if len(recs[0].results) == 1:
            held = [x]
        else:
            stems = self.names or ("x",) * len(recs[0].results)
            held = [self.draft.variable(stem, "tensor", named=stem != "x") for stem in stems]
        target: Expr = held[0] if len(held) == 1 else Tuple(tuple(held))
        self.values.at_call(Assign((target,), applied))
        self.results = []
        counts = self.counts(callee, mapping, recs, runs)
        for place, name in enumerate(held):
            seen = [channels_of(rec.results[place]) for rec in recs]
            known = callee.outs[place]
            known = None if known is None else counted(known, counts)
            out = self.out_of(known, mapping, seen, runs)
            self.values.define(self.flow.features(name), out)
            self.results.append(self.flow.tensor(name))

    def counts(
        self, callee: Draft, mapping: dict[str, Expr], recs: Sequence[Instance], runs: list[Run]
    ) -> dict[str, Expr]:
        """How many tensors the packs have that all these uses hand over: a number, or the argument
        that says how many of another pack they are."""
        found: dict[str, Expr] = {}
        for param in callee.params:
            held = [param.values.get(self.module.number(rec)) for rec in recs]
            lengths = [len(each) for each in held if isinstance(each, tuple)]
            if param.source != "features" or len(lengths) < len(recs):
                continue
            if len(set(lengths)) == 1:
                found[param.name] = Constant(lengths[0])
            match mapping.get(param.name):
                case Item(index=Slice(None, Name(id=name) as stop)):
                    said = [p.values for p in self.draft.params if p.name == name]
                    if any([values.get(n) for n, _ in runs] == lengths for values in said):
                        found[param.name] = stop
        return found

    def out_of(
        self,
        known: Expr | None,
        mapping: dict[str, Expr],
        seen: Sequence[object],
        runs: list[Run],
    ) -> Expr:
        """The channels of a block's result, where they are `known` in its own arguments."""
        out = None if known is None else written_out(substitute(known, mapping))
        if out is not None:
            return out
        if len({repr(each) for each in seen}) == 1:
            for value in mapping.values():
                self.draft.folded |= self.values.reached(value)
        return self.values.residual("out_features", seen, runs)

    def inlined(
        self,
        only: ast.Apply,
        element: ast.Apply,
        recs: Sequence[Instance],
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        """A block that is one op or one use of another block stands for that."""
        block = recs[0].block
        inner = Env()
        inner.tensors["in"] = self.flow.tensor(x)
        windows = self.module.windows(block)
        for name, value in self.own_arguments(block, element, recs, runs, env).items():
            samples = [r.args[name] for r in recs]
            inner.values[name] = Value(value, None, samples, windows.get(name, 0))
        for parameter in block.parameters:
            if parameter.name not in inner.values:
                tensor = self.handed(parameter.name, block, element, recs, runs, env)
                if tensor is not None:
                    inner.tensors[parameter.name] = tensor
                else:
                    inner.values[parameter.name] = Value(NONE, None, [None])
        frames = [self.module.first(r).frame for r in recs]
        within = [run.run.elements[0] for f in frames for run in all_of(Ran, f.records[:1])]
        outer, self.layers.stem = self.layers.stem, self.layers.stem or snake(block.name)
        if isinstance(within[0], Layer) and only.name == "bn":
            self.layers.stem = outer
        before = len(self.layers.built)
        self.element(only, within, x, runs, inner)
        self.layers.stem = outer
        if only.name in ("bn", "layer_norm", "group_norm") and len(self.layers.built) > before:
            self.module.name_norm(block.name, self.layers.built[before])


def channels_of(result: Result) -> int | tuple[int, ...]:
    """The channels of a tensor, or of all tensors of a pack."""
    if isinstance(result, Pack):
        return tuple([tensor.shape[-1] for tensor in result.tensors])
    return result.shape[-1]
