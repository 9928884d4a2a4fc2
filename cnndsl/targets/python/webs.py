"""Variables by what flows through them: each gets a name of its own, and shares it where that
is possible.

A web is what assignments and uses of a variable hang together: a variable that is given a new
value which no old use reads is another web, and may be called otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from cnndsl.targets.python.draft import Hint, Loop, Shadow, Step
from cnndsl.targets.python.expressions import names
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import flat, map_step, read, written
from cnndsl.targets.python.tree import Assign, Augment, Do, Expr, For, If, Name, Return, Tuple

Reaching = dict[str, frozenset[int]]


class Webs:
    """Splits the variables of some statements into webs, named `variable@number`.

    `fixed` are arguments: their webs keep their names.
    """

    def __init__(self, steps: Sequence[Step], fixed: Iterable[str]):
        self.parents: list[int] = []
        self.variables: list[str] = []  # of each definition
        self.numbers: dict[tuple[int, str], int] = {}
        self.fixed: dict[int, str] = {}
        start: Reaching = {}
        for name in fixed:
            number = self.definition(-1, name)
            self.fixed[number] = name
            start[name] = frozenset([number])
        self.visit(steps, dict(start))
        self.keep = list(steps)  # statements are known by identity
        self.steps = [self.renamed(step, start) for step in steps]

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
            for name in self.uses(step):
                if name in reaching:
                    self.union(reaching[name])
            match step:
                case If():
                    other = dict(reaching)
                    self.visit(step.body, reaching)
                    self.visit(step.other, other)
                    _join(reaching, other)
                case Loop() | For():
                    before = dict(reaching)
                    for _ in range(2):  # what an iteration leaves reaches the next one
                        self.define(step, reaching)
                        self.visit(step.body, reaching)
                        _join(reaching, before)
                case _:
                    self.define(step, reaching)

    def uses(self, step: Step) -> set[str]:
        if isinstance(step, Hint):
            return {step.target.id, *names(step.value)}
        if isinstance(step, (Assign, Augment, Do, Return, Shadow)):
            return read(step) | names(step.value)
        return read(step)

    def define(self, step: Step, reaching: Reaching) -> None:
        for name in sorted(written(step)):  # numbers are the same in every run
            reaching[name] = frozenset([self.definition(id(step), name)])

    # --- new names ----------------------------------------------------------------------

    def web(self, number: int) -> str:
        root = self.root(number)
        if root in self.fixed:  # arguments come first, so they are the roots of their webs
            return self.fixed[root]
        return f"{self.variables[root]}@{root}"

    def used(self, expr: Expr, reaching: Reaching) -> Expr:
        held = {n: Name(self.web(min(reaching[n]))) for n in names(expr) if n in reaching}
        return substitute(expr, held)

    def renamed(self, step: Step, reaching: Reaching) -> Step:
        def used(expr: Expr) -> Expr:
            return self.used(expr, reaching)

        match step:
            case If():
                test = used(step.test)
                other = dict(reaching)
                body = tuple(self.renamed(s, reaching) for s in step.body)
                rest = tuple(self.renamed(s, other) for s in step.other)
                _join(reaching, other)
                return replace(step, test=test, body=body, other=rest)
            case Loop() | For():
                before = dict(reaching)
                if isinstance(step, For):
                    head: Loop | For = replace(step, iterable=used(step.iterable))
                else:
                    walked = tuple((n, used(s)) for n, s in step.walked)
                    head = replace(step, items=used(step.items), walked=walked)
                for _ in range(2):
                    self.define(step, reaching)
                    self._flow(step.body, reaching)
                    _join(reaching, before)
                inside = dict(reaching)
                self.define(step, inside)
                body = tuple(self.renamed(s, inside) for s in step.body)
                bound = {n: self.web(self.numbers[id(step), n]) for n in written(step)}
                return _loop(head, bound, body)
            case Assign() | Augment() | Hint():
                changed = map_step(step, used)
                self.define(step, reaching)
                bound = {n: self.web(self.numbers[id(step), n]) for n in written(step)}
                return _targets(changed, bound)
        return map_step(step, used)

    def _flow(self, steps: Iterable[Step], reaching: Reaching) -> None:
        """Definitions alone, once uses are known."""
        for step in steps:
            if isinstance(step, If):
                other = dict(reaching)
                self._flow(step.body, reaching)
                self._flow(step.other, other)
                _join(reaching, other)
            elif isinstance(step, (Loop, For)):
                before = dict(reaching)
                self.define(step, reaching)
                self._flow(step.body, reaching)
                _join(reaching, before)
            else:
                self.define(step, reaching)


def _join(reaching: Reaching, other: Reaching) -> None:
    for name, numbers in other.items():
        reaching[name] = reaching.get(name, frozenset()) | numbers


def _renamed_target(target: Expr, bound: dict[str, str]) -> Expr:
    if isinstance(target, Name):
        return Name(bound.get(target.id, target.id))
    if isinstance(target, Tuple):
        return Tuple(tuple(_renamed_target(t, bound) for t in target.items))
    return target


def _targets(step: Step, bound: dict[str, str]) -> Step:
    match step:
        case Assign():
            return replace(step, targets=tuple(_renamed_target(t, bound) for t in step.targets))
        case Augment():
            return replace(step, target=_renamed_target(step.target, bound))
        case Hint():
            return replace(step, target=Name(bound[step.target.id]))
    return step


def _loop(step: Loop | For, bound: dict[str, str], body: tuple[Step, ...]) -> Step:
    if isinstance(step, For):
        return replace(step, target=_renamed_target(step.target, bound), body=body)
    return replace(
        step,
        targets=tuple(bound[t] for t in step.targets),
        counter=bound[step.counter],
        walked=tuple((bound[n], s) for n, s in step.walked),
        body=body,
    )


# --- colours --------------------------------------------------------------------------


def interference(steps: Sequence[Step], live: set[str]) -> dict[str, set[str]]:
    """Which variables hold values at the same time; `live` are those read behind the end."""
    found: dict[str, set[str]] = {}
    _backwards(steps, set(live), found)
    return found


def _meet(found: dict[str, set[str]], name: str, live: Iterable[str]) -> None:
    held = found.setdefault(name, set())
    for other in live:
        if other != name:
            held.add(other)
            found.setdefault(other, set()).add(name)


_DEEP = 4  # loops inside each other from which on all that a body reads counts as live


def _backwards(
    steps: Sequence[Step], live: set[str], found: dict[str, set[str]], depth: int = 0
) -> None:
    for step in reversed(steps):
        match step:
            case If():
                then, other = set(live), set(live)
                _backwards(step.body, then, found, depth)
                _backwards(step.other, other, found, depth)
                live.clear()
                live |= then | other | read(step)
            case Loop() | For():
                bound = written(step)
                inside = live | {n for s in flat(step.body) for n in read(s)}
                if depth < _DEEP:  # what an iteration needs of the one before it
                    inside = set(live)
                    _backwards(step.body, inside, {}, depth + 1)
                    inside = live | (inside - bound)
                _backwards(step.body, inside, found, depth + 1)
                for name in bound:
                    _meet(found, name, inside | bound | read(step))  # no `for x in x`
                live |= inside - bound
                live |= read(step)
            case _:
                bound = written(step)
                copied = None
                if isinstance(step, Assign) and isinstance(step.value, Name):
                    copied = step.value.id  # which may share the name of its copy
                for name in bound:
                    _meet(found, name, (live | bound) - ({copied} if len(bound) == 1 else set()))
                live -= bound
                live |= read(step)


def named(
    steps: Sequence[Step],
    fixed: Iterable[str],
    options: Callable[[str], Iterable[str]],
    live: set[str],
) -> dict[str, str]:
    """A name for every variable; `options` are those it may have, the best first."""
    conflicts = interference(steps, live)
    chosen: dict[str, str] = {name: name for name in fixed}
    arguments = set(chosen)
    loops = {n for s in flat(steps) if isinstance(s, (Loop, For)) for n in written(s)}
    order: dict[str, None] = {}
    for step in flat(steps):
        for name in sorted(read(step)):
            order.setdefault(name)
        for name in _in_order(step):
            order.setdefault(name)
    for name in order:
        if name in chosen or "#" not in name:
            continue
        taken = {chosen[o] for o in conflicts.get(name, ()) if o in chosen}
        taken |= arguments if name in loops else set()
        chosen[name] = next(o for o in options(name) if o not in taken)
    return chosen


def _in_order(step: Step) -> list[str]:
    if isinstance(step, Loop):
        return [*step.targets, step.counter, *(n for n, _ in step.walked)]
    return sorted(written(step))
