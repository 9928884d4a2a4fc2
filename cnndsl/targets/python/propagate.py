"""Copies, constants and small expressions go where they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from cnndsl.targets.python.draft import Hint, Line, Loop, Settle, Step
from cnndsl.targets.python.expressions import is_constant, names, size
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import all_written, map_step, written
from cnndsl.targets.python.tree import Assign, Constant, Expr, If, Name

Known = dict[str | Expr, Expr]  # of a variable its value; of an expression a `let` that has it
Allowed = Callable[[str, Expr], bool]
Holds = Callable[[Expr, Settle, dict[str, Expr]], bool]

_DEEP = 3  # loops inside each other from which on a loop is assumed to change all it sets
_SHARED = 3  # nodes from which on an expression is said by the name of a `let`


def propagate(
    steps: Iterable[Step], allowed: Allowed, always: set[int], holds: Holds
) -> list[Step]:
    """The statements with variables replaced by what is known of them.

    Args:
      steps: of the constructor or of the call.
      allowed: whether a variable may be replaced by an expression.
      always: the loops that run at least once.
      holds: whether an expression has the values that branches leave.
    """
    return _Propagation(allowed, always, holds).block(steps, {})


class _Propagation:
    def __init__(self, allowed: Allowed, always: set[int], holds: Holds):
        self.allowed = allowed
        self.always = always
        self.holds = holds
        self.depth = 0
        self.options: dict[str, tuple[Expr, ...]] = {}  # what the last branches left
        self.definitions: dict[str, Expr] = {}

    def block(self, steps: Iterable[Step], known: Known) -> list[Step]:
        """The statements anew; `known` becomes what holds behind them."""
        found: list[Step] = []
        for step in steps:
            found.extend(self.step(step, known))
        return found

    def step(self, step: Step, known: Known) -> list[Step]:
        match step:
            case If():
                return self.branch(step, known)
            case Loop():
                return [self.loop(step, known)]
            case Hint():
                return self.hint(step, known)
            case Settle():
                return self.settle(step, known)
        changed = map_step(step, lambda e: self.put(e, known))
        if not isinstance(changed, Assign):
            return [changed]
        targets = [t.id for t in changed.targets if isinstance(t, Name)]
        for name in written(changed):
            _forget(known, name)
        if len(targets) != 1 or len(changed.targets) != 1:
            return [changed]
        (target,) = targets
        if changed.value == Name(target):
            return []
        if target in names(changed.value):
            return [changed]
        if self.allowed(target, changed.value):
            known[target] = changed.value
        elif not isinstance(changed, Line) and size(changed.value) >= _SHARED:
            known[changed.value] = Name(target)
            self.definitions[target] = changed.value
        return [changed]

    def put(self, expr: Expr, known: Known) -> Expr:
        """An expression with all that is known put in."""
        variables = {n: known.get(e, e) for n in names(expr) if (e := known.get(n)) is not None}
        return substitute(expr, variables)

    def settle(self, step: Settle, known: Known) -> list[Step]:
        """The one of several branches' expressions that holds for all instances."""
        if step.target.id in known:
            return []
        for option in sorted(self.options.get(step.target.id, ()), key=_plainness):
            if self.holds(option, step, self.definitions):
                known[step.target.id] = option
                return [Assign((step.target,), option)]
        return []

    def hint(self, step: Hint, known: Known) -> list[Step]:
        """What the author says for channels counts where nothing simpler is known."""
        held = known.get(step.target.id)
        if held is None or is_constant(held) or isinstance(held, Name):
            return []
        value = self.put(step.value, known)
        _forget(known, step.target.id)
        known[step.target.id] = value
        return [Assign((step.target,), value)]

    def branch(self, step: If, known: Known) -> list[Step]:
        test = self.put(step.test, known)
        if isinstance(test, Constant):
            return self.block(step.body if test.value else step.other, known)
        then, other = dict(known), dict(known)
        body, rest = self.block(step.body, then), self.block(step.other, other)
        known.clear()
        known.update({n: e for n, e in then.items() if other.get(n) == e})
        self.options = {
            n: (then[n], other[n])
            for n in then.keys() & other.keys()
            if isinstance(n, str) and n not in known
        }
        chosen = replace(step, test=test, body=tuple(body), other=tuple(rest))
        return [chosen, *self.after(body, rest, known)]

    def after(self, body: Sequence[Step], other: Sequence[Step], known: Known) -> list[Step]:
        """What both arms set alike is set behind them; the arms need it no longer."""
        both = [n for s in body for n in sorted(written(s)) if isinstance(s, Assign)]
        others = {n for s in other for n in written(s)}
        return [
            Assign((Name(n),), known[n]) for n in dict.fromkeys(both) if n in others and n in known
        ]

    def loop(self, step: Loop, known: Known) -> Step:
        items = self.put(step.items, known)
        walked = tuple((n, self.put(s, known)) for n, s in step.walked)
        before = dict(known)
        for name in written(step):
            _forget(known, name)
        self.depth += 1
        if self.depth > _DEEP:
            for name in all_written(step.body):
                _forget(known, name)
        while True:
            inside = dict(known)
            body = self.block(step.body, inside)
            held = {n: e for n, e in known.items() if inside.get(n) == e}
            if held == known:
                break
            known.clear()
            known.update(held)
        self.depth -= 1
        changing = all_written(body) | written(step)
        if step.number in self.always:  # what the loop's own names say stays inside it
            known.clear()
            known.update({n: e for n, e in inside.items() if not names(e) & changing})
        else:
            held = {n: e for n, e in inside.items() if before.get(n) == e}
            known.clear()
            known.update(held)
        return replace(step, items=items, walked=walked, body=tuple(body))


def _forget(known: Known, name: str) -> None:
    known.pop(name, None)
    for key, value in list(known.items()):
        if name in names(value) or (not isinstance(key, str) and name in names(key)):
            del known[key]


def _plainness(expr: Expr) -> tuple[int, int]:
    """Literals before names before sums."""
    return (0 if is_constant(expr) else 1, size(expr))
