"""Values that the author names, and what is decided for good when one of them decides."""

from __future__ import annotations

from typing import Any

from cnndsl.elaborate.program import walk
from cnndsl.ir import Named
from cnndsl.syntax import ast
from cnndsl.targets.flax.draft import Carry, Definition, flat, tokens
from cnndsl.targets.flax.pyexpr import Binding, Lit, Py, Ref, Scope, bindings, frozen
from cnndsl.targets.flax.repeats import Repeats
from cnndsl.targets.flax.spelling import MISSING, Env, Sym, Unspellable


class Lets(Repeats):
    """Lowers `let`."""

    def let(self, recs: list[Named], cx: list[int], env: Env) -> None:
        held = self.carried_value(recs[0].statement, env)
        self.bind_let(recs, cx, env)
        if held is None:
            return
        # The next iteration begins with what this one leaves, so it must be one variable.
        now = env.values[recs[0].statement.name].py
        local = isinstance(now, Ref) and now.binding.scope is Scope.LOCAL
        if not local or held.py != now:
            raise Unspellable(recs[0].statement.name)

    def carried_value(self, let: ast.Let, env: Env) -> Sym | None:
        """What a loop's iterations read under a name and then bind anew."""
        held = env.value(let.name)
        for loop in self.loops:
            known = loop.env is env and held is not None and held is loop.known.get(let.name)
            if known and (loop.statement is None or _is_read_first(loop.statement.body, let)):
                return held
        return None

    def bind_let(self, recs: list[Named], cx: list[int], env: Env) -> None:
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
                read = old in self.called or old.index in self.mentioned(self.heads)
                if read or old in self.live_channels(env):
                    if in_loop:
                        raise Unspellable(name)
                    return self.another(self.free_name(name), py, cx, seen)
                old.in_loop = old.in_loop or in_loop
                self.define(old, py)
                return old
        shadows = env.parent is not None and env.parent.value(name) is not None
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


def _is_read_first(body: ast.Body, let: ast.Let) -> bool:
    """Whether an execution of `body` may read a name before `let` binds it."""
    start, end = let.span.start, let.span.end
    parts = list(walk(body))
    may_skip = any(
        isinstance(part, (ast.If, ast.For)) and part.span.start < start < part.span.end
        for part in parts
    )
    return any(
        isinstance(part, ast.Name) and part.id == let.name and (may_skip or part.span.start < end)
        for part in parts
    )
