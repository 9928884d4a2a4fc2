"""Statements of a draft: what they read and write, and how to change them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from operator import is_

from cnndsl.targets.python.draft import (
    AsPair,
    Build,
    Hint,
    Join,
    Line,
    Loop,
    Settle,
    Shadow,
    Share,
    Step,
    Tally,
)
from cnndsl.targets.python.expressions import names, walk
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.tree import (
    Assign,
    Augment,
    Binary,
    Blank,
    Call,
    Declare,
    Do,
    Expr,
    For,
    If,
    Name,
    Pass,
    Remark,
    Return,
    Statement,
    Tuple,
)

Change = Callable[[Expr], Expr]


def expressions(step: Step) -> tuple[Expr, ...]:
    """The expressions of a statement itself, without those of its body."""
    match step:
        case Assign(targets=(target,)):
            return (target, step.value)
        case Assign():
            return (*step.targets, step.value)
        case Shadow() | Do() | Return():
            return (step.value,)
        case Hint():
            return (step.target, step.value)
        case If():
            return (step.test,)
        case For():
            return (step.target, step.iterable)
        case Loop():
            return (step.items, *(source for _, source in step.walked))
        case Augment():
            return (step.target, step.value)
        case Declare():
            return (step.annotation, *(() if step.value is None else (step.value,)))
    return ()


def bodies(step: Step) -> tuple[tuple[Step, ...], ...]:
    match step:
        case If():
            return (step.body, step.other)
        case For() | Loop():
            return (step.body,)
    return ()


def with_bodies(step: Step, *held: Iterable[Step]) -> Step:
    """A statement with other bodies; itself where they are the same."""
    inner = tuple(map(tuple, held))
    if all(map(_same, inner, bodies(step))):
        return step
    match step:
        case If():
            then, other = inner
            return replace(step, body=then, other=other)
        case For() | Loop():
            return replace(step, body=inner[0])
    return step


def _same(some: Sequence[object], others: Sequence[object]) -> bool:
    """Whether two sequences have the same objects."""
    return len(some) == len(others) and all(map(is_, some, others))


def flat(steps: Iterable[Step]) -> Iterator[Step]:
    """Statements and all those inside them, in order; without Python's own stack."""
    stack = list(steps)[::-1]
    while stack:
        step = stack.pop()
        yield step
        if isinstance(step, If):
            stack.extend(reversed(step.other))
            stack.extend(reversed(step.body))
        elif isinstance(step, For | Loop):
            stack.extend(reversed(step.body))


def written(step: Step) -> frozenset[str]:
    """The variables that a statement itself sets."""
    match step:
        case Assign(targets=(Name() as target,)):
            return names(target)
        case Assign():
            return frozenset().union(*map(_bound, step.targets))
        case Augment():
            return _bound(step.target)
        case Hint():
            return names(step.target)
        case For():
            return _bound(step.target)
        case Loop():
            return frozenset((*step.targets, step.counter, *(name for name, _ in step.walked)))
    return _NOTHING


_NOTHING: frozenset[str] = frozenset()


def _bound(target: Expr) -> frozenset[str]:
    if isinstance(target, Name):
        return names(target)
    if isinstance(target, Tuple):
        return frozenset().union(*map(_bound, target.items))
    return _NOTHING


def read(step: Step) -> frozenset[str]:
    """The variables that a statement itself reads; a shadow reads nothing."""
    match step:
        case Assign():
            held = names(step.value)
            for target in step.targets:
                if not isinstance(target, (Name, Tuple)):
                    held |= names(target)
            return held
        case If():
            return names(step.test)
        case Shadow() | Hint() | Settle() | Blank() | Pass() | Remark():
            return _NOTHING
        case Augment():
            return names(step.value) | names(step.target)
        case For():
            return names(step.iterable)
    return _NOTHING.union(*map(names, expressions(step)))


def all_written(steps: Iterable[Step]) -> set[str]:
    return {n for step in flat(steps) for n in written(step)}


def map_step(step: Step, change: Change) -> Step:
    """A statement with its expressions changed, those of its body too; targets that are
    variables stay. Where nothing changes, it is the statement itself."""

    def target(expr: Expr) -> Expr:
        return expr if isinstance(expr, (Name, Tuple)) else change(expr)

    def block(body: tuple[Step, ...]) -> tuple[Step, ...]:
        return tuple(map_step(inner, change) for inner in body)

    match step:
        case Assign():
            targets, value = tuple(map(target, step.targets)), change(step.value)
            if value is step.value and _same(targets, step.targets):
                return step
            return assigned(step, targets, value)
        case Augment():
            held, value = target(step.target), change(step.value)
            if value is step.value and held is step.target:
                return step
            return replace(step, target=held, value=value)
        case Do() | Return() | Shadow() | Hint():
            value = change(step.value)
            return step if value is step.value else replace(step, value=value)
        case If():
            test, body, other = change(step.test), block(step.body), block(step.other)
            if test is step.test and _same(body, step.body) and _same(other, step.other):
                return step
            return replace(step, test=test, body=body, other=other)
        case For():
            items, body = change(step.iterable), block(step.body)
            if items is step.iterable and _same(body, step.body):
                return step
            return replace(step, iterable=items, body=body)
        case Loop():
            return _map_loop(step, change, block)
    return step


def assigned(step: Assign, targets: tuple[Expr, ...], value: Expr) -> Assign:
    """An assignment of the same kind, to other targets or of another value."""
    if isinstance(step, Line):
        return Line(targets, value, step.comment, step.annotation, step.roles, step.shape)
    return Assign(targets, value, step.comment, step.annotation)


def _map_loop(
    loop: Loop, change: Change, block: Callable[[tuple[Step, ...]], tuple[Step, ...]]
) -> Loop:
    items = change(loop.items)
    before = [source for _, source in loop.walked]
    sources = list(map(change, before))
    body = block(loop.body)
    if items is loop.items and _same(sources, before) and _same(body, loop.body):
        return loop
    named = zip(loop.walked, sources, strict=True)
    walked = tuple((name, source) for (name, _), source in named)
    return replace(loop, items=items, walked=walked, body=body)


def mentions(steps: Iterable[Step]) -> Iterator[Expr]:
    """Every expression inside some statements, all its parts included."""
    for step in flat(steps):
        for expr in expressions(step):
            yield from walk(expr)


def plain(step: Step) -> Statement:
    """A statement in nothing but nodes of the tree, once the passes are done."""
    match step:
        case Assign():
            targets = tuple(map(plain_expression, step.targets))
            return Assign(targets, plain_expression(step.value), step.comment, step.annotation)
        case If():
            body, other = (tuple(map(plain, held)) for held in (step.body, step.other))
            return If(plain_expression(step.test), body, other)
        case For():
            return For(step.target, plain_expression(step.iterable), tuple(map(plain, step.body)))
        case Do():
            return Do(plain_expression(step.value))
        case Return():
            return Return(plain_expression(step.value))
        case Augment():
            return Augment(step.target, step.op, plain_expression(step.value))
        case Shadow() | Hint() | Settle() | Loop():
            raise AssertionError(f"{type(step).__name__} is no statement")
    return step


def plain_expression(expr: Expr) -> Expr:
    """An expression in nothing but nodes of the tree."""
    if not any(isinstance(e, (Join, Share, Build, Tally, AsPair)) for e in walk(expr)):
        return expr
    expr = rebuild(expr, plain_expression)
    if isinstance(expr, (Join, Share)):
        return Binary(expr.op, expr.left, expr.right)
    if isinstance(expr, (Build, Tally, AsPair)):
        return Call(expr.function, expr.args, expr.keywords)
    return expr


def without(steps: Iterable[Step], kind: type) -> list[Step]:
    """The statements less those of a kind, at every depth."""
    return [
        with_bodies(step, *(without(body, kind) for body in bodies(step)))
        for step in steps
        if not isinstance(step, kind)
    ]
