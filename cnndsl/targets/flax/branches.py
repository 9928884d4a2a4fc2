"""`if` in a definition: folded where all instances agree, an `if` of the class otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cnndsl.ir import Chosen, Tensor
from cnndsl.syntax import ast
from cnndsl.targets.flax.draft import Branching, Line, tokens
from cnndsl.targets.flax.flow import BLOCK, MERGED, Flow, Site
from cnndsl.targets.flax.folding import choose, negated
from cnndsl.targets.flax.instances import Instances
from cnndsl.targets.flax.lines import WIDTH
from cnndsl.targets.flax.pyexpr import (
    Bin,
    Lit,
    Py,
    Ref,
    Scope,
    Un,
    bindings,
    is_runtime,
    size,
)
from cnndsl.targets.flax.spelling import MISSING, Env, Sym, Symbol, Unspellable


@dataclass
class Arm:
    """One branch as lowered. `condition` is None for the last of an exhaustive `if`."""

    condition: Py | None  # at construction
    at_call: Py | None
    init: list[Line]
    call: list[Line]
    flow: Flow
    env_values: dict[str, Any]
    env_tensors: dict[str, Symbol]
    cx: list[int]
    outs: list[Tensor]
    heads: list[Line]  # auxiliary classifiers, which are built last


class Branches(Instances):
    """Lowers `if` statements."""

    def branch(self, statement: ast.If, recs: list[Chosen], flow: Flow, at: Site) -> Flow:
        taken = [rec.taken for rec in recs]
        if len(set(taken)) == 1:
            for condition, _ in statement.branches[: (taken[0] or 0) + 1]:
                self.fold(condition, at.env)
            if recs[0].frame is None:
                return flow
            return self.body([rec.frame for rec in recs], flow, at)
        flow = self.settle(flow, at.target)
        arms = self.arms(statement, recs, flow, at)
        self.emit_init(arms)
        result = self.emit_call(arms, flow, at.target)
        self.merge_names(arms, at.env)
        channels = self.phi(arms, [arm.flow.channels for arm in arms], "features")
        tensors = [None] * len(recs)
        for which, arm in zip(_order(taken), arms, strict=True):
            positions = [i for i, t in enumerate(taken) if t == which]
            for position, out in zip(positions, arm.outs, strict=True):
                tensors[position] = out
        return replace(result, channels=channels, tensors=tuple(tensors))

    def arms(self, statement: ast.If, recs: list[Chosen], flow: Flow, at: Site) -> list[Arm]:
        """The branches that some instance takes, each lowered on its own."""
        taken = [rec.taken for rec in recs]
        order = _order(taken)
        arms = []
        values, tensors = dict(at.env.values), dict(at.env.tensors)
        self.state.branches += 1
        number, outer_arms = self.state.branches, self.state.arms
        variables, named = self.state.variables, dict.fromkeys(self.state.variables)
        for position, which in enumerate(order):
            chosen = [i for i, t in enumerate(taken) if t == which]
            condition = at_call = None
            at.env.values, at.env.tensors = dict(values), dict(tensors)
            self.state.variables = variables
            if position < len(order) - 1:
                expr = statement.branches[which][0]
                flags = [t == which for t in taken]
                condition, at_call = self.condition(expr, flags, at.cx, at.env)
            own_cx = [at.cx[i] for i in chosen]
            start = replace(flow, tensors=tuple(flow.tensors[i] for i in chosen))
            frames = [recs[i].frame for i in chosen]
            init, call = self.state.init, self.state.call
            heads, self.heads = self.heads, []
            loop_flags = self.enter_condition([t == which for t in taken])
            self.state.init, self.state.call = [], []
            self.state.arms = (*outer_arms, (number, position))
            try:
                if frames[0] is None:
                    end = start
                else:
                    end = self.body(frames, start, replace(at, cx=own_cx))
                arm = Arm(
                    condition,
                    at_call,
                    self.state.init,
                    self.state.call,
                    end,
                    at.env.values,
                    at.env.tensors,
                    own_cx,
                    list(end.tensors),
                    self.heads,
                )
            finally:
                self.heads = heads
                self.state.init, self.state.call = init, call
                self.state.arms = outer_arms
                self.leave_condition(loop_flags)
            arms.append(arm)
            named.update(dict.fromkeys(self.state.variables))
        self.state.variables = tuple(named)
        at.env.values, at.env.tensors = values, tensors
        self.name_flags(arms)
        if any(arm.heads for arm in arms):
            conditions = [arm.condition for arm in arms]
            bodies = [arm.heads for arm in arms]
            self.heads.append(self.branching(conditions, bodies, self.at_init))
        return arms

    # --- conditions -------------------------------------------------------------------

    def condition(
        self, expr: ast.Expr, flags: list[bool], cx: list[int], env: Env
    ) -> tuple[Py, Py]:
        """A condition in the constructor and at call time."""
        try:
            init = self.speller.spell(expr, env).py
        except Unspellable:
            name = expr.id if isinstance(expr, ast.Name) else "active"
            init = self.computed(name, cx, flags)
            return init, init
        at_call = self.speller.spell(expr, env, at_call=True).py
        self.called.update(bindings(at_call))  # an arm that binds one anew needs another name
        scopes = {b.scope for b in bindings(at_call)}
        plain = isinstance(at_call, Ref) or _compares_name(at_call) or scopes <= {Scope.CLASS}
        if is_runtime(at_call) or plain or Scope.LOOP in scopes or self.is_function:
            return init, at_call
        if self.state.loop is not None:
            return init, at_call
        flag = self.bind("active", Scope.LOCAL, definition=init)
        self.define(flag, init)
        return Ref(flag), Ref(flag)

    def name_flags(self, arms: list[Arm]) -> None:
        """A condition that no `let` names is named after what it builds: `has_conv`."""
        for arm in arms:
            if not isinstance(arm.condition, Ref) or arm.condition.binding.name != "active":
                continue
            stems = [self.state.attrs[i].stem for i in _first_attrs(arm.init)]
            base = f"has_{stems[0]}" if stems else "active"
            arm.condition.binding.name = self.free_name(base)

    # --- lines ------------------------------------------------------------------------

    def emit_init(self, arms: list[Arm]) -> None:
        if any(arm.init for arm in arms):
            bodies = [arm.init for arm in arms]
            conditions = [arm.condition for arm in arms]
            self.state.init.append(self.branching(conditions, bodies, self.at_init))

    def branching(self, conditions: list[Py | None], bodies: list, spell: Any) -> Branching:
        texts = [None if c is None else spell(c) for c in conditions]
        opposites = [None if c is None else spell(negated(c)) for c in conditions]
        return Branching(texts, opposites, bodies)

    def emit_call(self, arms: list[Arm], flow: Flow, target: str) -> Flow:
        if all(arm.flow.text == flow.text and not arm.call for arm in arms):
            return flow
        calls = [None if a.at_call is None else self.at_call(a.at_call) for a in arms]
        if len(arms) == 2 and not any(arm.call for arm in arms):
            then, other = (arm.flow for arm in arms)
            text = f"{then.text} if {calls[0]} else {other.text}"
            if self.width(text) <= WIDTH and not (then.compound or other.compound):
                roles = frozenset({MERGED, BLOCK}) | then.roles | other.roles
                return Flow(text, None, (), roles, compound=True)
        bodies = []
        unchanged = [arm for arm in arms if arm.flow.text == flow.text and not arm.call]
        if unchanged and flow.text != target:
            self.state.call.append(f"{target} = {flow.text}")
        for arm in arms:
            body = list(arm.call)
            if arm.flow.text != target and arm not in unchanged:
                body.append(f"{target} = {arm.flow.text}")
            bodies.append(body)
        if target == "x":
            self.state.overwritten = True
        self.state.call.append(self.branching([a.at_call for a in arms], bodies, self.at_call))
        self.state.commented = None
        return Flow(target, None, ())

    # --- names and channels after the branches ----------------------------------------

    def merge_names(self, arms: list[Arm], env: Env) -> None:
        """What the branches named stays visible, with channels that hold for all of them."""
        for name in dict.fromkeys(name for arm in arms for name in arm.env_values):
            env.values[name] = self.merged_value(arms, name, env)
        names = dict.fromkeys(name for arm in arms for name in arm.env_tensors)
        for name in names:
            if name in ("here", "in"):
                continue
            symbols = [arm.env_tensors.get(name) for arm in arms]
            known = [s for s in symbols if s is not None]
            if len(known) < len(arms) or all(s is known[0] for s in known):
                env.tensors[name] = known[0]
                continue
            variables = {s.variable for s in known}
            if len(variables) > 1:
                raise Unspellable(name)
            channels = self.phi(arms, [s.channels for s in known], f"{name}_features")
            env.tensors[name] = replace(known[0], channels=channels)

    def merged_value(self, arms: list[Arm], name: str, env: Env) -> Sym:
        """What a name stands for after an `if`: one variable, or a choice between the arms'."""
        outer = env.parent.value(name) if env.parent is not None else None
        held = [arm.env_values.get(name, outer) for arm in arms]
        held = [sym for sym in held if sym is not None]
        if len(held) < len(arms) or all(sym is held[0] or sym == held[0] for sym in held):
            return held[0]
        first = held[0].py
        if first is not None and all(sym.py == first for sym in held):
            return held[0]
        if any(sym.py is None for sym in held):
            return Sym(held[0].value, None)
        locals = [s for s in held if isinstance(s.py, Ref) and s.py.binding.scope is Scope.LOCAL]
        variables = [sym.py.binding for sym in held if isinstance(sym.py, Ref)]
        one = len({b.name for b in variables}) == 1 and len(variables) == len(held)
        if locals and one and all(b.scope in (Scope.LOCAL, Scope.ARGUMENT) for b in variables):
            return locals[0]  # a parameter that an arm has set anew
        set_anew = {sym.py.binding.name for sym in locals}
        tested = {b.name for b in bindings(arms[0].condition)}
        if len(arms) == 2 and not set_anew & tested:
            return Sym(MISSING, choose(first, arms[0].condition, held[1].py))
        return Sym(held[0].value, None)

    def phi(self, arms: list[Arm], options: list[Py | None], name: str) -> Py | None:
        """One spelling of channels that may differ from branch to branch."""
        first = options[0]
        if all(option == first for option in options):
            return first
        if any(option is None for option in options):
            return None
        for option in sorted(options, key=size):
            if (
                all(
                    self.value_of(option, number) == out.shape[-1]
                    for arm in arms
                    for number, out in zip(arm.cx, arm.outs, strict=True)
                )
                and name == "features"
            ):
                return option
        if not any(arm.init for arm in arms) and len(arms) == 2:
            return choose(options[0], arms[0].condition, options[1])
        return self.carried(arms, options, name)

    def carried(self, arms: list[Arm], options: list[Py], name: str) -> Py:
        """A variable of the constructor that every branch sets."""
        held = [o.binding for o in options if isinstance(o, Ref)]
        held = [b for b in held if b.scope is Scope.FEATURES]
        carried = held[0] if held else self.bind(self.free_name(name), Scope.FEATURES)
        bodies = [
            [*arm.init, *([] if option == Ref(carried) else [self.update(carried, option)])]
            for arm, option in zip(arms, options, strict=True)
        ]
        if any(arm.init for arm in arms):
            self.state.init.pop()
        self.state.init.append(self.branching([a.condition for a in arms], bodies, self.at_init))
        for arm, body in zip(arms, bodies, strict=True):
            arm.init = body
        return Ref(carried)


def _order(taken: list[int | None]) -> list[int | None]:
    """The branches in order, that of no branch last."""
    return sorted(set(taken), key=lambda t: (t is None, t or 0))


def _compares_name(condition: Py) -> bool:
    """`expand != 1`, `not skip`: shorter to test again than to keep."""
    if isinstance(condition, Un):
        return isinstance(condition.operand, Ref)
    return (
        isinstance(condition, Bin)
        and isinstance(condition.left, Ref)
        and isinstance(condition.right, Lit)
    )


def _first_attrs(lines: list[Line]) -> list[int]:
    return sorted(tokens(lines, "al"))
