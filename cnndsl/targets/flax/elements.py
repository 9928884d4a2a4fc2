"""Chains of a definition, in step with all that became of them, to lines of the class."""

from __future__ import annotations

from dataclasses import replace

from cnndsl.elaborate.program import walk
from cnndsl.ir import Chained, Element, Grouped, Instance, Layer, Merged, Tensor
from cnndsl.syntax import ast
from cnndsl.targets.flax.flow import BLOCK, MERGED, Flow, Site
from cnndsl.targets.flax.layers import Layers
from cnndsl.targets.flax.lines import WIDTH
from cnndsl.targets.flax.numbers import Num
from cnndsl.targets.flax.pyexpr import Lit, Py, Scope, bindings
from cnndsl.targets.flax.spelling import Env, Symbol, Unspellable


class Elements(Layers):
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
            more = index < len(element.items) - 1
            with self.pin(flow.channels if more else None, *(r.channels for r in results)):
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


class InputOverwritten(Exception):
    """`x` was assigned before `in` was used; the flow needs a variable of its own."""


def _complexity(expr: Py) -> tuple[int, int]:
    """Literals before names before sums: what reads best for equal channels."""
    names = [b.scope for b in bindings(expr)]
    return (0 if isinstance(expr, Lit) else 1 + (Scope.FEATURES in names), len(repr(expr)) > 400)


def _mentions_here(element: ast.Element) -> bool:
    if not isinstance(element, ast.Apply):
        return False
    return any(isinstance(node, ast.Name) and node.id == "here" for node in walk(element))
