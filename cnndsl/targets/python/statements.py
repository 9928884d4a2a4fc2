"""Statements of a draft: what they read and write, and how to change them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from cnndsl.targets.python.draft import Build, Hint, Join, Loop, Settle, Shadow, Step
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
        case Assign():
            return (*step.targets, step.value)
        case Augment():
            return (step.target, step.value)
        case Declare():
            return (step.annotation, *(() if step.value is None else (step.value,)))
        case Do() | Return() | Shadow():
            return (step.value,)
        case Hint():
            return (step.target, step.value)
        case If():
            return (step.test,)
        case For():
            return (step.target, step.iterable)
        case Loop():
            return (step.items, *(source for _, source in step.walked))
    return ()


def bodies(step: Step) -> tuple[tuple[Step, ...], ...]:
    match step:
        case If():
            return (step.body, step.other)
        case For() | Loop():
            return (step.body,)
    return ()


def with_bodies(step: Step, *held: Iterable[Step]) -> Step:
    match step:
        case If():
            then, other = held
            return replace(step, body=tuple(then), other=tuple(other))
        case For() | Loop():
            return replace(step, body=tuple(held[0]))
    return step


def flat(steps: Iterable[Step]) -> Iterator[Step]:
    """Statements and all those inside them, in order."""
    for step in steps:
        yield step
        for body in bodies(step):
            yield from flat(body)


def written(step: Step) -> set[str]:
    """The variables that a statement itself sets."""
    match step:
        case Assign():
            return {n for target in step.targets for n in _bound(target)}
        case Augment():
            return _bound(step.target)
        case Hint():
            return {step.target.id}
        case For():
            return _bound(step.target)
        case Loop():
            return {*step.targets, step.counter, *(name for name, _ in step.walked)}
    return set()


def _bound(target: Expr) -> set[str]:
    if isinstance(target, Name):
        return {target.id}
    if isinstance(target, Tuple):
        return {n for item in target.items for n in _bound(item)}
    return set()


def read(step: Step) -> set[str]:
    """The variables that a statement itself reads; a shadow reads nothing."""
    match step:
        case Shadow() | Hint() | Settle() | Blank() | Pass() | Remark():
            return set()
        case Assign():
            held = names(step.value)
            for target in step.targets:
                if not isinstance(target, (Name, Tuple)):
                    held |= names(target)
            return held
        case Augment():
            return names(step.value) | names(step.target)
        case For():
            return names(step.iterable)
    return {n for expr in expressions(step) for n in names(expr)}


def all_written(steps: Iterable[Step]) -> set[str]:
    return {n for step in flat(steps) for n in written(step)}


def map_step(step: Step, change: Change) -> Step:
    """A statement with its expressions changed, those of its body too; targets that are
    variables stay."""

    def target(expr: Expr) -> Expr:
        return expr if isinstance(expr, (Name, Tuple)) else change(expr)

    match step:
        case Assign():
            return replace(step, targets=tuple(map(target, step.targets)), value=change(step.value))
        case Augment():
            return replace(step, target=target(step.target), value=change(step.value))
        case Do() | Return() | Shadow() | Hint():
            return replace(step, value=change(step.value))
        case If():
            return replace(
                step,
                test=change(step.test),
                body=tuple(map_step(s, change) for s in step.body),
                other=tuple(map_step(s, change) for s in step.other),
            )
        case For():
            return replace(
                step,
                iterable=change(step.iterable),
                body=tuple(map_step(s, change) for s in step.body),
            )
        case Loop():
            return replace(
                step,
                items=change(step.items),
                walked=tuple((n, change(s)) for n, s in step.walked),
                body=tuple(map_step(s, change) for s in step.body),
            )
    return step


def mentions(steps: Iterable[Step]) -> Iterator[Expr]:
    """Every expression inside some statements, all its parts included."""
    for step in flat(steps):
        for expr in expressions(step):
            yield from walk(expr)


def plain(step: Step) -> Statement:
    """A statement in nothing but nodes of the tree, once the passes are done."""
    match step:
        case Assign():
            targets = tuple(map(_plain, step.targets))
            return Assign(targets, _plain(step.value), step.comment, step.annotation)
        case If():
            body, other = (tuple(map(plain, held)) for held in (step.body, step.other))
            return If(_plain(step.test), body, other)
        case For():
            return For(step.target, _plain(step.iterable), tuple(map(plain, step.body)))
        case Do():
            return Do(_plain(step.value))
        case Return():
            return Return(_plain(step.value))
        case Augment():
            return Augment(step.target, step.op, _plain(step.value))
        case Shadow() | Hint() | Settle() | Loop():
            raise AssertionError(f"{type(step).__name__} is no statement")
    return step


def _plain(expr: Expr) -> Expr:
    if not any(isinstance(e, (Join, Build)) for e in walk(expr)):
        return expr
    expr = rebuild(expr, _plain)
    if isinstance(expr, Join):
        return Binary(expr.op, expr.left, expr.right)
    return Call(expr.function, expr.args, expr.keywords) if isinstance(expr, Build) else expr


def without(steps: Iterable[Step], kind: type) -> list[Step]:
    """The statements less those of a kind, at every depth."""
    return [
        with_bodies(step, *(without(body, kind) for body in bodies(step)))
        for step in steps
        if not isinstance(step, kind)
    ]
