"""Branches of a body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnndsl.ir import Chosen, Node
from cnndsl.ir import Tensor as Flowing
from cnndsl.syntax import ast
from cnndsl.targets.flax.staging.conditions import condition
from cnndsl.targets.flax.staging.draft import Env, Run
from cnndsl.targets.flax.staging.endpoints import Condition, Endpoints
from cnndsl.targets.flax.staging.flow import Bodies, Flow
from cnndsl.targets.flax.staging.united import united
from cnndsl.targets.python.draft import Settle, Shadow, Step
from cnndsl.targets.python.expressions import NONE, self_
from cnndsl.targets.python.tree import Attribute, Call, Do, If, Name


@dataclass(frozen=True)
class Choice:
    """An `if`: its conditions, and of every execution the branch and what became of it.

    `body` writes what some of the executions do, `settle` what holds behind it; `bare` has no
    `else` and gives nothing a name, so that it can be passed over.
    """

    conditions: list[ast.Expr]
    taken: list[tuple[int | None, Node | None]]
    body: Callable[[list[int]], None]
    settle: Callable[[list[int]], None]
    bare: bool = False


class Control:
    """Transcribes branches."""

    def __init__(self, flow: Flow, endpoints: Endpoints, run: Bodies):
        self.flow = flow
        self.values = flow.values
        self.draft = flow.draft
        self.endpoints = endpoints
        self.run = run

    def branch(
        self,
        st: ast.If,
        recs: Sequence[Chosen],
        x: Name,
        runs: list[Run],
        env: Env,
        arriving: Sequence[Flowing],
    ) -> None:
        outs = [a if r.frame is None else r.frame.out for r, a in zip(recs, arriving, strict=True)]
        self.choose(
            Choice(
                [condition for condition, _ in st.branches],
                [(r.taken, r.frame) for r in recs],
                lambda mine: self.arm_body(recs, mine, x, runs, env),
                lambda left: self.settle(outs, left, x, runs),
                len(st.branches) == 1 and st.other is None and _names_nothing(st.branches[0][1]),
            ),
            runs,
            env,
        )

    def choose(self, choice: Choice, runs: list[Run], env: Env) -> None:
        """An `if` of constructor and call, or the only branch that is ever taken."""
        taken = {which for which, _ in choice.taken}
        order = sorted(taken, key=lambda t: (t is None, t or 0))
        left = list(range(len(choice.taken)))
        if len(order) == 1 and not self.stays_open(choice, env):
            last = len(choice.conditions) if order[0] is None else order[0] + 1
            for skipped in choice.conditions[:last]:
                self.values.fold(skipped, env)
            choice.body(left)
            return
        self.arm(choice, order, left, runs, env)

    def stays_open(self, choice: Choice, env: Env) -> bool:
        """Whether a block says a condition that holds in all its uses, for arguments differ that
        decide it."""
        if not choice.bare or self.draft.is_model or {w for w, _ in choice.taken} != {0}:
            return False
        if self.values.spell(choice.conditions[0], env) is None:
            return False
        decided, spatial = self.values.decided_by(choice.conditions[0], env)
        differ = {p.name for p in self.draft.params if len({*map(repr, p.values.values())}) > 1}
        return not spatial and bool(decided & differ)

    def arm(
        self, choice: Choice, order: list[int | None], left: list[int], runs: list[Run], env: Env
    ) -> None:
        """The first of the branches that are left, against all others."""
        which = order[0]
        mine = [i for i in left if choice.taken[i][0] == which]
        others = [i for i in left if choice.taken[i][0] != which]
        if not others and not self.stays_open(choice, env):
            choice.body(mine)
            return
        assert which is not None
        for skipped in range(which):  # conditions that never hold here
            if skipped not in {choice.taken[i][0] for i in left}:
                self.values.fold(choice.conditions[skipped], env)
        flags = [choice.taken[i][0] == which for i in left]
        within = [runs[i] for i in left]
        held = [node for i in left if (node := choice.taken[i][1]) is not None]
        expr = choice.conditions[which]
        test, at_call = condition(self.values, expr, flags, within, env, held)
        self.draft.numbers += 1
        number, outer = self.draft.numbers, self.values.arms
        loop = self.values.loops[-1] if self.values.loops else None
        bodies: list[tuple[list[Step], list[Step], set[str]]] = []
        left_none: frozenset[str] = frozenset()
        outside = self.values.sinks[-1]
        for position in (0, 1):
            before = set(loop.slots) if loop else set()
            self.values.sinks.append([])
            self.values.calls.append([])
            self.values.arms = (*outer, (number, position))
            self.endpoints.conditions.append(Condition(test, position == 0, outside))
            if position == 0:
                arriving = env.optional
                choice.body(mine)
                left_none, env.optional = env.optional, arriving
            else:
                if others:
                    self.arm(choice, order[1:], others, runs, env)
                env.optional |= left_none
            self.endpoints.conditions.pop()
            made = {
                s
                for s in (set(loop.slots) if loop else set()) - before
                if s not in self.values.first
            }
            bodies.append((self.values.sinks.pop(), self.values.calls.pop(), made))
        self.values.arms = outer
        (init, call, made), (other_init, other_call, other_made) = bodies
        both = united(self.values, (init, call), (other_init, other_call)) if loop else None
        if both is not None:
            made, other_made = set(), set()
        init += self.padding(other_made)
        other_init += self.padding(made)
        self.values.at_init(If(test, tuple(init), tuple(other_init)))
        self.values.at_call(both or If(at_call, tuple(call), tuple(other_call)))
        choice.settle(left)
        if both is not None and isinstance(x := both.targets[0], Name):
            self.values.at_init(Shadow(str(both.shape), self.flow.features(x)))

    def settle(self, outs: Sequence[Flowing], left: list[int], x: Name, runs: list[Run]) -> None:
        """Says which channels the branches leave in every instance."""
        found: dict[int, int] = {}
        for i in left:
            shape = outs[i].known  # where named inputs arrive nothing flows
            if shape is None or found.setdefault(runs[i][0], shape[-1]) != shape[-1]:
                return
        self.values.at_init(Settle(self.flow.features(x), tuple(found.items())))

    def padding(self, slots: set[str]) -> list[Step]:
        """Lists stay in step: an iteration that builds nothing leaves a gap."""
        outermost = len(self.values.loops) == 1
        return [
            Do(Call(Attribute(self_(s) if outermost else Name(s), "append"), (NONE,)))
            for s in sorted(slots, key=lambda slot: int(slot.rpartition("#")[2]))
        ]

    def arm_body(
        self, recs: Sequence[Chosen], mine: list[int], x: Name, runs: list[Run], env: Env
    ) -> None:
        frames = [f for i in mine if (f := recs[i].frame) is not None]
        if frames:
            self.run(frames[0].body, frames, x, [runs[i] for i in mine], env)


def _names_nothing(body: ast.Body) -> bool:
    """Whether a body is chains alone."""
    return all(isinstance(st, ast.Run) and st.name is None for st in body.statements)
