"""Statements of a definition to lines of its class."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnndsl.elaborate.program import walk
from cnndsl.ir import Auxiliary, Chosen, Frame, Looped, Named, Noted, Ran, Record, Staged
from cnndsl.syntax import ast
from cnndsl.targets.flax.builder import Attr, Blank, Carry, Definition, Loop, Suite, flat, tokens
from cnndsl.targets.flax.flow import Flow, Site
from cnndsl.targets.flax.pyexpr import (
    Binding,
    CallOf,
    Lit,
    Py,
    Ref,
    Scope,
    bindings,
    frozen,
)
from cnndsl.targets.flax.repeats import Repeats
from cnndsl.targets.flax.spelling import MISSING, Env, Sym, Symbol, Unspellable


class Bodies(Repeats):
    """Lowers bodies; all frames are of one body, one for every execution."""

    def body(self, frames: list[Frame], flow: Flow, at: Site) -> Flow:
        columns = [[frame.records[i] for frame in frames] for i in range(len(frames[0].records))]
        outer_cx, self.state.cx = self.state.cx, tuple(at.cx)
        position = 0
        while position < len(columns):
            end = _plain_runs(columns, position)
            if end > position:
                flow = self.runs(columns[position:end], flow, at)
            else:
                flow = self.record(columns[position], flow, at)
                end = position + 1
            position = end
        self.state.cx = outer_cx
        return flow

    def runs(self, columns: list[list[Ran]], flow: Flow, at: Site) -> Flow:
        """Statements that are chains and nothing more make one long chain."""
        elements = tuple(e for recs in columns for e in recs[0].run.chain.elements)
        parts = [
            [rec.run.elements[i] for rec in recs]
            for recs in columns
            for i in range(len(recs[0].run.chain.elements))
        ]
        flow = self.sequence(elements, parts, flow, at)
        return self.asserted(columns[-1][0].statement.shape, flow, at.env)

    def asserted(self, shape: ast.Expr | None, flow: Flow, env: Env) -> Flow:
        """The author's own words for the channels, where an assertion proves them."""
        if not isinstance(shape, ast.List) or isinstance(flow.channels, (Lit, Ref)):
            return flow
        try:
            said = self.speller.spell(shape.items[-1], env).py
        except Unspellable:
            return flow
        if said is None or isinstance(said, Lit):
            return flow
        return replace(flow, channels=said)

    def record(self, recs: list[Record], flow: Flow, at: Site) -> Flow:
        at.env.tensors["here"] = Symbol(flow.text, flow.channels, flow.tensors[0])
        match recs[0]:
            case Ran(statement=ast.Bind()):
                return self.bound(recs, flow, at)
            case Ran():
                return self.named(recs, flow, at)
            case Named():
                self.let(recs, at.cx, at.env)
                return flow
            case Chosen():
                return self.branch(recs[0].statement, recs, flow, at)
            case Looped():
                return self.loop(recs[0].statement, recs, flow, at)
            case Staged():
                return self.stage(recs, flow, at)
            case Auxiliary():
                return self.head(recs, flow, at)
            case Noted():
                return flow

    # --- names ------------------------------------------------------------------------

    def bound(self, recs: list[Ran], flow: Flow, at: Site) -> Flow:
        """`NAME = chain`: a variable of the call; the flow stays what it is."""
        statement = recs[0].statement
        flow = self.settle(flow, at.target)
        name = self.variable(statement.name)
        held = at.env.tensors.get(statement.name)
        if held is not None and held.variable.startswith(name) and held.variable.isidentifier():
            name = held.variable  # a name of this group that got a number
        hidden = held is None and at.env.tensor(statement.name) is not None
        reads = _reads(statement.chain, statement.name)
        own = statement.chain.elements[0]
        starts = isinstance(own, ast.Apply) and own.name == statement.name
        if (
            reads > starts
            or hidden
            or (name in self.state.variables and statement.name not in at.env.tensors)
        ):
            name = self.free_variable(name)
        before = self.state.variables
        self.state.variables = (*before, flow.text, name)
        commented = self.state.commented
        inner = (*at.path, statement.name)
        result = self.chain([rec.run for rec in recs], flow, replace(at, target=name, path=inner))
        if result.text != name:
            result = self.assign(result, name)
        self.state.variables = (*before, name)
        self.state.commented = commented
        first = recs[0].run.out
        at.env.tensors[statement.name] = Symbol(name, result.channels, first)
        return flow

    def named(self, recs: list[Ran], flow: Flow, at: Site) -> Flow:
        """`chain as NAME`."""
        flow = self.chain([rec.run for rec in recs], flow, at)
        flow = self.settle(flow, at.target)
        name = recs[0].name
        variable = self.variable(recs[0].statement.name)
        if self.is_model and not self.in_head:
            self.endpoint(recs, flow)
        if self.reads_later(recs[0].statement.name) or self.reads_later(name):
            self.state.call.append(f"{variable} = {flow.text}")
            self.state.variables = (*self.state.variables, variable)
            symbol = Symbol(variable, flow.channels, flow.tensors[0])
            at.env.tensors[recs[0].statement.name] = at.env.tensors[name] = symbol
        return flow

    def let(self, recs: list[Named], cx: list[int], env: Env) -> None:
        statement, seen = recs[0].statement, [rec.value for rec in recs]
        name = statement.name
        try:
            sym = self.speller.spell(statement.value, env)
            py = sym.py
            if py is None:
                raise Unspellable(name)
        except Unspellable:
            if all(value == seen[0] for value in seen):
                self.fold(statement.value, env)
                env.values[name] = Sym(seen[0], Lit(frozen(seen[0])))
                return
            try:
                env.values[name] = Sym(seen[0], self.computed(name, cx, seen))
            except Unspellable:
                env.values[name] = Sym(seen[0], None)
            return
        if isinstance(py, (Lit, Ref)) and not self.is_rebound(name):
            value = seen[0] if sym.value is MISSING else sym.value
            env.values[name] = Sym(value, py, sym.items)
            return
        env.values[name] = Sym(seen[0], Ref(self.local(name, py, cx, seen, env)), None)

    def local(self, name: str, py: Py, cx: list[int], seen: list[Any], env: Env) -> Binding:
        """A variable of the constructor; a `let` that rebinds one keeps its name."""
        in_loop = self.state.loop is not None
        held = env.values.get(name)
        if held is not None and isinstance(held.py, Ref):
            old = held.py.binding
            if old.scope is Scope.LOCAL and old.name == self.loop_name(name):
                old.definition, old.values = None, None
                if old in self.live_channels(env) or old.index in self.mentioned(self.heads):
                    if in_loop:
                        raise Unspellable(name)
                    return self.another(self.free_name(name), py, cx, seen)
                old.in_loop = old.in_loop or in_loop
                self.define(old, py)
                return old
        shadows = env.value(name) is not None and name not in env.values
        chosen = self.free_name(name) if shadows else self.loop_name(name)
        in_heads = [self.state.bound[number] for number in self.mentioned(self.heads)]
        if any(b.name == chosen for b in [*self.live_channels(env), *in_heads]):
            chosen = self.free_name(name)
        return self.another(chosen, py, cx, seen)

    def another(self, chosen: str, py: Py, cx: list[int], seen: list[Any]) -> Binding:
        in_loop = self.state.loop is not None
        values = None if in_loop else dict(zip(cx, seen, strict=True))
        binding = self.bind(chosen, Scope.LOCAL, definition=py, in_loop=in_loop, values=values)
        self.define(binding, py)
        return binding

    def fold(self, expr: ast.Expr, env: Env) -> None:
        """Notes what decides something for good: such a model parameter is no argument."""
        for node in walk(expr):
            if not isinstance(node, ast.Name):
                continue
            sym, symbol = env.value(node.id), env.tensor(node.id)
            if sym is not None and sym.py is not None:
                self.fold_py(sym.py)
            elif symbol is not None:
                self.state.spatial = True
                if symbol.channels is not None:
                    self.fold_py(symbol.channels)

    def fold_py(self, expr: Py) -> None:
        for binding in bindings(expr):
            if binding not in self.state.folded:
                self.state.folded[binding] = None
                if binding.definition is not None:
                    self.fold_py(binding.definition)
                else:
                    self.fold_assigned(binding)

    def fold_assigned(self, binding: Binding) -> None:
        """Folds what the lines written so far assign to a variable."""
        for line in flat(self.state.init):
            match line:
                case Definition() if line.binding is binding:
                    texts = [line.text]
                case Carry() if binding in line.bound:
                    texts = [line.texts[line.bound.index(binding)]]
                case _:
                    continue
            for number in tokens(texts, "b"):
                self.fold_py(Ref(self.state.bound[number]))

    # --- stages and heads -------------------------------------------------------------

    def stage(self, recs: list[Staged], flow: Flow, at: Site) -> Flow:
        name = recs[0].statement.name
        in_loop = self.state.loop is not None
        inner = replace(at, path=(name if in_loop else recs[0].name,))
        flow = self.settle(flow, at.target)
        start = len(self.state.call)
        frames = [rec.frame for rec in recs]
        flow = self.body(frames, flow, inner)
        flow = self.asserted(recs[0].statement.shape, flow, at.env)
        if flow.is_atom and flow.text != at.target:
            flow = self.assign(flow, at.target)
        alone = len(self.state.call) == start
        self.endpoint(recs, flow, at.target, alone)
        if not alone:
            self.state.call.insert(start, Blank())
            self.state.call.append(Blank())
        settled = Flow(at.target, flow.channels, flow.tensors)
        at.env.tensors[name] = at.env.tensors[recs[0].name] = Symbol(
            f'out["{recs[0].name}"]', flow.channels, flow.tensors[0]
        )
        return settled

    def endpoint(
        self,
        recs: list[Staged] | list[Ran],
        flow: Flow,
        target: str | None = None,
        alone: bool = False,
    ) -> None:
        """`out["stem"] = x`, on the stage's own line where it has only one."""
        key = self.endpoint_key(recs)
        if flow.is_atom:
            self.state.call.append(f"out[{key}] = {flow.text}")
            return
        self.state.overwritten = self.state.overwritten or target == "x"
        comment = self.comment(flow, len(key) + 9)
        if alone:
            self.state.call.append(f"{target} = out[{key}] = {flow.text}{comment}")
            return
        self.state.call.append(f"{target} = {flow.text}{comment}")
        self.state.call.append(f"out[{key}] = {target}")

    def endpoint_key(self, recs: list[Staged] | list[Ran]) -> str:
        if self.state.loop is None:
            if any(rec.name != recs[0].name for rec in recs):  # numbered differently by variants
                raise Unspellable(recs[0].name)
            return f'"{recs[0].name}"'
        base = recs[0].statement.name
        numbers = [int(rec.name[len(base) :]) for rec in recs]
        counter = self.loop_counter()
        counts = self.iterations(len(recs))
        if counts is None or any(n != c + 1 for n, c in zip(numbers, counts, strict=True)):
            raise Unspellable(base)
        return f'f"{base}{{‹c{counter.index}› + 1}}"'

    def head(self, recs: list[Auxiliary], flow: Flow, at: Site) -> Flow:
        """An auxiliary classifier: built last and only run when it is asked for."""
        if self.state.loop is not None:
            raise Unspellable("aux")
        flow = self.settle(flow, at.target)
        name = recs[0].name
        init, call = self.state.init, self.state.call
        before, overwritten = self.state.variables, self.state.overwritten
        commented = self.state.commented
        self.state.init, self.state.call = [], []
        self.state.variables = (*before, flow.text)
        own = self.fresh_variable()
        inner = Env(at.env)
        frames = [rec.frame for rec in recs]
        self.in_head = True
        result = self.body(frames, flow, replace(at, env=inner, target=own, path=(name,)))
        self.in_head = False
        self.state.call.append(f'out["{name}"] = {result.text}')
        suite = Suite("if aux:", self.state.call)
        self.heads.extend(self.state.init)
        self.state.init, self.state.call = init, call
        self.state.variables, self.state.overwritten = before, overwritten
        self.state.commented = commented
        self.state.call.append(suite)
        return flow

    # --- help for loops ---------------------------------------------------------------

    def indexed(self, attr: Attr, loop: Loop) -> str:
        counts = self.iterations(len(loop.conditional))
        prefix = counts is not None and _is_prefix(loop.conditional, counts)
        if not prefix or loop.depth > 1:
            raise Unspellable("if")
        counter = self.loop_counter()
        return f"‹l{attr.index}›[‹c{counter.index}›]"

    def enter_condition(self, flags: list[bool]) -> list[bool] | None:
        loop = self.state.loop
        if loop is None:
            return None
        before, loop.conditional = loop.conditional, flags
        return before

    def leave_condition(self, before: list[bool] | None) -> None:
        if self.state.loop is not None:
            self.state.loop.conditional = before

    def first_iterations(self, count: int) -> list[bool] | None:
        loop = self.state.loop
        firsts = loop.firsts if loop else None
        return firsts if firsts is not None and len(firsts) == count else None

    def iterations(self, count: int) -> list[int] | None:
        """The number of every record's iteration, counted from 0 in its loop."""
        loop = self.state.loop
        firsts = loop.firsts if loop else None
        if firsts is None:
            return None
        numbers, number = [], 0
        for first in firsts:
            number = 0 if first else number + 1
            numbers.append(number)
        if count == len(numbers):
            return numbers
        taken = loop.conditional
        if taken is not None and sum(taken) == count and len(taken) == len(numbers):
            return [n for n, t in zip(numbers, taken, strict=True) if t]
        return None

    def push_element(self, loop: Loop, items: Py) -> None:
        """`for i in 0 .. len(depths)`: where the body reads `depths[i]`, walk the list."""
        if len(loop.targets) != 1 or not isinstance(items, CallOf) or items.function != "range":
            return
        (stop, *more) = items.args
        if more or not (isinstance(stop, CallOf) and stop.function == "len"):
            return
        (base,) = stop.args
        if not isinstance(base, Ref):
            return
        name = base.binding.name
        singular = name[:-1] if name.endswith("s") and len(name) > 2 else f"{name}_item"
        element = self.bind(self.free_name(singular), Scope.LOOP, in_loop=True)
        loop.element = (base, element)
        self.speller.elements.append((base, loop.targets[0], element, loop))

    def pop_element(self) -> None:
        loop = self.state.loop
        if loop is not None and loop.element is not None:
            self.speller.elements.pop()


def _plain_runs(columns: list[list[Record]], start: int) -> int:
    """Where a series of chains ends that name nothing."""
    end = start
    while end < len(columns):
        record = columns[end][0]
        plain = isinstance(record, Ran) and isinstance(record.statement, ast.Run)
        if not plain or record.statement.name is not None:
            break
        end += 1
        if record.statement.shape is not None:
            break
    return end


def _is_prefix(flags: list[bool], counts: list[int]) -> bool:
    """Whether in every run of the loop the first iterations take it and no later one does."""
    return all(
        flag or not later
        for flag, later, count in zip(flags, flags[1:], counts[1:], strict=False)
        if count > 0
    )


def _reads(chain: ast.Chain, name: str) -> int:
    """How often a chain names a tensor."""
    return sum(
        (isinstance(node, ast.Apply) and node.name == name)
        or (isinstance(node, ast.Name) and node.id == name)
        for node in walk(chain)
    )
