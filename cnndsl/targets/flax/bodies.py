"""Statements of a definition to lines of its class."""

from __future__ import annotations

from dataclasses import replace

from cnndsl.elaborate.program import walk
from cnndsl.ir import Auxiliary, Chosen, Frame, Looped, Named, Noted, Ran, Record, Staged
from cnndsl.syntax import ast
from cnndsl.targets.flax.draft import Blank, Suite
from cnndsl.targets.flax.flow import Flow, Site
from cnndsl.targets.flax.lets import Lets
from cnndsl.targets.flax.pyexpr import (
    Lit,
    Ref,
)
from cnndsl.targets.flax.spelling import Env, Symbol, Unspellable


class Bodies(Lets):
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
            or flow.text == name  # which stays the flow
            or (name in self.state.variables and statement.name not in at.env.tensors)
        ):
            name = self.free_variable(name)
        before = self.state.variables
        self.state.variables = (*before, flow.text, name)
        commented = self.state.commented
        inner = (*at.path, statement.name)
        with self.pin(flow.channels):
            runs = [rec.run for rec in recs]
            result = self.chain(runs, flow, replace(at, target=name, path=inner))
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
        with self.pin(flow.channels):
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


def _reads(chain: ast.Chain, name: str) -> int:
    """How often a chain names a tensor."""
    return sum(
        (isinstance(node, ast.Apply) and node.name == name)
        or (isinstance(node, ast.Name) and node.id == name)
        for node in walk(chain)
    )
