"""Chains of a definition, in step with all that became of them, to lines of the class."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

from cnndsl.elaborate.program import walk
from cnndsl.ir import Chained, Element, Grouped, Instance, Layer, Merged, Tensor
from cnndsl.ops import OPS
from cnndsl.ops.base import Op
from cnndsl.syntax import ast
from cnndsl.targets.flax.builder import Builder, Built
from cnndsl.targets.flax.calls import emit
from cnndsl.targets.flax.emission import Context, Role
from cnndsl.targets.flax.emission import Layer as Module
from cnndsl.targets.flax.flow import BLOCK, MERGED, Flow, Site
from cnndsl.targets.flax.numbers import Num, Real, spelled
from cnndsl.targets.flax.pyexpr import Lit, Py, Ref, Scope, bindings, render
from cnndsl.targets.flax.spelling import Env, Symbol, Unspellable, respelled

LINE = 88
WIDTH = 76  # of a line's expression, less its indentation and target

# Arguments that are booleans, with the keyword that flax has for each.
_FLAGS = {"bias": "use_bias", "scale": "use_scale", "shift": "use_bias", "pad": "padding"}


class Elements(Builder):
    """Lowers chain elements; `recs` are the element's records in all instances."""

    # --- chains -----------------------------------------------------------------------

    def chain(self, runs: list[Chained], flow: Flow, at: Site) -> Flow:
        elements = runs[0].chain.elements
        columns = [[run.elements[i] for run in runs] for i in range(len(elements))]
        return self.sequence(elements, columns, flow, at)

    def sequence(
        self, elements: tuple[ast.Element, ...], columns: list[list[Element]], flow: Flow, at: Site
    ) -> Flow:
        position = separate = 0  # what stands before `separate` is known to share no list
        while position < len(elements):
            end = position + 1
            if position >= separate:
                end, separate = self.run_end(elements, columns, position)
            part = slice(position, end)
            if end > position + 1 or isinstance(elements[position], ast.Repeat):
                flow = self.repeated(elements[part], columns[part], flow, at)
            else:
                flow = self.element(elements[position], columns[position], flow, at)
            position = end
        return flow

    def element(self, element: ast.Element, recs: list[Element], flow: Flow, at: Site) -> Flow:
        self.state.cx = tuple(at.cx)
        if isinstance(element, ast.Apply) and element.name == "here":
            return replace(flow, tensors=tuple(r.out for r in recs))
        if _mentions_here(element):
            flow = self.settle(flow, at.target)
        at.env.tensors["here"] = Symbol(flow.text, flow.channels, flow.tensors[0])
        match recs[0]:
            case Layer():
                return self.layer(element, recs, flow, at)
            case Instance():
                return self.instance(element, recs, flow, at)
            case Grouped():
                frames = [rec.frame for rec in recs]
                inner = Env(at.env)
                return self.body(frames, flow, replace(at, env=inner))
            case Merged():
                return self.merged(element, recs, flow, at)
            case _:
                return self.reference(element, recs, at.env)

    def reference(self, element: ast.Apply, recs: list[Element], env: Env) -> Flow:
        symbol = env.tensor(element.name)
        if symbol is None:
            raise Unspellable(element.name)
        self.check_alive(element.name, symbol.variable)
        return Flow(symbol.variable, symbol.channels, tuple(rec.out for rec in recs))

    def check_alive(self, name: str, variable: str) -> None:
        """`in` is what the call received: its variable must not have been assigned since."""
        if name == "in" and self.state.overwritten and variable == "x":
            raise InputOverwritten

    # --- lines ------------------------------------------------------------------------

    def settle(self, flow: Flow, target: str) -> Flow:
        """Gives the flow a variable: a line of the call, unless it is one already."""
        if flow.is_atom:
            return flow
        return self.assign(flow, target)

    def assign(self, flow: Flow, target: str) -> Flow:
        comment = "" if flow.is_atom else self.comment(flow, len(target))
        line = f"{target} = {flow.text}{comment}"
        self.state.call.append(line)
        if target == "x":
            self.state.overwritten = True
        return Flow(target, flow.channels, flow.tensors)

    def shown(self, tensors: tuple[Tensor, ...]) -> list[Tensor]:
        """The tensors that a comment speaks of: in a model, those of its first variant."""
        numbers = self.state.cx
        if not self.concrete or len(numbers) != len(tensors):
            return list(tensors)
        return [t for t, n in zip(tensors, numbers, strict=True) if n == numbers[0]]

    def comment(self, flow: Flow, taken: int) -> str:
        """`  # (N, 56, 56, 64)` where the shape changes and all instances have it."""
        text = self.shape_text(flow)
        if text is None or text == self.state.commented:
            return ""
        self.state.commented = text
        depth = 8 + 4 * (self.state.loop is not None)
        if depth + taken + 3 + self.width(flow.text) + len(text) + 4 > LINE:
            return ""
        return f"  # {text}"

    def shape_text(self, flow: Flow) -> str | None:
        """`(N, 56, 56, 64)`, or None where instances differ."""
        shapes = {tensor.shape for tensor in self.shown(flow.tensors)}
        if len({shape[:-1] for shape in shapes}) != 1:
            return None
        shape = next(iter(shapes))
        channels = flow.channels
        own = channels is not None and all(b.scope is Scope.ARGUMENT for b in bindings(channels))
        if self.concrete:
            if len(shapes) > 1 or (len(shape) == 1 and isinstance(channels, Ref)):
                return None
            last = str(shape[-1])
        elif own:
            last = render(channels, lambda b: b.name)
        elif len(shapes) == 1:
            last = str(shape[-1])
        else:
            return None
        sizes = [str(size) for size in shape[:-1]]
        return f"({', '.join(['N', *sizes, last])})"

    def join(self, flow: Flow, role: Role | str, target: str, atom: bool = False) -> Flow:
        """The flow, on a line of its own where `role` does not belong on the same one."""
        long = self.width(flow.text) > WIDTH - 20
        if flow.is_atom or (flow.admits(role) and not atom and not long):
            return flow
        return self.assign(flow, target)

    # --- ops --------------------------------------------------------------------------

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
        if op.name in ("flatten", "reshape") and len({rec.x.shape[:-1] for rec in recs}) > 1:
            return None
        channels = spelled(out[-1])
        if isinstance(channels, Lit) and len({rec.out.shape[-1] for rec in recs}) > 1:
            return None
        return channels

    # --- merges -----------------------------------------------------------------------

    def merged(self, element: ast.Merge, recs: list[Merged], flow: Flow, at: Site) -> Flow:
        flow = self.settle(flow, at.target)
        before = self.state.variables
        self.state.variables = (*before, flow.text)
        results = []
        for index in range(len(element.items)):
            runs = [rec.branches[index] for rec in recs]
            own = self.fresh_variable()
            saved, start = len(self.state.call), self.state.commented
            result = self.chain(runs, flow, replace(at, target=own))
            if len(self.state.call) > saved or self.width(result.text) > WIDTH:
                result = self.assign(result, own) if result.text != own else result
                self.state.variables = (*self.state.variables, own)
            else:
                self.state.commented = start
            results.append(result)
        self.state.variables = before
        tensors = tuple(rec.out for rec in recs)
        texts = [
            f"({r.text})" if r.compound and (element.name == "mul" or " if " in r.text) else r.text
            for r in results
        ]
        if element.name == "concat":
            texts = [r.text for r in results]
        channels = self.merged_channels(element.name, results, tensors)
        if element.name == "concat":
            text = f"jnp.concatenate([{', '.join(texts)}], axis=-1)"
            return Flow(text, channels, tensors, frozenset({MERGED, BLOCK}))
        text = (" + " if element.name == "add" else " * ").join(texts)
        return Flow(text, channels, tensors, frozenset({MERGED}), compound=True)

    def merged_channels(
        self, name: str, results: list[Flow], tensors: tuple[Tensor, ...]
    ) -> Py | None:
        if name == "concat":
            if any(r.channels is None for r in results):
                return None
            total = Num(results[0].tensors[0].shape[-1], results[0].channels)
            for result in results[1:]:
                total = total + Num(result.tensors[0].shape[-1], result.channels)
            return total.py
        known = [r.channels for r in results if r.channels is not None]
        if not known:
            return None
        return min(known, key=_complexity)

    def fresh_variable(self) -> str:
        for name in ("y", "z", "w", "v", "u"):
            if name not in self.state.variables:
                return name
        number = 1
        while f"branch{number}" in self.state.variables:
            number += 1
        return f"branch{number}"

    def width(self, text: str) -> int:
        """How long a text with tokens will be, nearly."""
        return len(self.settled(text))


class InputOverwritten(Exception):
    """`x` was assigned before `in` was used; the flow needs a variable of its own."""


# Arguments of ops that only the call needs: there sizes of tensors can be read.
AT_CALL = frozenset({"amount", "window", "start", "stop", "total", "factor"})


def _flat(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _varies(value: Any) -> bool:
    return isinstance(value, (Num, Real)) and any(True for _ in bindings(value.py))


def _complexity(expr: Py) -> tuple[int, int]:
    """Literals before names before sums: what reads best for equal channels."""
    names = [b.scope for b in bindings(expr)]
    return (0 if isinstance(expr, Lit) else 1 + (Scope.FEATURES in names), len(repr(expr)) > 400)


def _mentions_here(element: ast.Element) -> bool:
    if not isinstance(element, ast.Apply):
        return False
    return any(isinstance(node, ast.Name) and node.id == "here" for node in walk(element))
