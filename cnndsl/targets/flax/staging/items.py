"""Packs and item lists: lists of the call.

A pack is a list of tensors in the call and a tuple of their channels in the constructor, each a
variable like any other: what grows in a loop gets a new value in every round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnndsl.ir import Chained, Divided, ItemsChosen, ItemsLooped, Node, Packed, branches
from cnndsl.ir import Item as Record
from cnndsl.syntax import ast
from cnndsl.targets.flax.staging.control import Choice, Control
from cnndsl.targets.flax.staging.draft import Env, Run, Tensor
from cnndsl.targets.flax.staging.flow import Flow, all_of
from cnndsl.targets.flax.staging.rounds import Rounds, Walk
from cnndsl.targets.python.arithmetic import share
from cnndsl.targets.python.expressions import integer, path
from cnndsl.targets.python.tree import (
    Assign,
    Binary,
    Call,
    Constant,
    Expr,
    Item,
    Keyword,
    ListOf,
    Name,
    Slice,
    Star,
    Tuple,
)
from cnndsl.targets.python.tuples import item, joined

Chain = Callable[[Sequence[Chained], Name, list[Run], Env], None]
Arm = Callable[[Sequence[ast.Item], list[int], list[Sequence[Record]]], None]


class Items:
    """Transcribes item lists; `chain` transcribes one of their chains."""

    def __init__(self, flow: Flow, control: Control, rounds: Rounds, chain: Chain):
        self.flow = flow
        self.values = flow.values
        self.draft = flow.draft
        self.control = control
        self.rounds = rounds
        self.chain = chain

    # --- packs ------------------------------------------------------------------------

    def packed(
        self, st: ast.Pack, recs: Sequence[Packed], x: Name, runs: list[Run], env: Env
    ) -> None:
        """`NAME = [ items ]`: a list of the call."""
        outer = self.values.path
        self.values.path = (*outer, st.name)
        listed = self.listed(st.items, [r.items for r in recs], x, runs, env, st.name)
        self.values.path = outer
        held = env.tensors.get(st.name)
        pack = held.call if held is not None else None
        if not isinstance(pack, Name) or pack.id not in self.draft.variables:
            pack = self.draft.variable(st.name, "tensor", named=True)
        self.flow.copy(listed.call, listed.features, pack)
        env.tensors[st.name] = self.flow.tensor(pack)
        env.tensors["here"] = self.flow.tensor(x)

    def pack(self, expr: ast.Expr, seen: Sequence[object], runs: list[Run], env: Env) -> Tensor:
        """A pack, a part of one, or one of its tensors; `seen` are the numbers of that."""
        if isinstance(expr, ast.Name):
            held = env.tensor(expr.id)
            if held is None:
                raise AssertionError(f"no pack {expr.id}")
            return held
        if isinstance(expr, ast.List):
            held_items = [self.pack(each, [], runs, env) for each in expr.items]
            calls = ListOf(tuple([held.call for held in held_items]))
            return Tensor(calls, Tuple(tuple([held.features for held in held_items])))
        if not isinstance(expr, ast.Index):
            raise AssertionError("a pack is a name or a part of one")
        whole = self.pack(expr.base, [], runs, env)
        if isinstance(expr.index, ast.Range):
            ends = expr.index.start, expr.index.stop
            first, last = (self.end(end, runs, env) for end in ends)
            if first is None or last is None:
                raise AssertionError("the ends of a part of a pack have words")
            in_init, in_call = map(_part, first, last)
            return Tensor(item(whole.call, in_call), item(whole.features, in_init))
        at = self.values.value(expr.index, seen, runs, env, "index")
        at_call = self.values.in_call(at, expr.index, env)
        return Tensor(Item(whole.call, at_call), item(whole.features, at))

    def divided(
        self, element: ast.Apply, recs: Sequence[Divided], x: Name, runs: list[Run], env: Env
    ) -> None:
        """`split(n)`: a list of the call."""
        written = element.args[0].value if element.args else None
        seen = [len(r.groups) for r in recs]
        count = self.values.value(written, seen, runs, env, "groups")
        at_call = count if written is None else self.values.in_call(count, written, env)
        each = Tuple((share(self.flow.features(x), count),))
        number = integer(count)
        every = Binary("*", each, count) if number is None else Tuple(each.items * number)
        axis = Keyword("axis", Constant(-1))
        self.values.at_call(Assign((x,), Call(path("jnp.split"), (x, at_call), (axis,))))
        self.values.define(self.flow.features(x), every)

    def end(self, expr: ast.Expr, runs: list[Run], env: Env) -> tuple[Expr, Expr] | None:
        """One end of a part of a pack, in the constructor and in the call."""
        at = self.values.spell(expr, env)
        return None if at is None else (at, self.values.in_call(at, expr, env))

    # --- item lists -------------------------------------------------------------------

    def listed(
        self,
        items: Sequence[ast.Item],
        recs: Sequence[Sequence[Record]],
        x: Name,
        runs: list[Run],
        env: Env,
        stem: str = "",
    ) -> Tensor:
        """An item list: the list of its tensors, and the tuple of their channels.

        With loops and choices among the items it is a variable, named after `stem`.
        """
        calls: list[Expr] = []
        features: list[Expr] = []
        for place, each in enumerate(items):
            env.tensors["here"] = self.flow.tensor(x)
            if not (isinstance(each, ast.Spread) or gives_one(each)):
                grown = self.draft.variable(stem or "branches", "tensor", named=bool(stem))
                self.flow.copy(ListOf(tuple(calls)), joined(features), grown)
                rest = [held[place:] for held in recs]
                self.grow(grown, items[place:], rest, x, runs, env)
                return self.flow.tensor(grown)
            self.piece(each, [held[place] for held in recs], calls, features, x, runs, env)
        return Tensor(ListOf(tuple(calls)), joined(features))

    def piece(
        self,
        each: ast.Item,
        recs: Sequence[Record],
        calls: list[Expr],
        features: list[Expr],
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        """What one tensor or a pack gives to a list."""
        if not isinstance(each, ast.Spread):
            y = self.one(each, recs, x, runs, env)
            calls.append(y)
            features.append(self.flow.features(y))
        else:
            held = self.pack(each.value, [], runs, env)
            calls.append(Star(held.call))
            features.append(Star(held.features))

    def one(
        self, each: ast.Item, recs: Sequence[Record], x: Name, runs: list[Run], env: Env
    ) -> Name:
        """The tensor of an item that always gives one."""
        y = self.flow.branch_off(x, "x")
        self.into(y, each, recs, x, runs, env)
        return y

    def into(
        self, y: Name, each: ast.Item, recs: Sequence[Record], x: Name, runs: list[Run], env: Env
    ) -> None:
        """What an item makes of `y`, which begins as `x`."""
        if not isinstance(each, ast.ItemChoice):
            self.chain(all_of(Chained, recs), y, runs, env)
            return
        outs = [branch.out for branch in branches(recs)]

        def body(items: Sequence[ast.Item], mine: list[int], ran: list[Sequence[Record]]) -> None:
            self.into(y, items[0], [held[0] for held in ran], x, [runs[i] for i in mine], env)

        self.chosen(
            each,
            all_of(ItemsChosen, recs),
            body,
            x,
            runs,
            env,
            lambda left: self.control.settle(outs, left, y, runs),
        )

    def grow(
        self,
        grown: Name,
        items: Sequence[ast.Item],
        recs: Sequence[Sequence[Record]],
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        """Puts what items give behind what a list has."""
        calls: list[Expr] = []
        features: list[Expr] = []
        for place, each in enumerate(items):
            env.tensors["here"] = self.flow.tensor(x)
            records = [held[place] for held in recs]
            if isinstance(each, ast.Spread) or gives_one(each):
                self.piece(each, records, calls, features, x, runs, env)
                continue
            self.put(grown, calls, features)
            if isinstance(each, ast.ItemLoop):
                self.looped(each, all_of(ItemsLooped, records), grown, x, runs, env)
            elif isinstance(each, ast.ItemChoice):

                def body(
                    items: Sequence[ast.Item], mine: list[int], ran: list[Sequence[Record]]
                ) -> None:
                    self.grow(grown, items, ran, x, [runs[i] for i in mine], env)

                self.chosen(each, all_of(ItemsChosen, records), body, x, runs, env)
        self.put(grown, calls, features)

    def put(self, grown: Name, calls: list[Expr], features: list[Expr]) -> None:
        """The next value of a list that grows; nothing is left to be put there."""
        if calls:
            known = self.flow.features(grown)
            self.flow.copy(ListOf((Star(grown), *calls)), joined((Star(known), *features)), grown)
        calls.clear()
        features.clear()

    def looped(
        self,
        each: ast.ItemLoop,
        recs: Sequence[ItemsLooped],
        grown: Name,
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        rounds = [held.records for r in recs for held in r.rounds]
        inside = Env(env)
        walk = Walk(each, each.targets, each.values, [r.values for r in recs])
        self.rounds.walk(
            walk,
            runs,
            inside,
            lambda inner: self.grow(grown, each.items, rounds, x, inner, inside),
        )

    def chosen(
        self,
        each: ast.ItemChoice,
        recs: Sequence[ItemsChosen],
        body: Arm,
        x: Name,
        runs: list[Run],
        env: Env,
        settle: Callable[[list[int]], None] = lambda left: None,
    ) -> None:
        """An `if` among items: `body` writes what the arms give."""

        def arm(mine: list[int]) -> None:
            held = [(i, r) for i in mine if (r := recs[i].chosen) is not None]
            if held:
                body(held[0][1].written, [i for i, _ in held], [r.records for _, r in held])
            env.tensors["here"] = self.flow.tensor(x)  # as the next condition sees it

        conditions = [condition for condition, _ in each.branches]
        taken: list[tuple[int | None, Node | None]] = [(r.taken, r.chosen) for r in recs]
        self.control.choose(Choice(conditions, taken, arm, settle), runs, env)


def _part(start: Expr, stop: Expr) -> Slice:
    return Slice(None if start == Constant(0) else start, stop)


def gives_one(item: ast.Item) -> bool:
    """Whether an item is one tensor in any case."""
    if not isinstance(item, ast.ItemChoice):
        return isinstance(item, ast.Chain)
    arms = [held for _, held in item.branches]
    return item.other is not None and all(
        len(arm) == 1 and gives_one(arm[0]) for arm in (*arms, item.other)
    )
