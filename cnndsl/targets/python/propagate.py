"""Copies, constants and small expressions go where they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.draft import Hint, Line, Loop, Settle, Step
from cnndsl.targets.python.expressions import is_constant, names, size
from cnndsl.targets.python.growing import added, last_of, parts_of, rounds
from cnndsl.targets.python.known import Known
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import all_written, flat, map_step, written
from cnndsl.targets.python.tree import (
    Assign,
    Constant,
    Expr,
    If,
    Name,
    Star,
    Tuple,
)

Allowed = Callable[[str, Expr], bool]
Definition = Callable[[str], Expr | None]
Choose = Callable[[Sequence[Expr], Settle, Definition], Expr | None]

_DEEP = 3  # loops inside each other from which on a loop is assumed to change all it sets
_ROUNDS = 8  # after which a loop is assumed to change all it sets
_LISTED = 3  # items from which on a list that is not constant is said by its name
_SHARED = 3  # nodes from which on an expression is said by the name of a `let`


def propagate(
    steps: Iterable[Step], allowed: Allowed, always: set[int], choose: Choose
) -> list[Step]:
    """The statements with variables replaced by what is known of them.

    Args:
      steps: of the constructor or of the call.
      allowed: whether a variable may be replaced by an expression.
      always: the loops that run at least once.
      choose: gives what branches leave, of the expressions that each of them has for it.
    """
    steps = list(steps)
    return _Propagation(allowed, always, choose, _set_once(steps)).block(steps)


def _set_once(steps: Sequence[Step]) -> set[str]:
    """The variables that one line sets: what reads them runs only where that did."""
    counts = Counter(name for step in flat(steps) for name in written(step))
    return {name for name, count in counts.items() if count == 1}


class _Propagation:
    def __init__(self, allowed: Allowed, always: set[int], choose: Choose, once: set[str]):
        self.allowed = allowed
        self.always = always
        self.choose = choose
        self.once = once
        self.depth = 0
        self.known = Known()
        self.options: dict[str, tuple[Expr, ...]] = {}  # what the last branches left
        self.definitions: dict[str, Expr] = {}  # the last of every `let`

    def block(self, steps: Iterable[Step]) -> list[Step]:
        """The statements anew; `known` becomes what holds behind them."""
        found: list[Step] = []
        for step in steps:
            found.extend(self.step(step))
        return found

    def step(self, step: Step) -> list[Step]:
        match step:
            case If():
                return self.branch(step)
            case Loop():
                return self.grown(step)
            case Hint():
                return self.hint(step)
            case Settle():
                return self.settle(step)
        changed = map_step(step, self.put)
        if not isinstance(changed, Assign) or self.is_held(changed):
            return [] if isinstance(changed, Assign) else [changed]
        for name in written(changed):
            self.known.forget(name)
        match changed.targets:
            case [Name(id=target)]:
                pass
            case _:
                return [changed]
        if changed.value == changed.targets[0]:
            return []
        if target in names(changed.value):
            return [changed]
        if self.allowed(target, changed.value):
            self.known.learn(target, changed.value)
        elif not isinstance(changed, Line) and size(changed.value) >= _SHARED:
            self.known.learn(changed.value, Name(target))
            self.definitions[target] = changed.value
        return [changed]

    def is_held(self, step: Assign) -> bool:
        """Whether a list is what a variable is in any case."""
        match step:
            case Assign(targets=(Name(id=target) as variable,), value=Tuple() as value):
                known = self.known.values
                return known.get(target) == value or known.get(value) == variable
        return False

    def put(self, expr: Expr) -> Expr:
        """An expression with all that is known put in."""
        held = self.known.values
        found: dict[str, Expr] = {}
        lists: dict[str, Expr] = {}
        for name in names(expr):
            value = held.get(name)
            if isinstance(value, Tuple) and len(value.items) >= _LISTED and not is_constant(value):
                lists[name] = value
            elif value is not None:
                found[name] = held.get(value) or value
        return parts_of(substitute(expr, found), lists)

    def settle(self, step: Settle) -> list[Step]:
        """The expression of a value by instance that holds for all of them."""
        known = self.known.values.get(step.target.id)
        is_left = step.other is None and not step.options
        if is_left and isinstance(known, Name) and known.id in self.options:  # a copy of it
            found = self.settle(replace(step, target=known))
            self.known.learn(step.target.id, self.known.values.get(known.id) or known)
            return found
        if known is not None and step.other is None:
            return []
        held = map(self.put, step.options) if step.options else self.options.get(step.target.id, ())
        chosen = self.choose(sorted(held, key=_plainness), step, self.definition)
        if chosen is None:
            return [] if step.other is None else self.step(Assign((step.target,), step.other))
        self.known.learn(step.target.id, chosen)
        return [Assign((step.target,), chosen)]

    def definition(self, name: str) -> Expr | None:
        """What a `let` says at this place, whichever way led here."""
        value = self.definitions.get(name)
        holds = value is not None and self.known.values.get(value) == Name(name)
        return value if holds else None

    def hint(self, step: Hint) -> list[Step]:
        """What the author says for channels counts where nothing simpler is known."""
        held = self.known.values.get(step.target.id)
        if held is None or is_constant(held) or isinstance(held, Name):
            return []
        value = self.put(step.value)
        self.known.forget(step.target.id)
        self.known.learn(step.target.id, value)
        return [Assign((step.target,), value)]

    def branch(self, step: If) -> list[Step]:
        test = self.put(step.test)
        if isinstance(test, Constant):
            return self.block(step.body if test.value else step.other)
        start = self.known.values.mark()
        body = self.block(step.body)
        then = self.known.back(start)
        rest = self.block(step.other)
        before = self.known.values.before(start)
        self.options = {}
        single: set[str] = set()  # what one of the arms sets; a loop may have set it before
        if self.depth == 0:
            single = self.once & (all_written(body) | all_written(rest))
        for key in {**then, **before}:
            other = self.known.values.get(key)
            one = then[key] if key in then else before[key]
            if key in single:
                self.known.settle(key, one or other)
                continue
            same = one is not None and one == other
            self.known.settle(key, one if same else None)
            if isinstance(key, str) and not same:
                self.options[key] = tuple(value for value in (one, other) if value is not None)
        chosen = replace(step, test=test, body=tuple(body), other=tuple(rest))
        return [chosen, *self.after(body, rest)]

    def after(self, body: Sequence[Step], other: Sequence[Step]) -> list[Step]:
        """What both arms set alike is set behind them; the arms need it no longer."""
        both = [n for s in body for n in sorted(written(s)) if isinstance(s, Assign)]
        others = {n for s in other for n in written(s)}
        held = [(n, self.known.values.get(n)) for n in dict.fromkeys(both) if n in others]
        return [Assign((Name(n),), value) for n, value in held if value is not None]

    def grown(self, step: Loop) -> list[Step]:
        """A loop, and behind it what a tuple is that each round makes longer by the same items."""
        held_before = {name: self.known.values.get(name) for name in all_written(step.body)}
        before = {name: value for name, value in held_before.items() if value is not None}
        loop = self.loop(step)
        assert isinstance(loop, Loop)
        found: list[Step] = [loop]
        count = rounds(loop.items)
        for place, held in enumerate(loop.body) if count is not None else ():
            more = added(held, loop)
            if more is None or count is None:
                continue
            name, items, is_behind = more
            found[0] = replace(loop, body=(*loop.body[:place], *loop.body[place + 1 :]))
            if name in before:
                self.known.learn(name, before[name])
            whole = (Star(Name(name)), Star(binary("*", Tuple(items), count)))
            value = Tuple(whole if is_behind else whole[::-1])
            return [*found, *self.step(Assign((Name(name),), value))]
        return found

    def loop(self, step: Loop) -> Step:
        items = self.put(step.items)
        walked = tuple((n, self.put(s)) for n, s in step.walked)
        outside = self.known.values.mark()
        for name in written(step):
            self.known.forget(name)
        self.depth += 1
        body, inside = self.repeated(step.body)
        self.depth -= 1
        changing = all_written(body) | written(step)
        if step.number in self.always:  # what the loop's own names say stays inside it
            for key in self.known.values.before(inside):
                value = self.known.values.get(key)
                if value is not None and not names(value).isdisjoint(changing):
                    self.known.settle(key, None)
        else:
            for key, before in self.known.values.before(outside).items():
                if self.known.values.get(key) != before:
                    self.known.settle(key, None)
        match step.targets:
            case (target,) if step.number in self.always and target not in all_written(body):
                self.known.learn(target, last_of(items))
        return replace(step, items=items, walked=walked, body=tuple(body))

    def repeated(self, steps: Sequence[Step]) -> tuple[list[Step], int]:
        """A loop's body, and the mark where it begins with what no iteration changes."""
        rounds = 0
        while True:
            if self.depth > _DEEP or rounds > _ROUNDS:
                for name in all_written(steps):
                    self.known.forget(name)
            rounds += 1
            start = self.known.values.mark()
            body = self.block(steps)
            changed = self.known.values.before(start)
            lost = [
                k for k, v in changed.items() if v is not None and self.known.values.get(k) != v
            ]
            if not lost:
                return body, start
            self.known.back(start)
            for key in lost:
                self.known.settle(key, None)


def _plainness(expr: Expr) -> tuple[int, int]:
    """Literals before names before sums."""
    return (0 if is_constant(expr) else 1, size(expr))
