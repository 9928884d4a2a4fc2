"""What nothing reads is left out, in constructor and call together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cnndsl.targets.python.draft import Build, Loop, Shadow, Step
from cnndsl.targets.python.expressions import NONE, attributes, call, names, walk
from cnndsl.targets.python.statements import bodies, expressions, flat, read, with_bodies, written
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Augment,
    Blank,
    Call,
    Constant,
    Do,
    Expr,
    For,
    If,
    Name,
    Pass,
    Remark,
    Star,
    Tuple,
)


def live_call(steps: Sequence[Step], results: set[str]) -> list[Step]:
    """The call without what leads to no endpoint and no result."""
    return _Sweep(results, None).run(steps)


def live_init(steps: Sequence[Step], used: set[str], results: set[str]) -> list[Step]:
    """The constructor without what builds no module and sets no attribute that is `used`."""
    return _Sweep(results, used).run(steps)


def counting(steps: Sequence[Step]) -> list[Step]:
    """The statements with `range(3)` for three items that nothing reads."""
    needed = {n for step in flat(steps) for n in read(step)}

    def changed(step: Step) -> Step:
        inner = bodies(step)
        if inner:
            step = with_bodies(step, *([changed(s) for s in body] for body in inner))
        match step:
            case Loop(items=Tuple(items=items), targets=targets) if not needed & set(
                targets
            ) and not any(isinstance(e, Star) for e in items):
                return replace(step, items=call("range", Constant(len(items))), targets=())
        return step

    return [changed(step) for step in steps]


def used_attributes(steps: Iterable[Step]) -> set[str]:
    """The attributes of `self` that statements read."""
    return {a for step in flat(steps) for e in expressions(step) for a in attributes(e)}


class _Sweep:
    """Marks what is needed, whatever the order, then sweeps backwards in the order."""

    def __init__(self, results: set[str], used: set[str] | None):
        self.results = results
        self.used = used  # attributes that the call reads; None: this is the call
        self.needs: dict[str, set[str]] = {}  # what a variable is computed from
        self.roots: set[str] = set(results)
        self.is_inside = False  # of a loop

    def run(self, steps: Sequence[Step]) -> list[Step]:
        self.mark(steps, set())
        todo = list(self.roots)
        while todo:
            for name in self.needs.get(todo.pop(), ()):
                if name not in self.roots:
                    self.roots.add(name)
                    todo.append(name)
        return self.sweep(steps, set(self.results))

    # --- marking ----------------------------------------------------------------------

    def mark(self, steps: Iterable[Step], around: set[str]) -> None:
        for step in steps:
            match step:
                case If():
                    inside = around | names(step.test)
                    self.mark(step.body, inside)
                    self.mark(step.other, inside)
                case Loop() | For():
                    self.mark_loop(step, around)
                case Assign() if (target := _variable(step)) is not None:
                    self.needs.setdefault(target, set()).update(read(step), around)
                    if self.builds(step.value):
                        self.roots |= read(step) | around | {target}
                case Do() if (target := _appended(step)) is not None:
                    self.needs.setdefault(target, set()).update(read(step), around)
                    if self.keeps(target) or self.builds(step.value):
                        self.roots |= read(step) | around | {target}
                case Assign() if not self.keeps_targets(step):
                    pass
                case Shadow():
                    pass
                case _:
                    self.roots |= read(step) | around

    def mark_loop(self, step: Loop | For, around: set[str]) -> None:
        items = names(step.items if isinstance(step, Loop) else step.iterable)
        inside = around | (set() if self.walks(step) else items)
        if isinstance(step, Loop):
            for name, source in step.walked:
                self.needs.setdefault(name, set()).update(names(source), around)
            for name in step.targets:
                self.needs.setdefault(name, set()).update(items, around)
        self.mark(step.body, inside)

    def builds(self, expr: Expr) -> bool:
        """Whether a module is made: it has tensors, whoever reads them."""
        return self.used is not None and any(
            isinstance(e, Build) and e.has_tensors for e in walk(expr)
        )

    def keeps(self, target: str) -> bool:
        if self.used is None:
            return target not in self.needs and not target.startswith("self.")
        return target.startswith("self.") and target[5:] in self.used

    def keeps_targets(self, step: Assign) -> bool:
        """Whether an assignment that sets no variable alone is read by somebody."""
        if self.used is None or self.builds(step.value):
            return True
        for target in step.targets:
            if isinstance(target, Attribute):
                if target.name in self.used or f"self.{target.name}" in self.roots:
                    return True
            else:
                return True
        return False

    # --- sweeping ---------------------------------------------------------------------

    def sweep(self, steps: Sequence[Step], live: set[str]) -> list[Step]:
        """The statements that matter; `live` becomes what is read before them."""
        kept: list[Step] = []
        for step in reversed(steps):
            found = self.swept(step, live)
            if found is not None:
                kept.append(found)
        return kept[::-1]

    def swept(self, step: Step, live: set[str]) -> Step | None:
        match step:
            case Blank() | Pass() | Remark() | Shadow():
                return step
            case If():
                then, other = set(live), set(live)
                body, rest = self.sweep(step.body, then), self.sweep(step.other, other)
                if not _matters(body) and not _matters(rest):
                    return None
                live.clear()
                live |= then | other | names(step.test)
                return replace(step, body=tuple(body), other=tuple(rest))
            case Loop() | For():
                return self.swept_loop(step, live)
            case Assign() if (target := _variable(step)) is not None:
                if (target not in live or target not in self.roots) and not self.builds(step.value):
                    return None
                live.discard(target)
                live |= read(step)
                return step
            case Assign() if not self.keeps_targets(step):
                return None
            case Do() if (target := _appended(step)) is not None:
                held = target in live or self.keeps(target) or self.builds(step.value)
                if not held and target not in self.roots:
                    return None
                live |= read(step) | {target}
                return step
            case Augment():
                if isinstance(step.target, Name) and step.target.id not in live:
                    return None
        live |= read(step)
        return step

    def swept_loop(self, step: Loop | For, live: set[str]) -> Step | None:
        outermost, self.is_inside = not self.is_inside, True
        behind = frozenset(live)
        body, inside = self.swept_body(step.body, live)
        while outermost and len(body) < len(step.body):  # what the lines that went had read
            step = replace(step, body=tuple(body))
            body, inside = self.swept_body(body, live)
        self.is_inside = not outermost
        if not _matters(body):
            if not written(step) & live & self.roots:
                return None
            body = [Pass()]  # its last item is read behind it
        live |= inside
        if isinstance(step, For):
            live |= names(step.iterable)
            return replace(step, body=tuple(body))
        step = replace(step, body=tuple(body))
        needed = behind | _read_inside(step)
        walked = tuple((n, s) for n, s in step.walked if n in needed)
        if not walked and step.items == NONE:
            walked = step.walked[:1]  # which says how often it runs
        items = NONE if walked and not needed & set(step.targets) else step.items
        for _, source in walked:
            live |= names(source)
        live |= names(items)
        return replace(step, items=items, walked=walked)

    def swept_body(self, body: Sequence[Step], live: set[str]) -> tuple[list[Step], set[str]]:
        """A loop's body without what neither an iteration nor `live` reads; what it reads."""
        read_inside = {n for inner in flat(body) for n in read(inner)}
        inside = live | (read_inside & self.roots)
        return self.sweep(body, inside), inside

    def walks(self, step: Loop | For) -> bool:
        """Whether a loop goes over lists alone, and nothing reads the items it is made from."""
        if isinstance(step, For) or not step.walked:
            return False
        needed = _read_inside(step)
        return not needed & set(step.targets) and any(n in needed for n, _ in step.walked)


def _read_inside(step: Loop | For) -> set[str]:
    return {n for inner in flat(step.body) for n in read(inner)}


def _matters(steps: Sequence[Step]) -> bool:
    return any(not isinstance(s, (Blank, Pass, Shadow)) for s in steps)


def _variable(step: Assign) -> str | None:
    """The variable that a statement sets, if it does nothing else."""
    if len(step.targets) == 1 and isinstance(step.targets[0], Name):
        return step.targets[0].id
    return None


def _appended(step: Do) -> str | None:
    """The list that a statement appends to: a variable, or `self.name`."""
    match step.value:
        case Call(function=Attribute(base=Name(id=name), name="append")):
            return name
        case Call(function=Attribute(base=Attribute(base=Name("self"), name=name), name="append")):
            return f"self.{name}"
    return None
