"""Variables by what flows through them: each gets a name of its own, and shares it where that
is possible.

A web is what assignments and uses of a variable hang together: a variable that is given a new
value which no old use reads is another web, and may be called otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cnndsl.targets.python.draft import Hint, Loop, Shadow, Step
from cnndsl.targets.python.expressions import names
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import Change, assigned, map_step, read, written
from cnndsl.targets.python.trail import Trail
from cnndsl.targets.python.tree import Assign, Augment, Do, Expr, For, If, Name, Return, Tuple

Reaching = Trail[str, frozenset[int]]  # by variable, the definitions that may be read
Made = dict[str, frozenset[int]]


class Webs:
    """Splits the variables of some statements into webs, named `variable@number`.

    `fixed` are arguments: their webs keep their names.
    """

    def __init__(self, steps: Sequence[Step], fixed: Iterable[str]):
        self.parents: list[int] = []
        self.variables: list[str] = []  # of each definition
        self.numbers: dict[tuple[int, str], int] = {}
        self.fixed: dict[int, str] = {}
        self.read: list[dict[str, int]] = []  # of each statement, what it reads, in order
        self.made: dict[int, Made] = {}  # what a loop leaves, by identity
        reaching: Reaching = Trail()
        for name in fixed:
            number = self.definition(-1, name)
            self.fixed[number] = name
            reaching.set(name, frozenset([number]))
        self.keep = list(steps)  # statements are known by identity
        self.visit(steps, reaching)
        seen = iter(self.read)
        self.steps = [self.renamed(step, seen) for step in steps]

    def definition(self, key: int, name: str) -> int:
        number = self.numbers.get((key, name))
        if number is None:
            number = self.numbers[key, name] = len(self.parents)
            self.parents.append(number)
            self.variables.append(name)
        return number

    def root(self, number: int) -> int:
        while self.parents[number] != number:
            self.parents[number] = self.parents[self.parents[number]]
            number = self.parents[number]
        return number

    def union(self, numbers: Iterable[int]) -> None:
        roots = sorted({self.root(n) for n in numbers})
        for other in roots[1:]:
            self.parents[other] = roots[0]

    # --- which definitions reach which uses ---------------------------------------------

    def visit(self, steps: Iterable[Step], reaching: Reaching) -> None:
        for step in steps:
            read: dict[str, int] = {}
            for name in self.uses(step):
                held = reaching.get(name)
                if held is not None:
                    self.union(held)
                    read[name] = min(held)
            self.read.append(read)
            match step:
                case If():
                    self.visit_branches(step, reaching)
                case Loop() | For():
                    self.visit_loop(step, reaching)
                case _:
                    self.define(step, reaching)

    def visit_branches(self, step: If, reaching: Reaching) -> None:
        start = reaching.mark()
        self.visit(step.body, reaching)
        then = reaching.back(start)
        self.visit(step.other, reaching)
        before = reaching.before(start)
        for name in {**then, **before}:
            one = then[name] if name in then else before[name]
            reaching.set(name, (one or _NONE) | (reaching.get(name) or _NONE))

    def visit_loop(self, step: Loop | For, reaching: Reaching) -> None:
        start = reaching.mark()
        for name, numbers in self.left(step).items():  # reaches the next iteration
            reaching.set(name, numbers | (reaching.get(name) or _NONE))
        self.define(step, reaching)
        self.visit(step.body, reaching)
        for name, before in reaching.before(start).items():  # if there was no iteration
            reaching.set(name, (reaching.get(name) or _NONE) | (before or _NONE))

    def left(self, step: Loop | For) -> Made:
        """The definitions inside a loop that reach its end."""
        found = self.made.get(id(step))
        if found is None:
            found = {n: frozenset([self.definition(id(step), n)]) for n in sorted(written(step))}
            self.leave(step.body, found)
            self.made[id(step)] = found
        return found

    def leave(self, steps: Iterable[Step], found: Made) -> set[str]:
        """Adds the definitions that reach the end of some statements; the variables that are
        sure to be set."""
        sure: set[str] = set()
        for step in steps:
            match step:
                case If():
                    then, other = dict[str, frozenset[int]](), dict[str, frozenset[int]]()
                    both = self.leave(step.body, then) & self.leave(step.other, other)
                    for name in {**then, **other}:
                        before = _NONE if name in both else found.get(name, _NONE)
                        found[name] = before | then.get(name, _NONE) | other.get(name, _NONE)
                    sure |= both
                case Loop() | For():
                    for name, numbers in self.left(step).items():
                        found[name] = found.get(name, _NONE) | numbers
                case _:
                    for name in sorted(written(step)):
                        found[name] = frozenset([self.definition(id(step), name)])
                        sure.add(name)
        return sure

    def uses(self, step: Step) -> frozenset[str]:
        if isinstance(step, Hint):
            return names(step.target) | names(step.value)
        if isinstance(step, (Assign, Augment, Do, Return, Shadow)):
            return read(step) | names(step.value)
        return read(step)

    def define(self, step: Step, reaching: Reaching) -> None:
        for name in sorted(written(step)):  # numbers are the same in every run
            number = self.definition(id(step), name)
            if isinstance(step, Augment):  # it goes on with what it reads
                self.union([number, *(reaching.get(name) or _NONE)])
            reaching.set(name, frozenset([number]))

    # --- new names ----------------------------------------------------------------------

    def web(self, number: int) -> str:
        root = self.root(number)
        if root in self.fixed:  # arguments come first, so they are the roots of their webs
            return self.fixed[root]
        return f"{self.variables[root]}@{root}"

    def renamed(self, step: Step, seen: Iterator[dict[str, int]]) -> Step:
        """A statement with the names of webs; `seen` is what statements read, in order."""
        held = {name: Name(self.web(number)) for name, number in next(seen).items()}

        def used(expr: Expr) -> Expr:
            return substitute(expr, held)

        match step:
            case If():
                body = tuple([self.renamed(s, seen) for s in step.body])
                rest = tuple([self.renamed(s, seen) for s in step.other])
                return replace(step, test=used(step.test), body=body, other=rest)
            case Loop() | For():
                body = tuple([self.renamed(s, seen) for s in step.body])
                return _loop(step, used, self.bound(step), body)
            case Assign() | Augment() | Hint():
                return _targets(map_step(step, used), self.bound(step))
        return map_step(step, used)

    def bound(self, step: Step) -> dict[str, str]:
        return {n: self.web(self.numbers[id(step), n]) for n in written(step)}


_NONE: frozenset[int] = frozenset()


def _renamed_target(target: Expr, bound: dict[str, str]) -> Expr:
    if isinstance(target, Name):
        return Name(bound.get(target.id, target.id))
    if isinstance(target, Tuple):
        return Tuple(tuple(_renamed_target(t, bound) for t in target.items))
    return target


def _targets(step: Step, bound: dict[str, str]) -> Step:
    match step:
        case Assign():
            targets = tuple([_renamed_target(t, bound) for t in step.targets])
            return assigned(step, targets, step.value)
        case Augment():
            return replace(step, target=_renamed_target(step.target, bound))
        case Hint():
            return replace(step, target=Name(bound[step.target.id]))
    return step


def _loop(step: Loop | For, used: Change, bound: dict[str, str], body: tuple[Step, ...]) -> Step:
    if isinstance(step, For):
        target = _renamed_target(step.target, bound)
        return replace(step, target=target, iterable=used(step.iterable), body=body)
    return replace(
        step,
        targets=tuple(bound[t] for t in step.targets),
        items=used(step.items),
        counter=bound[step.counter],
        walked=tuple((bound[n], used(s)) for n, s in step.walked),
        body=body,
    )
