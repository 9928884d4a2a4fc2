"""Merges: of as many tensors as are written, and of lists."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cnndsl.ir import Item as Record
from cnndsl.ir import ItemsChosen, ItemsLooped, Merged
from cnndsl.syntax import ast
from cnndsl.targets.flax.ops.emission import MERGED
from cnndsl.targets.flax.ops.merge import merged_pair
from cnndsl.targets.flax.staging.draft import Env, Run, Tensor
from cnndsl.targets.flax.staging.flow import all_of
from cnndsl.targets.flax.staging.items import Items, gives_one
from cnndsl.targets.flax.staging.rounds import Walk
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
    Star,
)
from cnndsl.targets.python.tuples import item, tally

_FOLDS = {"add": "add", "mul": "multiply", "maximum": "maximum", "minimum": "minimum"}


class Merging(Items):
    """Transcribes item lists and merges of them."""

    def merged(
        self, element: ast.Merge, recs: Sequence[Merged], x: Name, runs: list[Run], env: Env
    ) -> None:
        if all(map(gives_one, element.items)):
            self.counted(element, recs, x, runs, env)
            return
        if element.name in _FOLDS and _begins_with_a_tensor(element.items):
            self.folded(element, recs, x, runs, env)
            return
        held = self.listed(element.items, [r.items for r in recs], x, runs, env)
        env.tensors["here"] = self.flow.tensor(x)
        value, total = self.joined(element.name, held, recs, runs)
        self.values.define(self.flow.features(x), total)
        self.flow.line(x, value, recs, MERGED, runs)

    def counted(
        self, element: ast.Merge, recs: Sequence[Merged], x: Name, runs: list[Run], env: Env
    ) -> None:
        """A merge of as many tensors as it has items."""
        parts = []
        for place, each in enumerate(element.items):
            env.tensors["here"] = self.flow.tensor(x)
            parts.append(self.one(each, [r.items[place] for r in recs], x, runs, env))
        env.tensors["here"] = self.flow.tensor(x)
        features = [self.flow.features(y) for y in parts]
        role = MERGED
        if len(parts) == 1:
            value: Expr = parts[0]
            total: Expr = features[0]
            role = ""
        elif element.name == "concat":
            total = features[0]
            for other in features[1:]:
                total = Binary("+", total, other)
            axis = Keyword("axis", Constant(-1))
            value = Call(path("jnp.concatenate"), (ListOf(tuple(parts)),), (axis,))
        else:
            value, total = parts[0], self.widest(recs, features, runs)
            for y in parts[1:]:
                value = merged_pair(element.name, value, y)
        if element.name == "matmul":
            self.draft.helpers.add("matmul")
        self.values.define(self.flow.features(x), total)
        self.flow.line(x, value, recs, role, runs)

    def widest(self, recs: Sequence[Merged], features: list[Name], runs: list[Run]) -> Expr:
        """The channels of a merge whose branches may have one channel beside many."""
        for i, known in enumerate(features):
            if all(r.branches[i].out.shape[-1] == r.out.shape[-1] for r in recs):
                return known
        return self.values.residual("features", [r.out.shape[-1] for r in recs], runs)

    def folded(
        self, element: ast.Merge, recs: Sequence[Merged], x: Name, runs: list[Run], env: Env
    ) -> None:
        """A sum, a product or an extreme that grows from its first term on."""
        total = self.draft.variable("x", "tensor")
        first = self.gather(element, element.items, _of(recs), total, x, runs, env, None)
        assert first is not None
        env.tensors["here"] = self.flow.tensor(x)
        features: Expr = first
        if any(len({b.out.shape[-1] for b in r.branches}) > 1 for r in recs):
            features = self.values.residual("features", [r.out.shape[-1] for r in recs], runs)
        self.flow.copy(total, features, x)

    def gather(
        self,
        element: ast.Merge,
        items: Sequence[ast.Item],
        recs: Sequence[tuple[Merged, Sequence[Record]]],
        total: Name,
        x: Name,
        runs: list[Run],
        env: Env,
        first: Expr | None,
    ) -> Expr | None:
        """Adds what items give to a total, the first one of which begins it; gives the channels
        of the first."""
        merges = [merge for merge, _ in recs]
        for place, each in enumerate(items):
            env.tensors["here"] = self.flow.tensor(x)
            records = [held[place] for _, held in recs]
            if gives_one(each):
                y = self.one(each, records, x, runs, env)
                if first is None:
                    first = self.flow.features(y)
                    self.flow.copy(y, first, total)
                    continue
                value = merged_pair(element.name, total, y)
                self.flow.line(total, value, merges, MERGED, runs)
            elif isinstance(each, ast.ItemLoop):
                loops = all_of(ItemsLooped, records)
                rounds = [
                    (m, held.records)
                    for m, r in zip(merges, loops, strict=True)
                    for held in r.rounds
                ]
                inside = Env(env)
                self.rounds.walk(
                    Walk(each, each.targets, each.values, [r.values for r in loops]),
                    runs,
                    inside,
                    partial(
                        self.gather, element, each.items, rounds, total, x, env=inside, first=first
                    ),
                )
            elif isinstance(each, ast.ItemChoice):
                chosen = all_of(ItemsChosen, records)
                arm = partial(self.gather_arm, element, merges, total, x, runs, env, first)
                self.chosen(each, chosen, arm, x, runs, env)
        return first

    def gather_arm(
        self,
        element: ast.Merge,
        merges: Sequence[Merged],
        total: Name,
        x: Name,
        runs: list[Run],
        env: Env,
        first: Expr | None,
        items: Sequence[ast.Item],
        mine: list[int],
        ran: list[Sequence[Record]],
    ) -> None:
        """The same for an arm of an `if`."""
        within = list(zip([merges[i] for i in mine], ran, strict=True))
        self.gather(element, items, within, total, x, [runs[i] for i in mine], env, first)

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


def _begins_with_a_tensor(items: Sequence[ast.Item]) -> bool:
    """Whether an item list has a first tensor in any case, and no packs."""
    stack: list[ast.Item] = list(items)
    while stack:
        each = stack.pop()
        if isinstance(each, ast.Spread):
            return False
        if isinstance(each, ast.ItemLoop):
            stack += each.items
        elif isinstance(each, ast.ItemChoice):
            stack += [item for _, held in each.branches for item in held]
            stack += each.other or ()
    return gives_one(items[0])


def _of(recs: Sequence[Merged]) -> list[tuple[Merged, Sequence[Record]]]:
    return [(r, r.items) for r in recs]
