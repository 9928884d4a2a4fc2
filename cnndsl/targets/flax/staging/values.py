"""What an expression of the spec is in the constructor and in the call: the binding time.

The constructor knows arguments and channels, the call knows heights and widths besides. What
neither can say is a literal where it is the same everywhere, else an argument that the compiler
works out for every instance, or a table of such values by iteration.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import is_

from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.targets.flax.staging.columns import Columns
from cnndsl.targets.flax.staging.draft import Draft, Env, Run, Slot
from cnndsl.targets.flax.staging.spelling import Known, Speller
from cnndsl.targets.python.draft import Settle, Step, Tally
from cnndsl.targets.python.expressions import names, self_, size
from cnndsl.targets.python.expressions import walk as parts_of
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.tree import Assign, Attribute, Call, Do, Expr, Item, Name

_SMALL = 12  # nodes of a list that the call may name again


@dataclass(frozen=True)
class Held:
    """How the call reads a variable of the constructor, as long as that has no other value.

    It was kept where `sinks` were open, in `loops` so many loops, as items that are `counted` or
    in step with the loop.
    """

    value: Expr
    sinks: list[list[Step]]
    loops: int
    counted: bool

    def is_here(self, values: Values) -> bool:
        """Whether that runs before what is written now, in the same rounds."""
        if (self.loops, self.counted) != (len(values.loops), values.counted):
            return False
        around = values.sinks[: len(self.sinks)]
        return len(around) == len(self.sinks) and all(map(is_, around, self.sinks))


class Values(Columns):
    """What values are in one class, and the statements that it is written with."""

    def __init__(self, draft: Draft, known: Known):
        super().__init__(draft)
        self.speller = Speller(known, self.lift)
        self.spell = self.speller.spell
        self.sinks: list[list[Step]] = [draft.init]
        self.calls: list[list[Step]] = [draft.call]
        self.origins: dict[str, set[str]] = {}  # the arguments that a variable comes from
        self.ranged: dict[str, bool] = {}  # whether the call can walk a loop's items again
        self.said: set[str] = set()  # variables that the call sets as the constructor does
        self.arms: tuple[tuple[int, int], ...] = ()
        self.path: tuple[str, ...] = ()
        self.indexed: set[str] = set()  # lists whose items are found by their number
        self.first: set[str] = set()  # those that only the first iterations fill
        self.counted = False  # whether all lists are, as those of auxiliary heads
        self.held: dict[str, list[Held]] = {}  # how the call reads variables of the constructor
        self.kept: list[Expr] | None = None  # the modules of shared layers, while they are built
        self.again: deque[Expr] | None = None  # the same, while they run once more

    def at_init(self, step: Step) -> None:
        self.sinks[-1].append(step)

    def at_call(self, step: Step) -> None:
        self.calls[-1].append(step)

    def define(self, name: Name, value: Expr) -> None:
        """An assignment of the constructor."""
        self.held.pop(name.id, None)
        self.said.discard(name.id)
        if name.id in self.ranged:
            self.ranged[name.id] = False
        known = self.origins.setdefault(name.id, set())
        known |= self.reached(value)
        self.at_init(Assign((name,), value))

    def settle(
        self, target: Name, seen: Sequence[int], runs: list[Run], env: Env, other: Expr
    ) -> None:
        """Channels that were `seen`: those of a tensor around, where these are as many in every
        instance, or else `other`."""
        by = {number: channels for (number, _), channels in zip(runs, seen, strict=True)}
        if any(by[n] != channels for (n, _), channels in zip(runs, seen, strict=True)):
            self.define(target, other)
            return
        self.origins.setdefault(target.id, set()).update(self.reached(other))
        self.at_init(Settle(target, tuple(by.items()), env.features(), other))

    def reached(self, expr: Expr) -> set[str]:
        """The arguments that an expression of the constructor depends on."""
        return {o for n in names(expr) for o in self.origins.get(n, {n})}

    def value(
        self, expr: ast.Expr | None, seen: Sequence[object], runs: list[Run], env: Env, stem: str
    ) -> Expr:
        """What the constructor says for a value that was `seen` in every execution."""
        spelled = None if expr is None else self.spell(expr, env)
        if spelled is not None:
            return spelled
        if expr is not None:
            self.fold(expr, env)
        return self.residual(stem, seen, runs)

    def fold(self, expr: ast.Expr, env: Env) -> None:
        """Notes what decides something for good: such a parameter is no argument."""
        folded, spatial = self.decided_by(expr, env)
        self.draft.folded |= folded
        self.draft.spatial |= spatial

    def decided_by(self, expr: ast.Expr, env: Env) -> tuple[set[str], bool]:
        """The arguments that an expression depends on, and whether sizes of maps do it too."""
        folded: set[str] = set()
        spatial = False
        for node in walk(expr):
            if isinstance(node, ast.Attribute) and isinstance(node.base, ast.Name):
                tensor = env.meant(node.base.id)
                spatial |= tensor is not None and node.attr != "channels"
                if tensor is not None and node.attr in ("channels", "shape"):
                    folded |= self.reached(tensor.features)
            elif isinstance(node, ast.Name):
                value = env.value(node.id)
                if value is not None and value.init is not None:
                    folded |= self.reached(value.init)
        return folded, spatial

    def lift(self, expr: Expr) -> Expr:
        """An expression of the constructor, for the call of the same object."""
        if self.draft.is_function:
            return expr
        return substitute(expr, {name: self._lifted(name) for name in sorted(names(expr))})

    def in_call(self, expr: Expr, written: ast.Expr, env: Env) -> Expr:
        """What the call says for `expr`; a function says what is `written` in its own terms, and
        so does the call that asks how many tensors a pack has."""
        if self.draft.is_function or any(isinstance(part, Tally) for part in parts_of(expr)):
            spelled = self.spell(written, env, in_call=True)
            if spelled is not None or self.draft.is_function:
                return expr if spelled is None else spelled
        return self.lift(expr)

    def _lifted(self, name: str) -> Expr:
        if name in {p.name for p in self.draft.params}:
            return self_(name)
        if name not in self.draft.variables:
            return Name(name)  # of the module or of Python
        if self._is_walked(name) or name in self.said:
            return Name(name)
        if self.draft.variables[name].stable:
            return self_(name)
        for held in self.held.get(name, []):
            if held.is_here(self):
                return held.value
        stem = self.draft.variables[name].stem
        kept = self.slot(Name(name), Slot(stem, (), is_value=True), ())
        found = Held(kept, list(self.sinks), len(self.loops), self.counted)
        self.held.setdefault(name, []).append(found)
        return kept

    def _is_walked(self, name: str) -> bool:
        """Whether loops of the call give a variable what those of the constructor do."""
        kind = self.draft.variables[name].kind
        return kind == "counter" or (kind == "target" and self.ranged.get(name, False))

    def is_said(self, expr: Expr) -> bool:
        """Whether the call can work out an expression of loops anew, which is short."""
        held = [name for name in names(expr) if name in self.draft.variables]
        walked = [name for name in held if self._is_walked(name) or name in self.said]
        return len(walked) == len(held) > 0 and size(expr) <= _SMALL

    def module(self, build: Callable[[], Expr]) -> Expr:
        """How the call reaches a module, which `build` keeps; shared ones are built once."""
        if self.again is not None:
            return self.again.popleft()
        kept = build()
        if self.kept is not None:
            self.kept.append(kept)
        return kept

    def slot(self, value: Expr, slot: Slot, runs: Iterable[Run]) -> Expr:
        """Keeps a module or a value on `self`, or in the lists of the loops around.

        Returns the expression by which the call reaches it.
        """
        draft = self.draft
        name = draft.unique(slot.stem)
        draft.slots[name] = slot
        slot.path, slot.arms = self.path, self.arms
        if not self.loops:
            self.at_init(Assign((self_(name),), value))
            return self_(name)
        loop = self.loops[-1]
        holder = self_(name) if len(self.loops) == 1 else Name(name)
        self.at_init(Do(Call(Attribute(holder, "append"), (value,))))
        slot.many = 1
        prefix = self.first_ones(list(runs)) if not slot.is_value else False
        if prefix or self.counted:
            loop.slots.append(name)
            self.indexed.add(name)
            if prefix:
                self.first.add(name)
            return Item(holder, Name(loop.counter))
        loop.slots.append(name)
        return Name(name)

    def first_ones(self, runs: list[Run]) -> bool:
        """Whether only the first iterations of the loop come here, and not all of them."""
        loop = self.loops[-1]
        if len(runs) == len(loop.runs):
            return False
        reached: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        for number, iterations in runs:
            reached.setdefault((number, iterations[:-1]), []).append(iterations[-1])
        return all(found == list(range(len(found))) for found in reached.values())

    def is_cheap(self, items: Expr) -> bool:
        """Whether the call may name a list again."""
        return size(items) <= _SMALL
