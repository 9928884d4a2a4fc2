"""Loops and repetitions: a `for` stays a `for`, equal neighbours become a comprehension."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from cnndsl.elaborate.program import walk
from cnndsl.ir import Looped
from cnndsl.syntax import ast
from cnndsl.targets.flax.arguments import as_pair, is_pair
from cnndsl.targets.flax.carries import Carries
from cnndsl.targets.flax.draft import Line, Loop, Suite
from cnndsl.targets.flax.flow import Flow, Site
from cnndsl.targets.flax.folding import item
from cnndsl.targets.flax.pyexpr import CallOf, Lit, Py, Ref, Scope, Tup, bindings, frozen
from cnndsl.targets.flax.spelling import Env, Sym, Unspellable, restore


class Loops(Carries):
    """Lowers `for` and `* n`."""

    # --- for --------------------------------------------------------------------------

    def loop(self, statement: ast.For, recs: list[Looped], flow: Flow, at: Site) -> Flow:
        if not any(rec.frames for rec in recs):
            self.fold(statement.items, at.env)
            return flow
        mark, saved = self.mark(), at.env.save()
        try:
            if self.unrolls or self.named_later(statement):
                raise Unspellable("for")
            return self.rolled(statement, recs, flow, at)
        except Unspellable:
            self.rewind(mark)
            restore(saved)
        return self.unrolled(statement, recs, flow, at)

    def named_later(self, statement: ast.For) -> bool:
        """Whether something reads a result of one iteration by its number: `down2`."""
        names = {n.name for n in walk(statement) if isinstance(n, (ast.Stage, ast.Aux, ast.Run))}
        pattern = "|".join(re.escape(name) for name in names if name)
        numbered = re.compile(rf"(?:{pattern})\d+") if pattern else None
        return numbered is not None and any(
            numbered.fullmatch(n.name if isinstance(n, ast.Apply) else n.id)
            for n in walk(self.definition.body)
            if isinstance(n, (ast.Apply, ast.Name))
        )

    def unrolled(self, statement: ast.For, recs: list[Looped], flow: Flow, at: Site) -> Flow:
        """A loop that no expression of the class can drive: one iteration after the other."""
        if len({len(rec.frames) for rec in recs}) > 1:
            raise Unspellable("for")
        self.fold(statement.items, at.env)
        try:
            items = self.speller.spell(statement.items, at.env)
        except Unspellable:
            items = None
        for i in range(len(recs[0].frames)):
            self.unpack(statement, [rec.items[i] for rec in recs], items, i, at.env)
            flow = self.body([rec.frames[i] for rec in recs], flow, at)
        return flow

    def unpack(
        self, statement: ast.For, seen: list[Any], items: Sym | None, position: int, env: Env
    ) -> None:
        for index, name in enumerate(statement.targets):
            several = len(statement.targets) > 1
            values = [value[index] if several else value for value in seen]
            if all(value == values[0] for value in values):
                py: Py | None = Lit(frozen(values[0]))
            elif items is None or isinstance(items.py, CallOf):
                py = None
            else:
                py = item(items.py, Lit(position))
                py = item(py, Lit(index)) if several else py
            env.values[name] = Sym(values[0], py)

    def rolled(self, statement: ast.For, recs: list[Looped], flow: Flow, at: Site) -> Flow:
        items = self.speller.spell(statement.items, at.env)
        if items.py is None:
            raise Unspellable("for")
        items = self.with_pairs(statement, recs, items)
        frames = [frame for rec in recs for frame in rec.frames]
        inner_cx = [number for number, rec in zip(at.cx, recs, strict=True) for _ in rec.frames]
        firsts = [i == 0 for rec in recs for i in range(len(rec.frames))]
        first = next(rec for rec in recs if rec.frames).items[0]
        flow = self.settle(flow, at.target)

        def body(flow: Flow, loop: Loop) -> Flow:
            loop.statement = statement
            for index, (name, binding) in enumerate(
                zip(statement.targets, loop.targets, strict=True)
            ):
                value = first[index] if len(statement.targets) > 1 else first
                binding.pair = index in self.pair_columns(statement, recs) or self.all_pairs(
                    recs, index if len(statement.targets) > 1 else None
                )
                value = [value, value] if binding.pair and not isinstance(value, list) else value
                at.env.values[name] = Sym(value, Ref(binding))
            start = replace(flow, tensors=tuple(frame.x for frame in frames))
            return self.body(frames, start, replace(at, cx=inner_cx))

        targets = list(statement.targets)
        always = all(rec.frames for rec in recs)
        out = self.iterate(targets, items.py, firsts, always, flow, at.env, at.target, body)
        return replace(out, tensors=tuple(_last(rec, flow, i) for i, rec in enumerate(recs)))

    def pair_columns(self, statement: ast.For, recs: list[Looped]) -> set[int]:
        """The loop variables that are windows, square in some iterations and not in others."""
        several = len(statement.targets) > 1
        columns = range(len(statement.targets))
        seen = [item for rec in recs for item in rec.items]
        return {c for c in columns if is_pair([i[c] if several else i for i in seen])}

    def all_pairs(self, recs: list[Looped], column: int | None) -> bool:
        seen = [i if column is None else i[column] for rec in recs for i in rec.items]
        return all(isinstance(value, list) and len(value) == 2 for value in seen)

    def with_pairs(self, statement: ast.For, recs: list[Looped], items: Sym) -> Sym:
        """The list of a loop with every window in such a column as a pair."""
        columns = self.pair_columns(statement, recs)
        if not columns:
            return items
        if not isinstance(items.py, Tup):
            raise Unspellable("for")
        rows = []
        for row in items.py.items:
            if len(statement.targets) == 1:
                rows.append(as_pair(row))
            elif isinstance(row, Tup):
                parts = enumerate(row.items)
                rows.append(Tup(tuple(as_pair(p) if i in columns else p for i, p in parts)))
            else:
                raise Unspellable("for")
        return Sym(items.value, Tup(tuple(rows)), None)

    # --- the loop itself --------------------------------------------------------------

    def iterate(
        self,
        targets: list[str],
        items: Py,
        firsts: list[bool],
        always: bool,
        flow: Flow,
        env: Env,
        target: str,
        body: Any,
    ) -> Flow:
        """Writes one loop; channels that change from one iteration to the next are carried."""
        flow = flow if flow.text == target else self.assign(flow, target)
        mark, saved = self.mark(), env.save()
        carried: dict[str, Any] = {}
        for _ in range(4):
            try:
                outcome = self.attempt(
                    targets, items, firsts, always, flow, env, target, body, carried
                )
            except Unspellable:
                if "" in carried:
                    raise
                outcome = {
                    **carried,
                    "": None,
                }  # a `let` may bind what the channels are spelled with
            if isinstance(outcome, Flow):
                return outcome
            carried = outcome
            self.rewind(mark)
            restore(saved)
        raise Unspellable("for")

    def attempt(
        self,
        targets: list[str],
        items: Py,
        firsts: list[bool],
        always: bool,
        flow: Flow,
        env: Env,
        target: str,
        body: Any,
        carried: dict[str, Any],
    ) -> Flow | dict[str, Any]:
        """One try with some channels carried; returns what else must be carried, or the flow."""
        outer = self.state.loop
        depth = 1 + (outer.depth if outer else 0)
        walked = {b.name for b in bindings(items)}
        names = [self.loop_name(target) for target in targets]
        names = [self.free_name(name) if name in walked else name for name in names]
        bound = [self.bind(name, Scope.LOOP, in_loop=True) for name in names]
        loop = Loop(bound, items, depth, firsts=firsts, env=env, known=env.visible())
        init, call = self.state.init, self.state.call
        entry = {name: self.entry(name, flow, env) for name in carried}
        names = {name: self.carry(name, entry[name], env) for name in carried}
        for name, binding in names.items():
            flow = self.set_channels(name, Ref(binding), flow, env)
        before = dict(env.tensors)
        self.state.loop, self.state.init, self.state.call = loop, [], []
        self.push_element(loop, items)
        self.loops.append(loop)
        try:
            out = body(flow, loop)
            out = self.assign(out, target) if out.text != target else out
            inits, calls = self.state.init, self.state.call
        finally:
            self.pop_element()
            self.loops.pop()
            self.state.loop, self.state.init, self.state.call = outer, init, call
        more = self.unstable(flow, out, before, env, set(names))
        if more:
            return {**carried, **dict.fromkeys(more)}
        if names:
            inits.extend(self.updates(names, out, env))
            fresh = [n for n, b in names.items() if entry[n] != Ref(b)]
            if fresh:
                init.append(self.assignments([names[n] for n in fresh], [entry[n] for n in fresh]))
        self.close(loop, targets, inits, calls)
        self.forget(loop, env)
        if always and out.channels is not None and "" in names:
            used = list(bindings(out.channels))
            settled = not any(b.in_loop or b.scope is Scope.FEATURES for b in used)
            names = {n: b for n, b in names.items() if n or not settled}
        for name, binding in names.items():
            out = self.set_channels(name, Ref(binding), out, env)
        return out

    def forget(self, loop: Loop, env: Env) -> None:
        """Behind a loop no expression has its variables: a loop without lines is not written."""
        gone = {*loop.targets, *([loop.element[1]] if loop.element is not None else [])}
        for name, sym in env.values.items():
            if sym.py is not None and gone.intersection(bindings(sym.py)):
                env.values[name] = Sym(sym.value, None)

    # --- closing ----------------------------------------------------------------------

    def close(self, loop: Loop, targets: list[str], inits: list[Line], calls: list[Line]) -> None:
        """Puts the loop into the constructor and into the call."""
        init, call = self.state.init, self.state.call
        if self.state.loop is not None:
            self.state.loop.before.extend(loop.before)
            self.state.loop.within |= loop.within | {b.name for b in loop.names()}
        else:
            init.extend(loop.before)
        merged = self.flatten(loop, inits, calls)
        if merged is not None:
            attr, body = merged
            init.append(f"‹l{attr.index}› = nnx.List()")
            init.append(Suite(self.init_header(loop, targets, inits), inits))
            call.append(Suite(f"for ‹v{attr.index}› in {self.expose(attr)}:", body))
            return
        for attr, _ in loop.slots:
            init.append(f"‹l{attr.index}› = nnx.List()")
        if inits:
            init.append(Suite(self.init_header(loop, targets, inits), inits))
        reached = [self.expose(attr) for attr, _ in loop.slots]
        if calls:
            call.append(Suite(self.call_header(loop, reached, calls), calls))

    def expose(self, attr: Any) -> str:
        """How the call reaches a list: on `self`, or as an item of the list around it."""
        outer = self.state.loop
        if outer is None:
            return f"‹l{attr.index}›"
        attr.local = True
        holder = self.attr(attr.path, attr.stem, attr.block, attr.weighted)
        holder.holds = attr
        return self.store(holder, f"‹l{attr.index}›")

    def flatten(self, loop: Loop, inits: list[Line], calls: list[Line]) -> tuple | None:
        """Two loops whose call is only the inner one's walk fill and walk one list."""
        if len(loop.slots) != 1 or len(calls) != 1 or not isinstance(calls[0], Suite):
            return None
        holder, value = loop.slots[0]
        walked = calls[0].header == f"for ‹v{self.inner_of(value)}› in ‹v{holder.index}›:"
        if not value.startswith("‹l") or not walked:
            return None
        inner = self.state.attrs[self.inner_of(value)]
        create, keep = f"‹l{inner.index}› = nnx.List()", f"‹l{holder.index}›.append({value})"
        if create not in inits or keep not in inits:
            return None
        inits.remove(create)
        inits.remove(keep)
        inner.local = False
        holder.same_as = inner
        return inner, calls[0].body

    def inner_of(self, value: str) -> int:
        return int(value[2:-1]) if value.startswith("‹l") else -1


def _last(rec: Looped, flow: Flow, position: int) -> Any:
    return rec.frames[-1].out if rec.frames else flow.tensors[position]
