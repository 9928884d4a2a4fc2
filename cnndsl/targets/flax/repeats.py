"""Repetitions: `block(64) * 3` to one list, or to a loop that carries the channels."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from cnndsl.ir import Element, Instance, Repeated
from cnndsl.syntax import ast
from cnndsl.targets.flax.draft import Line, Loop, Suite, tokens
from cnndsl.targets.flax.flow import Flow, Site
from cnndsl.targets.flax.folding import combine
from cnndsl.targets.flax.headers import zipped
from cnndsl.targets.flax.loops import Loops
from cnndsl.targets.flax.pyexpr import CallOf, Lit, Py
from cnndsl.targets.flax.spelling import Env, Unspellable, restore


class Repeats(Loops):
    """Lowers `* n`."""

    def run_end(
        self, elements: tuple[ast.Element, ...], columns: list[list[Element]], start: int
    ) -> tuple[int, int]:
        """Where a run of blocks ends that share one list: `a(…) -> a(…) * 3`.

        And how far no element shares one with its neighbours.
        """
        end, repeats = start, False
        while end < len(elements) and self.in_run(elements[end], columns[end]):
            repeats = repeats or isinstance(elements[end], ast.Repeat)
            end += 1
        end = max(end, start + 1)
        return (end, end) if repeats else (start + 1, end)

    def in_run(self, element: ast.Element, recs: list[Element]) -> bool:
        if isinstance(element, ast.Repeat):
            if not isinstance(element.element, ast.Apply):
                return False
            return all(
                isinstance(part, Instance) and self.walks(part)
                for rec in recs
                if isinstance(rec, Repeated)
                for part in rec.items
            ) and all(isinstance(rec, Repeated) for rec in recs)
        return all(isinstance(rec, Instance) and self.walks(rec) for rec in recs)

    def walks(self, instance: Instance) -> bool:
        """Whether a list of such blocks is walked by `x = block(x)` alone."""
        if (within := self.module.sole(instance)) is not None:
            return isinstance(within, Instance) and self.walks(within)
        return not self.module.takes_more(instance)

    def repeated(
        self, elements: tuple[ast.Element, ...], columns: list[list[Element]], flow: Flow, at: Site
    ) -> Flow:
        if len(elements) == 1:
            counts = {len(rec.items) for rec in columns[0]}
            if counts == {0}:
                self.fold(elements[0].count, at.env)
                return flow
            if counts == {1} and isinstance(elements[0].count, ast.Literal):
                parts = [rec.items[0] for rec in columns[0]]
                return self.element(elements[0].element, parts, flow, at)
        flow = self.settle(flow, at.target)
        for write in () if self.unrolls else (self.listed, self.ranged):
            mark, saved = self.mark(), at.env.save()
            try:
                return write(elements, columns, flow, at)
            except Unspellable:
                self.rewind(mark)
                restore(saved)
        return self.each(elements, columns, flow, at)

    def each(
        self, elements: tuple[ast.Element, ...], columns: list[list[Element]], flow: Flow, at: Site
    ) -> Flow:
        """Repetitions written out, where no expression of the class can count them."""
        for element, recs in zip(elements, columns, strict=True):
            if not isinstance(element, ast.Repeat):
                flow = self.element(element, recs, flow, at)
                continue
            if len({len(rec.items) for rec in recs}) > 1:
                raise Unspellable("repetition")
            self.fold(element.count, at.env)
            for i in range(len(recs[0].items)):
                parts = [rec.items[i] for rec in recs]
                flow = self.element(element.element, parts, flow, at)
        return flow

    def listed(
        self, elements: tuple[ast.Element, ...], columns: list[list[Element]], flow: Flow, at: Site
    ) -> Flow:
        """`nnx.List([a(…), *(b(…) for _ in range(n - 1))])`: all but the first are equal."""
        flow = flow if flow.text == at.target else self.assign(flow, at.target)
        parts: list[list[str]] = []
        walk, slots, base = None, [], len(self.state.attrs)
        for element, recs in zip(elements, columns, strict=True):
            for run in self.segments(element, recs, at.cx, at.env):
                start, first_attr = flow, len(self.state.attrs)
                flow, values, calls, loop = self.sample(run, flow, at)
                calls = _renumbered(calls, first_attr, base)
                if walk is not None and calls != walk:
                    raise Unspellable("repetition")
                if walk is None:
                    walk, slots = calls, loop.slots
                    self.state.init.extend(loop.before)
                    parts = [[] for _ in slots]
                if run[2] != Lit(1) and flow.channels != start.channels:
                    raise Unspellable("repetition")  # each has other channels than the last
                for values_of_slot, value in zip(parts, values, strict=True):
                    values_of_slot.append(_times(value, run[2], self))
        if not parts:
            raise Unspellable("repetition")
        reached = []
        for (attr, _), values in zip(slots, parts, strict=True):
            attr.many = True
            reached.append(self.keep(attr, f"nnx.List({_listing(values)})"))
        names = [f"‹v{attr.index}›" for attr, _ in slots]
        source = zipped(reached)
        self.state.cx = tuple(at.cx)
        flow = replace(flow, tensors=tuple(rec.out for rec in columns[-1]))
        text = self.shape_text(flow)
        if text is not None and len(walk) == 1 and text != self.state.commented:
            walk = [f"{walk[0]}  # {text}"]
        self.state.commented = text
        self.state.call.append(Suite(f"for {', '.join(names)} in {source}:", walk))
        if at.target == "x":
            self.state.overwritten = True
        return flow

    def keep(self, attr: Any, value: str) -> str:
        """A whole list, on `self` or in the list of the loop around."""
        if self.state.loop is None:
            self.state.init.append(f"‹l{attr.index}› = {value}")
            return f"‹l{attr.index}›"
        attr.local = True
        holder = self.attr(attr.path, attr.stem, attr.block, attr.weighted)
        holder.holds = attr
        return self.store(holder, value)

    def segments(
        self, element: ast.Element, recs: list[Element], cx: list[int], env: Env
    ) -> list[tuple]:
        """(element, records, count, instances) of the first repetition and of all others."""
        if not isinstance(element, ast.Repeat):
            return [(element, recs, Lit(1), cx)]
        counts = [len(rec.items) for rec in recs]
        count = self.count(element.count, counts, env)
        firsts = [rec.items[0] for rec in recs if rec.items]
        first_cx = [n for n, rec in zip(cx, recs, strict=True) if rec.items]
        rest = [item for rec in recs for item in rec.items[1:]]
        rest_cx = [n for n, rec in zip(cx, recs, strict=True) for _ in rec.items[1:]]
        if not firsts:
            return []
        same_in = all(a.x.shape[-1] == a.out.shape[-1] for a in firsts)
        if min(counts) == 0 or same_in:
            if not same_in:
                raise Unspellable("repetition")
            return [(element.element, firsts + rest, count, first_cx + rest_cx)]
        runs = [(element.element, firsts, Lit(1), first_cx)]
        if rest:
            runs.append((element.element, rest, combine("-", count, Lit(1)), rest_cx))
        return runs

    def count(self, expr: ast.Expr, counts: list[int], env: Env) -> Py:
        try:
            return self.speller.spell(expr, env).py
        except Unspellable:
            if len(set(counts)) > 1:
                raise
            self.fold(expr, env)
            return Lit(counts[0])

    def sample(self, run: tuple, flow: Flow, at: Site) -> tuple[Flow, list[str], list[Line], Loop]:
        """One repetition of a run on its own: what it builds, and the lines of its call."""
        element, recs, _, cx = run
        outer = self.state.loop
        loop = Loop([], None, 1 + (outer.depth if outer else 0))
        init, call = self.state.init, self.state.call
        self.state.loop, self.state.init, self.state.call = loop, [], []
        self.loops.append(loop)
        try:
            start = replace(flow, tensors=tuple(rec.x for rec in recs))
            out = self.element(element, recs, start, replace(at, cx=cx))
            out = self.assign(out, at.target) if out.text != at.target else out
            appended = {f"‹l{a.index}›.append({v})" for a, v in loop.slots}
            plain = all(isinstance(line, str) and line in appended for line in self.state.init)
            if not plain or loop.index is not None:
                raise Unspellable("repetition")
            if not loop.slots or tokens(self.state.call, "c"):
                raise Unspellable("repetition")
            calls = self.state.call
        finally:
            self.loops.pop()
            self.state.loop, self.state.init, self.state.call = outer, init, call
        return out, [value for _, value in loop.slots], calls, loop

    def ranged(
        self, elements: tuple[ast.Element, ...], columns: list[list[Element]], flow: Flow, at: Site
    ) -> Flow:
        """`for _ in range(n): …` with the channels carried along."""
        if len(elements) > 1:
            raise Unspellable("repetition")
        (element,), (recs,) = elements, columns
        count = self.count(element.count, [len(rec.items) for rec in recs], at.env)
        parts = [item for rec in recs for item in rec.items]
        inner_cx = [n for n, rec in zip(at.cx, recs, strict=True) for _ in rec.items]
        firsts = [i == 0 for rec in recs for i in range(len(rec.items))]

        def body(flow: Flow, loop: Loop) -> Flow:
            start = replace(flow, tensors=tuple(part.x for part in parts))
            return self.element(element.element, parts, start, replace(at, cx=inner_cx))

        items = CallOf("range", (count,))
        always = all(rec.items for rec in recs)
        out = self.iterate([], items, firsts, always, flow, at.env, at.target, body)
        return replace(out, tensors=tuple(rec.out for rec in recs))


def _listing(values: list[str]) -> str:
    """The items of a list; equal ones alone need no brackets around their generator."""
    if len(values) == 1 and values[0].startswith("*("):
        return values[0][2:-1]
    return f"[{', '.join(values)}]"


def _renumbered(calls: list[Line], first: int, base: int) -> list[Line]:
    """Lines of a call with the attributes from `first` on counted from `base`; no comments."""
    if not all(isinstance(line, str) for line in calls):
        raise Unspellable("repetition")

    def shifted(match: re.Match) -> str:
        number = int(match[2])
        return f"‹{match[1]}{number - first + base if number >= first else number}›"

    return [re.sub(r"‹([av])(\d+)›", shifted, line).split("  # ")[0] for line in calls]


def _times(value: str, count: Py, lowering: Repeats) -> str:
    if count == Lit(1):
        return value
    return f"*({value} for _ in range({lowering.at_init(count)}))"
