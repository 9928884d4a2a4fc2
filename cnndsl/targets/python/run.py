"""Statements of the tree as functions of the names around them."""

from __future__ import annotations

from collections.abc import Callable

from cnndsl.targets.python.assignment import Evaluate, Names, target_names
from cnndsl.targets.python.brief import brief
from cnndsl.targets.python.closures import Evaluator
from cnndsl.targets.python.operators import arithmetic
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Augment,
    Blank,
    Declare,
    Do,
    Expr,
    For,
    If,
    Item,
    Name,
    Pass,
    Remark,
    Return,
    Statement,
)
from cnndsl.targets.python.values import Failure, is_true, iterable

Step = Callable[[Names], tuple[object] | None]  # the value that is returned, in a tuple

# What plain values raise where an operation has no meaning for them.
_ERRORS = (Failure, TypeError, ValueError, ArithmeticError, LookupError, RecursionError)


class Block:
    """Statements, one after the other."""

    def __init__(self, body: tuple[Statement, ...], evaluator: Evaluator):
        silent = (Blank, Remark, Pass)
        self.nodes = [node for node in body if not isinstance(node, silent)]
        self.steps = [_step(node, evaluator) for node in self.nodes]

    def run(self, names: Names) -> tuple[object] | None:
        """The value that a `return` among them gives, in a tuple; None where there is none."""
        done = 0
        try:
            for step in self.steps:
                result = step(names)
                if result is not None:
                    return result
                done += 1
        except _ERRORS as error:
            if isinstance(error, RecursionError):
                raise
            failure = error if isinstance(error, Failure) else Failure(_words(error))
            failure.statement = failure.statement or brief(self.nodes[done])
            raise failure from None
        return None


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _step(node: Statement, evaluator: Evaluator) -> Step:
    match node:
        case Assign(targets=targets, value=value):
            return _assign(targets, evaluator.function(value), evaluator)
        case Declare(name=name, value=value):
            if value is None:
                return lambda names: None
            return _assign((Name(name),), evaluator.function(value), evaluator)
        case Augment(target=target, op=op, value=value):
            return _augment(target, op, evaluator.function(value), evaluator)
        case Do(value=value):
            return _do(evaluator.function(value))
        case Return(value=value):
            result = evaluator.function(value)
            return lambda names: (result(names),)
        case If(test=test, body=body, other=other):
            chosen = evaluator.function(test)
            then, otherwise = Block(body, evaluator), Block(other, evaluator)
            return lambda names: (then if is_true(chosen(names)) else otherwise).run(names)
        case For():
            return _for(node, evaluator)
    raise Failure(f"`{type(node).__name__}` cannot be run")


def _assign(targets: tuple[Expr, ...], value: Evaluate, evaluator: Evaluator) -> Step:
    stores = [evaluator.store(target) for target in targets]
    if len(stores) == 1:
        (store,) = stores
        return lambda names: store(names, value(names))

    def run(names: Names) -> None:
        result = value(names)
        for store in stores:
            store(names, result)

    return run


def _augment(target: Expr, op: str, value: Evaluate, evaluator: Evaluator) -> Step:
    """`target += value`; the parts of a target have no effects, so that it may be read again."""
    if not isinstance(target, Name | Attribute | Item):
        raise Failure(f"`{op}=` to `{brief(target)}`")
    held, store = evaluator.function(target), evaluator.store(target)
    budget = evaluator.budget

    def run(names: Names) -> None:
        before = held(names)
        if isinstance(before, list):
            raise Failure(f"`{op}=` changes a list in place")
        store(names, arithmetic(op, before, value(names), budget))

    return run


def _do(value: Evaluate) -> Step:
    def run(names: Names) -> None:
        value(names)

    return run


def _for(node: For, evaluator: Evaluator) -> Step:
    source, store = evaluator.function(node.iterable), evaluator.store(node.target)
    block, budget = Block(node.body, evaluator), evaluator.budget

    def run(names: Names) -> tuple[object] | None:
        for item in iterable(source(names)):
            budget.spend(1)
            store(names, item)
            result = block.run(names)
            if result is not None:
                return result
        return None

    return run


def assigned(body: tuple[Statement, ...]) -> frozenset[str]:
    """The names that a body binds itself."""
    found: set[str] = set()
    todo = list(body)
    while todo:
        match todo.pop():
            case Assign(targets=targets):
                found.update(*map(target_names, targets))
            case Augment(target=target):
                found |= target_names(target)
            case Declare(name=name):
                found.add(name)
            case If(body=then, other=other):
                todo.extend((*then, *other))
            case For(target=target, body=inner):
                found |= target_names(target)
                todo.extend(inner)
    return frozenset(found)
