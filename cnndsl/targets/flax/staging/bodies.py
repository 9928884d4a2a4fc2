"""Statements of a definition to statements of constructor and call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from cnndsl.elaborate.program import walk
from cnndsl.ir import (
    Auxiliary,
    Chosen,
    Frame,
    Looped,
    Named,
    Ran,
    Record,
    Staged,
    children,
)
from cnndsl.ir import Layer as LayerRecord
from cnndsl.ir import Tensor as Flowing
from cnndsl.syntax import ast
from cnndsl.targets.flax.staging.chains import (
    BUILDS,
    Chains,
    Surroundings,
    counts_from_zero,
    statements_of,
    with_loop,
)
from cnndsl.targets.flax.staging.draft import Env, Run, Tensor, Value
from cnndsl.targets.flax.staging.values import Values, sample_kinds
from cnndsl.targets.python.draft import Hint, Settle, Step
from cnndsl.targets.python.expressions import (
    NONE,
    attributes,
    binary,
    is_constant,
    names,
    substitute,
)
from cnndsl.targets.python.statements import all_written, flat, map_step, read
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Binary,
    Blank,
    Call,
    Constant,
    Do,
    Expr,
    Formatted,
    If,
    Item,
    Name,
    Unary,
)


class Bodies:
    """Transcribes bodies; all frames are of one body, one for every execution."""

    def __init__(self, values: Values, module: Surroundings):
        self.values = values
        self.draft = values.draft
        self.module = module
        self.chains = Chains(values, module, self.run)
        self.in_head = False
        self.changing = rebound_names(self.draft.definition.body)
        names = bound_tensors(self.draft.definition.body)
        self.reassigned = {name for name, count in names.items() if count > 1}
        self.mentions = mentioned(self.draft.definition.body)
        self.flowing: Sequence[Flowing] = ()  # what arrives at an `if`
        self.conditions: list[tuple[Expr, bool]] = []  # of the `if`s around

    def run(self, body: ast.Body, frames: list[Frame], x: Name, runs: list[Run], env: Env) -> None:
        for i, statement in enumerate(body.statements):
            env.tensors["here"] = self.chains.tensor(x)
            recs = [f.records[i] for f in frames]
            if isinstance(recs[0], Chosen):
                self.branch(statement, recs, x, runs, env, [_arriving(f, i) for f in frames])
            else:
                self.statement(statement, recs, x, runs, env)

    def statement(
        self, st: ast.Statement, recs: Sequence[Record], x: Name, runs: list[Run], env: Env
    ) -> None:
        match recs[0]:
            case Ran(statement=ast.Bind()):
                self.bound(st, recs, x, runs, env)
            case Ran():
                self.chains.chain([r.run for r in recs], x, runs, env)
                self.hint(st.shape, x, env)
                if st.name is not None:
                    outs = [r.run.out for r in recs]
                    self.named(st.name, [r.name for r in recs], outs, x, runs, env)
            case Named():
                self.let(st, recs, runs, env)
            case Looped():
                self.loop(st, recs, x, runs, env)
            case Staged():
                self.stage(st, recs, x, runs, env)
            case Auxiliary():
                self.head(st, recs, x, runs, env)

    def hint(self, shape: ast.Expr | None, x: Name, env: Env) -> None:
        """The author's own words for the channels, where an assertion proves them."""
        if not isinstance(shape, ast.List):
            return
        said = self.values.spell(shape.items[-1], env)
        if said is not None and not is_constant(said):
            self.values.at_init(Hint(self.chains.features(x), said))

    # --- names ------------------------------------------------------------------------

    def bound(self, st: ast.Bind, recs: Sequence[Ran], x: Name, runs: list[Run], env: Env) -> None:
        """`NAME = chain`: a variable of the call; the flow stays what it is."""
        y = self.chains.branch_off(x, st.name, named=True)
        outer = self.values.path
        self.values.path = (*outer, st.name)
        self.chains.chain([r.run for r in recs], y, runs, env)
        self.values.path = outer
        self.keep(st.name, y, env)
        env.tensors["here"] = self.chains.tensor(x)

    def keep(self, name: str, y: Name, env: Env) -> Name:
        """The variable that holds a tensor of this name from here on."""
        held = env.tensors.get(name)
        if (
            held is not None
            and isinstance(held.call, Name)
            and held.call.id in self.draft.variables
        ):
            variable = held.call
        else:
            variable = self.draft.variable(name, "tensor", named=True)
        self.chains.copy(y, self.chains.features(y), variable)
        env.tensors[name] = self.chains.tensor(variable)
        return variable

    def named(
        self,
        base: str,
        given: list[str],
        outs: Sequence[Flowing],
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        """A stage, a head or `chain as NAME`: an endpoint of a model, and a tensor."""
        if not self.draft.is_model or self.in_head:
            self.keep(base, x, env)
            return
        key = self.endpoint_key(base, given, runs)
        self.values.at_call(Assign((Item(Name("out"), self.values.lift(key)),), x))
        variable = self.keep(base, x, env)
        if not self.values.loops:
            tensor = self.chains.tensor(variable)
            if base not in self.reassigned:  # read from the endpoints themselves
                tensor = Tensor(Item(Name("out"), self.values.lift(key)), tensor.features)
            for name in {base, *given}:
                env.tensors[name] = tensor
            return
        for name in sorted(set(given) & self.mentions):
            env.tensors[name] = self.numbered(name, given, outs, x, runs)

    def numbered(
        self, name: str, given: list[str], outs: Sequence[Flowing], x: Name, runs: list[Run]
    ) -> Tensor:
        """The endpoint of one iteration, which something names afterwards."""
        self.draft.folded |= self.values.reached(self.chains.features(x))
        found = [(run[0], out) for n, run, out in zip(given, runs, outs, strict=True) if n == name]
        seen = [out.shape[-1] for _, out in found if out.shape]
        loops, self.values.loops = self.values.loops, []
        features = self.values.residual(f"{name}_features", seen, [(n, ()) for n, _ in found])
        self.values.loops = loops
        return Tensor(Item(Name("out"), Constant(name)), features)

    def endpoint_key(self, base: str, given: list[str], runs: list[Run]) -> Expr:
        if len(set(given)) == 1:
            return Constant(given[0])
        if self.values.loops and all(name[len(base) :].isdigit() for name in given):
            offsets = {int(n[len(base) :]) - at[-1] for n, (_, at) in zip(given, runs, strict=True)}
            if len(offsets) == 1:
                counter = Name(self.values.loops[-1].counter)
                number = binary("+", counter, Constant(offsets.pop()))
                return Formatted((base, number))
        return self.values.residual(base, given, runs)

    # --- values -----------------------------------------------------------------------

    def let(self, st: ast.Let, recs: Sequence[Named], runs: list[Run], env: Env) -> None:
        seen = [r.value for r in recs]
        if isinstance(seen[0], Flowing):
            self.alias(st, env)
            return
        held = env.values.get(st.name)
        samples = [*(held.samples if held is not None else ()), *seen]
        init = self.values.spell(st.value, env)
        in_call = None
        if self.draft.is_function or init is None:
            in_call = self.values.spell(st.value, env, in_call=True)
        decided = None
        if init is None:
            decided = self.values.decided_by(st.value, env)
            init = self.values.residual(st.name, seen, runs)
            in_call = init if is_constant(init) and in_call is not None else in_call
        variable = self.variable_of(st.name, env, held)
        if decided is not None:  # where the constructor reads it in the end
            self.draft.decided.append((variable.id, *decided))
        self.values.define(variable, init)
        if self.draft.is_function and in_call is None:
            in_call = init
        if in_call is not None:
            self.values.at_call(Assign((variable,), in_call))
        pair = sample_kinds(seen) == {"pair"}
        env.values[st.name] = Value(
            variable, variable if in_call is not None else None, samples, pair
        )

    def alias(self, st: ast.Let, env: Env) -> None:
        """A `let` may give a tensor another name."""
        tensor = env.tensor(st.value.id) if isinstance(st.value, ast.Name) else None
        if tensor is None:
            raise AssertionError("a value that is a tensor is the name of one")
        env.tensors[st.name] = tensor

    def variable_of(self, name: str, env: Env, held: Value | None) -> Name:
        for known in (held.init, held.call) if held is not None else ():
            if isinstance(known, Name) and known.id in self.draft.variables:
                return known
        stable = name not in self.changing and not self.values.loops
        return self.draft.variable(name, "let", stable=stable, named=True)

    # --- stages and heads -------------------------------------------------------------

    def stage(
        self, st: ast.Stage, recs: Sequence[Staged], x: Name, runs: list[Run], env: Env
    ) -> None:
        outer = self.values.path
        in_loop = bool(self.values.loops)
        self.values.path = (st.name if in_loop else recs[0].name,)
        self.values.at_call(Blank())
        self.run(st.body, [r.frame for r in recs], x, runs, env)
        self.hint(st.shape, x, env)
        self.values.path = outer
        outs = [r.out for r in recs]
        self.named(st.name, [r.name for r in recs], outs, x, runs, env)
        self.values.at_call(Blank())

    def head(
        self, st: ast.Aux, recs: Sequence[Auxiliary], x: Name, runs: list[Run], env: Env
    ) -> None:
        """An auxiliary classifier: built last and only run when it is asked for."""
        y = self.chains.branch_off(x, "x")
        outer, self.in_head = self.values.path, True
        self.values.path = (recs[0].name,)
        inline = bool(self.values.loops)
        counted, self.values.counted = self.values.counted, inline
        is_read = st.name in self.mentions or bool({r.name for r in recs} & self.mentions)
        self.values.sinks.append([])
        self.values.calls.append([])
        inner = self.chains.group(st.body, env)
        self.run(st.body, [r.frame for r in recs], y, runs, inner)
        self.values.path, self.in_head, self.values.counted = outer, False, counted
        key = self.endpoint_key(st.name, [r.name for r in recs], runs)
        endpoint = Assign((Item(Name("out"), self.values.lift(key)),), y)
        init, call = self.values.sinks.pop(), self.values.calls.pop()
        self.draft.has_heads = True
        if is_read:  # the network goes on with it: no head for training alone
            self.values.sinks[-1].extend(init)
            self.values.calls[-1].extend([*call, If(Name("aux"), (endpoint,))])
            variable = self.keep(st.name, y, env)
            for name in {r.name for r in recs}:
                env.tensors[name] = self.chains.tensor(variable)
            return
        if inline:
            self.values.at_init(If(Name("aux"), tuple(init)))
        else:
            self.draft.heads.extend(self.guarded(self.as_now(init)))
        self.values.at_call(If(Name("aux"), (*call, endpoint)))

    def as_now(self, init: list[Step]) -> list[Step]:
        """A head's part of the constructor, which runs last, with the values of this place."""
        own = all_written(init)
        kept: dict[str, Expr] = {}
        for name in sorted({n for s in flat(init) for n in read(s)} - own):
            variable = self.draft.variables.get(name)
            if variable is not None and not variable.stable:
                now = self.draft.variable(variable.stem, variable.kind, named=variable.named)
                self.draft.variables[now.id].stable = not self.values.loops
                self.values.define(now, Name(name))
                kept[name] = now
        return [map_step(step, lambda e: substitute(e, kept)) for step in init]

    def guarded(self, init: list[Step]) -> list[Step]:
        """A head's part of the constructor under the conditions of the `if`s around it."""
        steps: tuple[Step, ...] = tuple(init)
        for test, positive in reversed(self.conditions):
            steps = (If(test, steps),) if positive else (If(test, (), steps),)
        return list(steps)

    # --- control ----------------------------------------------------------------------

    def loop(self, st: ast.For, recs: Sequence[Looped], x: Name, runs: list[Run], env: Env) -> None:
        if not any(r.frames for r in recs):
            self.values.fold(st.items, env)
            return
        seen = [r.items for r in recs]
        items = self.values.value(st.items, seen, runs, env, "items")
        both = items, self.values.in_call(items, st.items, env)
        frames = [f for r in recs for f in r.frames]
        inner = [
            (n, (*at, k))
            for (n, at), r in zip(runs, recs, strict=True)
            for k in range(len(r.frames))
        ]
        elements = [item for r in recs for item in r.items]
        targets: list[str] = []
        counting = len(st.targets) == 1 and counts_from_zero(items)
        cheap = self.values.is_cheap(items)
        for position, name in enumerate(st.targets):
            held = env.values.get(name)
            known = held.init if held is not None and isinstance(held.init, Name) else None
            samples = [e if len(st.targets) == 1 else e[position] for e in elements]
            if known is not None and known.id in self.draft.variables:
                variable = known
                self.draft.variables[variable.id].stable = False
                samples = [*(held.samples if held is not None else ()), *samples]
            else:
                variable = self.draft.variable(name, "target", named=True)
            targets.append(variable.id)
            again = name in self.changing
            self.values.ranged[variable.id] = (cheap or counting) and not again
            self.values.origins[variable.id] = self.values.reached(items)
            in_call = variable if self.draft.is_function else None
            env.values[name] = Value(variable, in_call, samples)

        for name, values in self.rebound(st.body, frames, env).items():
            env.values[name] = replace(env.values[name], samples=values)

        def body() -> None:
            self.run(st.body, frames, x, inner, env)

        always = min(len(r.frames) for r in recs) > 0
        counts = counting and not set(st.targets) & self.changing
        with_loop(
            self.values, both, runs, inner, tuple(targets), body, always=always, counts=counts
        )

    def rebound(
        self, body: ast.Body, frames: Sequence[Frame], env: Env
    ) -> dict[str, list[object]]:
        """All values that names of the scope get in a loop, which may be read before."""
        lets = {s.name for s in statements_of(body) if isinstance(s, ast.Let)}
        known = {n: list(env.values[n].samples) for n in lets if n in env.values}
        stack: list[object] = list(frames) if known else []
        while stack:
            current = stack.pop()
            if isinstance(current, Named) and current.statement.name in known:
                known[current.statement.name].append(current.value)
            stack.extend(children(current))  # type: ignore[arg-type]
        return known

    def branch(
        self,
        st: ast.If,
        recs: Sequence[Chosen],
        x: Name,
        runs: list[Run],
        env: Env,
        arriving: Sequence[Flowing],
    ) -> None:
        taken = [r.taken for r in recs]
        order = sorted(set(taken), key=lambda t: (t is None, t or 0))
        if len(order) == 1:
            last = len(st.branches) if order[0] is None else order[0] + 1
            for condition, _ in st.branches[:last]:
                self.values.fold(condition, env)
            if recs[0].frame is not None:
                self.run(recs[0].frame.body, [r.frame for r in recs if r.frame], x, runs, env)
            return
        before, self.flowing = self.flowing, arriving
        self.arm(st, recs, order, list(range(len(recs))), x, runs, env)
        self.flowing = before

    def arm(
        self,
        st: ast.If,
        recs: Sequence[Chosen],
        order: list[int | None],
        left: list[int],
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        """The first of the branches that are left, against all others."""
        which = order[0]
        mine = [i for i in left if recs[i].taken == which]
        others = [i for i in left if recs[i].taken != which]
        if not others:
            self.arm_body(recs, mine, x, runs, env)
            return
        assert which is not None
        for skipped in range(which):  # conditions that never hold here
            if skipped not in {recs[i].taken for i in left}:
                self.values.fold(st.branches[skipped][0], env)
        flags = [recs[i].taken == which for i in left]
        within = [runs[i] for i in left]
        test, at_call = self.condition(st.branches[which][0], flags, within, env, recs, left)
        self.draft.numbers += 1
        number, outer = self.draft.numbers, self.values.arms
        loop = self.values.loops[-1] if self.values.loops else None
        bodies: list[tuple[list[Step], list[Step], set[str]]] = []
        for position in (0, 1):
            before = set(loop.slots) if loop else set()
            self.values.sinks.append([])
            self.values.calls.append([])
            self.values.arms = (*outer, (number, position))
            self.conditions.append((test, position == 0))
            if position == 0:
                self.arm_body(recs, mine, x, runs, env)
            else:
                self.arm(st, recs, order[1:], others, x, runs, env)
            self.conditions.pop()
            made = {
                s
                for s in (set(loop.slots) if loop else set()) - before
                if s not in self.values.first
            }
            bodies.append((self.values.sinks.pop(), self.values.calls.pop(), made))
        self.values.arms = outer
        (init, call, made), (other_init, other_call, other_made) = bodies
        init += self.padding(other_made)
        other_init += self.padding(made)
        self.values.at_init(If(test, tuple(init), tuple(other_init)))
        self.values.at_call(If(at_call, tuple(call), tuple(other_call)))
        self.settle(recs, left, x, runs)

    def settle(
        self, recs: Sequence[Chosen], left: list[int], x: Name, runs: list[Run]
    ) -> None:
        """Says which channels the branches leave in every instance."""
        found: dict[int, int] = {}
        for i in left:
            frame = recs[i].frame
            shape = (frame.out if frame is not None else self.flowing[i]).shape
            if shape is None or found.setdefault(runs[i][0], shape[-1]) != shape[-1]:
                return
        self.values.at_init(Settle(self.chains.features(x), tuple(found.items())))

    def padding(self, slots: set[str]) -> list[Step]:
        """Lists stay in step: an iteration that builds nothing leaves a gap."""
        from cnndsl.targets.python.expressions import self_

        outermost = len(self.values.loops) == 1
        return [
            Do(Call(Attribute(self_(s) if outermost else Name(s), "append"), (NONE,)))
            for s in sorted(slots)
        ]

    def arm_body(
        self, recs: Sequence[Chosen], mine: list[int], x: Name, runs: list[Run], env: Env
    ) -> None:
        frames = [f for i in mine if (f := recs[i].frame) is not None]
        if frames:
            self.run(frames[0].body, frames, x, [runs[i] for i in mine], env)

    # --- conditions -------------------------------------------------------------------

    def condition(
        self,
        expr: ast.Expr,
        flags: list[bool],
        runs: list[Run],
        env: Env,
        recs: Sequence[Chosen],
        left: list[int],
    ) -> tuple[Expr, Expr]:
        """A condition in the constructor and in the call."""
        name = expr.id if isinstance(expr, ast.Name) else "active"
        values = self.values
        test = values.value(expr, flags, runs, env, name)
        if self.draft.is_function:
            spelled = values.spell(expr, env, in_call=True)
            return test, test if spelled is None else spelled
        if _has_tensor_test(expr, env):
            spelled = values.spell(expr, env, in_call=True)
            if spelled is not None:
                return test, spelled
        if values.spell(expr, env) is None and not any(
            builds(recs[i].frame) for i in left if recs[i].frame is not None
        ):
            spelled = values.spell(expr, env, in_call=True)
            if spelled is not None:
                return test, spelled
        if is_plain(test) or self.values.loops:
            return test, values.lift(test)
        flag = self.draft.variable("active", "flag", stable=True)
        values.define(flag, test)
        return flag, values.lift(flag)


def _arriving(frame: Frame, index: int) -> Flowing:
    """The tensor that arrives at a statement of a body."""
    for record in reversed(frame.records[:index]):
        match record:
            case Ran(statement=ast.Run()):
                return record.run.out
            case Staged():
                return record.out
            case Looped() if record.frames:
                return record.frames[-1].out
            case Chosen() if record.frame is not None:
                return record.frame.out
    return frame.x


def _has_tensor_test(expr: ast.Expr, env: Env) -> bool:
    return (
        isinstance(expr, ast.Binary)
        and expr.op in ("==", "!=")
        and any(
            isinstance(s, ast.Name) and env.tensor(s.id) and not env.value(s.id)
            for s in (expr.left, expr.right)
        )  # fmt: skip
    )


def is_plain(test: Expr) -> bool:
    """`expand != 1`, `not skip`: shorter to test again than to keep."""
    if isinstance(test, (Name, Constant)):
        return True
    if attributes(test) and not _locals(test):
        return True
    if isinstance(test, Unary):
        return isinstance(test.operand, (Name, Attribute))
    return (
        isinstance(test, Binary)
        and isinstance(test.left, (Name, Attribute))
        and isinstance(test.right, Constant)
    )


def _locals(expr: Expr) -> set[str]:
    return {n for n in names(expr) if n != "self"}


def builds(frame: object) -> bool:
    """Whether some op below a frame builds a module."""
    stack: list[object] = [frame]
    while stack:
        current = stack.pop()
        if isinstance(current, LayerRecord):
            if current.op.name in BUILDS:
                return True
        elif current is not None:
            stack.extend(children(current))  # type: ignore[arg-type]
    return False


def _one_kind_of_number(seen: Sequence[object]) -> bool:
    return all(isinstance(v, (bool, int, float)) for v in seen)


def rebound_names(body: ast.Body) -> set[str]:
    """The values that a definition binds at more than one place."""
    counts: dict[str, int] = {}
    for node in walk(body):
        bound = (node.name,) if isinstance(node, ast.Let) else ()
        bound = node.targets if isinstance(node, ast.For) else bound
        for name in bound:
            counts[name] = counts.get(name, 0) + 1
    return {name for name, count in counts.items() if count > 1}


def mentioned(body: ast.Body) -> set[str]:
    """Every name that a definition reads."""
    found: set[str] = set()
    for node in walk(body):
        if isinstance(node, ast.Apply):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
    return found


def bound_tensors(body: ast.Body) -> Counter[str]:
    """How often a definition names a tensor: by `NAME = chain`, `as`, a stage or a head."""
    counts: Counter[str] = Counter()
    for node in walk(body):
        if isinstance(node, (ast.Bind, ast.Stage, ast.Aux)):
            counts[node.name] += 1
        elif isinstance(node, ast.Run) and node.name is not None:
            counts[str(node.name)] += 1
    return counts
