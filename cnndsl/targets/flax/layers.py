"""One op of a definition to the modules that it builds and the expression that applies it."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

from cnndsl.ir import Layer
from cnndsl.ops import OPS
from cnndsl.ops.base import Op
from cnndsl.syntax import ast
from cnndsl.targets.flax.calls import emit
from cnndsl.targets.flax.draft import Built
from cnndsl.targets.flax.emission import Context
from cnndsl.targets.flax.emission import Layer as Module
from cnndsl.targets.flax.flow import BLOCK, MERGED, Flow, Site
from cnndsl.targets.flax.lines import Lines
from cnndsl.targets.flax.numbers import Num, Real, spelled
from cnndsl.targets.flax.pyexpr import Lit, Py, Scope, bindings, is_runtime
from cnndsl.targets.flax.spelling import Env, Unspellable, respelled

# Arguments that are booleans, with the keyword that flax has for each.
_FLAGS = {"bias": "use_bias", "scale": "use_scale", "shift": "use_bias", "pad": "padding"}

# Arguments of ops that only the call needs: there sizes of tensors can be read.
AT_CALL = frozenset({"amount", "window", "start", "stop", "total", "factor"})


class Layers(Lines):
    """Lowers ops; `recs` are the op's records in all instances."""

    def layer(
        self, element: ast.Apply, recs: list[Layer], flow: Flow, at: Site, stem: str | None = None
    ) -> Flow:
        op, flags = self.spelled_op(element, recs, at.env)
        x = self.spelled_shape(recs, flow)
        out = op.output(x)
        channels = self.out_channels(op, recs, out)
        context = Context(self.module.followed_by(recs), _varies)
        emission = emit(op, x, context)
        flow = self.join(flow, emission.role, at.target, emission.atom)
        self.state.helpers.update(dict.fromkeys(emission.helpers))
        hoist = op.name in ("dropout", "drop_path") and self.is_invariant(op)
        if flags and not emission.layers:
            return self.either(op, flags, x, context, recs, flow, at.target, channels)
        attrs = [
            self.module_of(
                "" if emission.layers[1:] else self.optional_head(op, recs),
                layer,
                at.path,
                stem,
                flags if layer is emission.layers[-1] else {},
                hoist,
            )
            for layer in emission.layers
        ]
        text = emission.apply(flow.text, attrs, self.call_text)
        tensors = tuple(rec.out for rec in recs)
        if text == flow.text:  # a window of one pixel
            return replace(flow, tensors=tensors)
        return flow.with_role(
            text, emission.role, channels=channels, tensors=tensors, compound=emission.compound
        )

    def either(
        self,
        op: Op,
        flags: dict[str, Py],
        x: tuple[int, ...],
        context: Context,
        recs: list[Layer],
        flow: Flow,
        target: str,
        channels: Py | None,
    ) -> Flow:
        """An op without weights of which some instances set a flag: one form or the other."""
        if len(flags) > 1:
            raise Unspellable("flags")
        ((name, condition),) = flags.items()
        flow = self.settle(flow, target)
        texts = []
        for value in (True, False):
            emission = emit(dataclasses.replace(op, **{name: value}), x, context)
            self.state.helpers.update(dict.fromkeys(emission.helpers))
            texts.append(emission.apply(flow.text, [], self.call_text))
        text = f"{texts[0]} if {self.at_call(condition)} else {texts[1]}"
        tensors = tuple(rec.out for rec in recs)
        return Flow(text, channels, tensors, frozenset({BLOCK, MERGED}), compound=True)

    def module_of(
        self,
        guard: str,
        layer: Module,
        path: tuple,
        stem: str | None,
        flags: dict[str, Py],
        hoist: bool,
    ) -> str:
        call = layer.call
        kwargs = {name: self.text(value) for name, value in call.kwargs.items()}
        kwargs.update({_FLAGS[name]: self.at_init(py) for name, py in flags.items()})
        args = [self.text(arg) for arg in call.args]
        name = stem or layer.attr
        built = self.build(Built(call.callee, args, kwargs, call.takes, layer.attr))
        if guard:
            built = f"{built} if {guard} else nnx.identity"
        weighted = layer.attr in ("conv", "dense", "depthwise", "subsample")
        attr = self.attr(path, name, block=False, weighted=weighted)
        if not hoist or self.state.loop is None:
            return self.store(attr, built)
        self.outermost().before.append(f"‹a{attr.index}› = {built}")
        return f"‹a{attr.index}›"

    def is_invariant(self, op: Op) -> bool:
        """Whether a dropout of a loop has one rate, so that one module serves them all."""
        py = spelled(op.rate)
        return not any(b.in_loop or b.scope is Scope.LOOP for b in bindings(py))

    def spelled_op(
        self, element: ast.Apply, recs: list[Layer], env: Env
    ) -> tuple[Op, dict[str, Py]]:
        """The op with arguments that remember their spelling, and the flags that vary."""
        kind = OPS[recs[0].op.name]
        given: dict[str, Any] = {}
        flags: dict[str, Py] = {}
        names = list(kind.arguments())
        for position, argument in enumerate(element.args or ()):
            name = argument.name or names[position]
            seen = [getattr(rec.op, name) for rec in recs]
            constant = all(value == seen[0] for value in seen)
            if constant and isinstance(seen[0], (bool, str, type(None))):
                given[name] = seen[0]
                self.fold(argument.value, env)
            elif any(isinstance(value, (bool, str)) for value in seen):
                flags[name] = self.flag(kind.name, name, seen, argument.value, env)
                given[name] = "valid" if name == "pad" else True
            else:
                first, at_call = seen[0], name in AT_CALL
                given[name] = self.argument(argument.value, first, constant, env, at_call)
        return kind.make(given), flags

    def flag(self, op: str, name: str, seen: list[Any], expr: ast.Expr, env: Env) -> Py:
        """A boolean or a padding that differs between instances, as flax takes it too."""
        if name == "pad":
            uneven = any(isinstance(value, tuple) and len(set(value)) > 1 for value in seen)
            if uneven or op not in ("conv", "depthwise"):
                raise Unspellable(name)
        elif not all(isinstance(value, bool) for value in seen):
            raise Unspellable(name)
        py = self.speller.spell(expr, env).py
        if py is None:
            raise Unspellable(name)
        return py

    def argument(self, expr: ast.Expr, first: Any, constant: bool, env: Env, at_call: bool) -> Any:
        try:
            value = respelled(self.speller.spell(expr, env, at_call), first)
            if at_call:
                self.call_text(_flat(value))
            return value
        except Unspellable:
            if not constant:
                raise
            self.fold(expr, env)
            return list(first) if isinstance(first, tuple) else first

    def spelled_shape(self, recs: list[Layer], flow: Flow) -> tuple[int, ...]:
        shape = recs[0].x.shape
        return (*shape[:-1], self.spelled_channels(flow, shape[-1]))

    def spelled_channels(self, flow: Flow, first: int) -> int:
        """The channels as a number that knows its name; a literal where all agree."""
        if flow.channels is not None:
            return first if isinstance(flow.channels, Lit) else Num(first, flow.channels)
        return first if isinstance(py := self.channels_py(flow), Lit) else Num(first, py)

    def channels_py(self, flow: Flow) -> Py:
        """The channels of a flow; what no name spells, the compiler works out."""
        if flow.channels is not None:
            return flow.channels
        seen = [tensor.shape[-1] for tensor in flow.tensors]
        if len(seen) != len(self.state.cx) and len(set(seen)) > 1:
            raise Unspellable("channels")
        return self.computed("flat_features", list(self.state.cx), seen)

    def out_channels(self, op: Op, recs: list[Layer], out: tuple[int, ...]) -> Py | None:
        if op.name in ("flatten", "reshape"):
            self.state.spatial = True  # height times width is a number of the class
            if len({rec.x.shape[:-1] for rec in recs}) > 1:
                return None
        channels = spelled(out[-1])
        if is_runtime(channels):  # the constructor has no tensors
            return None
        if isinstance(channels, Lit) and len({rec.out.shape[-1] for rec in recs}) > 1:
            return None
        return channels


def _flat(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _varies(value: Any) -> bool:
    return isinstance(value, (Num, Real)) and any(True for _ in bindings(value.py))
