"""Packs, and merges of more than plain chains: lists of the call.

A pack is a list of tensors in the call and a tuple of their channels in the constructor, each a
variable like any other: what grows in a loop gets a new value in every round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnndsl.ir import Chained, ItemsChosen, ItemsLooped, Merged, Node, Packed
from cnndsl.ir import Item as Record
from cnndsl.ir import Items as Ran
from cnndsl.syntax import ast
from cnndsl.targets.flax.ops.emission import MERGED
from cnndsl.targets.flax.staging.control import Choice, Control, Walk
from cnndsl.targets.flax.staging.draft import Env, Run, Tensor
from cnndsl.targets.flax.staging.flow import Flow, all_of
from cnndsl.targets.python.arithmetic import item, joined, tally
from cnndsl.targets.python.expressions import call, path
from cnndsl.targets.python.tree import (
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

Chain = Callable[[Sequence[Chained], Name, list[Run], Env], None]

_FOLDS = {"add": "add", "mul": "multiply", "maximum": "maximum", "minimum": "minimum"}


class Items:
    """Transcribes item lists; `chain` transcribes one of their chains."""

    def __init__(self, flow: Flow, control: Control, chain: Chain):
        self.flow = flow
        self.values = flow.values
        self.draft = flow.draft
        self.control = control
        self.chain = chain

    # --- packs ------------------------------------------------------------------------

    def packed(
        self, st: ast.Pack, recs: Sequence[Packed], x: Name, runs: list[Run], env: Env
    ) -> Name:
        """`NAME = [ items ]`: a list of the call."""
        outer = self.values.path
        self.values.path = (*outer, st.name)
        listed = self.listed(st.items, [r.items for r in recs], x, runs, env)
        self.values.path = outer
        pack = self.draft.variable(st.name, "tensor", named=True)
        self.flow.copy(listed.call, listed.features, pack)
        env.tensors["here"] = self.flow.tensor(x)
        return pack

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
            in_init = Slice(first[0], last[0])
            return Tensor(Item(whole.call, Slice(first[1], last[1])), Item(whole.features, in_init))
        at = self.values.value(expr.index, seen, runs, env, "index")
        at_call = self.values.in_call(at, expr.index, env)
        return Tensor(Item(whole.call, at_call), item(whole.features, at))

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
    ) -> Tensor:
        """An item list: the list of its tensors, and the tuple of their channels."""
        calls: list[Expr] = []
        features: list[Expr] = []
        for place, each in enumerate(items):
            records = [held[place] for held in recs]
            if isinstance(each, ast.Chain):
                y = self.flow.branch_off(x, "x")
                self.chain(all_of(Chained, records), y, runs, env)
                calls.append(y)
                features.append(self.flow.features(y))
            elif isinstance(each, ast.Spread):
                held = self.pack(each.value, [], runs, env)
                calls.append(Star(held.call))
                features.append(Star(held.features))
            else:
                grown = self.draft.variable("branches", "tensor")
                self.flow.copy(ListOf(tuple(calls)), joined(features), grown)
                if isinstance(each, ast.ItemLoop):
                    self.looped(each, all_of(ItemsLooped, records), grown, x, runs, env)
                else:
                    self.chosen(each, all_of(ItemsChosen, records), grown, x, runs, env)
                calls = [Star(grown)]
                features = [Star(self.flow.features(grown))]
        return Tensor(ListOf(tuple(calls)), joined(features))

    def grow(
        self,
        grown: Name,
        items: Sequence[ast.Item],
        ran: Sequence[Ran],
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        """Puts what items give behind what a list has."""
        more = self.listed(items, [r.records for r in ran], x, runs, env)
        assert isinstance(more.call, ListOf) and isinstance(more.features, Tuple)
        before = Star(grown), Star(self.flow.features(grown))
        self.flow.copy(
            ListOf((before[0], *more.call.items)),
            joined((before[1], *more.features.items)),
            grown,
        )

    def looped(
        self,
        each: ast.ItemLoop,
        recs: Sequence[ItemsLooped],
        grown: Name,
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        rounds = [held for r in recs for held in r.rounds]
        inside = Env(env)
        walk = Walk(each.targets, each.values, [r.values for r in recs])
        self.control.walk(
            walk,
            runs,
            inside,
            lambda inner: self.grow(grown, each.items, rounds, x, inner, inside),
        )

    def chosen(
        self,
        each: ast.ItemChoice,
        recs: Sequence[ItemsChosen],
        grown: Name,
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        def body(mine: list[int]) -> None:
            held = [(r, runs[i]) for i in mine if (r := recs[i].chosen) is not None]
            if held:
                ran, within = [r for r, _ in held], [run for _, run in held]
                self.grow(grown, ran[0].written, ran, x, within, env)

        conditions = [condition for condition, _ in each.branches]
        taken: list[tuple[int | None, Node | None]] = [(r.taken, r.chosen) for r in recs]
        self.control.choose(Choice(conditions, taken, body, lambda left: None), runs, env)

    # --- merges -----------------------------------------------------------------------

    def merged(
        self, element: ast.Merge, recs: Sequence[Merged], x: Name, runs: list[Run], env: Env
    ) -> None:
        """A merge of an item list that is not of chains alone."""
        held = self.listed(element.items, [r.items for r in recs], x, runs, env)
        env.tensors["here"] = self.flow.tensor(x)
        value, total = self.joined(element.name, held, recs, runs)
        self.values.define(self.flow.features(x), total)
        self.flow.line(x, value, recs, MERGED, runs)

    def joined(
        self, name: str, held: Tensor, recs: Sequence[Merged], runs: list[Run]
    ) -> tuple[Expr, Expr]:
        """The merge of a list, and its channels."""
        listed = held.call
        match listed:
            case ListOf(items=(Star(value=whole),)):
                listed = whole
        if name == "concat":
            axis = Keyword("axis", Constant(-1))
            together = Call(path("jnp.concatenate"), (listed,), (axis,))
            return together, tally("sum", held.features)
        if name == "matmul":
            self.draft.helpers.add("matmul")
        value: Expr
        if name in _FOLDS:
            value = call("functools.reduce", path(f"jnp.{_FOLDS[name]}"), listed)
        elif name == "matmul":
            value = Call(Name("matmul"), (Star(listed),))
        else:
            sides = Item(listed, Constant(0)), Item(listed, Constant(1))
            value = Binary("-" if name == "sub" else "/", *sides)
        shapes = [{b.out.shape[-1] for b in r.branches} for r in recs]
        if all(len(widths) == 1 for widths in shapes) and name != "matmul":
            return value, item(held.features, Constant(0))
        return value, self.values.residual("features", [r.out.shape[-1] for r in recs], runs)
