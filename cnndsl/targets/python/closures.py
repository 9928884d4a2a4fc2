"""Expressions of the tree as functions of the names around them: built once, run often."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cnndsl.targets.python.assignment import Evaluate, Names, Store, store, target_names
from cnndsl.targets.python.brief import brief
from cnndsl.targets.python.operators import arithmetic, comparison, contains, identical, item_of
from cnndsl.targets.python.standard import method_of
from cnndsl.targets.python.tree import (
    Attribute,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Constant,
    Dict,
    Expr,
    Formatted,
    Item,
    Keyword,
    ListOf,
    Name,
    Slice,
    Star,
    Tuple,
    Unary,
)
from cnndsl.targets.python.values import (
    Budget,
    External,
    Failure,
    described,
    is_true,
    iterable,
    listed,
)


class Evaluator:
    """Makes expressions of one body run: `local` names are its own, others the module's."""

    def __init__(self, module: Names, budget: Budget, local: frozenset[str] = frozenset()):
        self.module = module
        self.budget = budget
        self.local = local

    def function(self, expr: Expr) -> Evaluate:
        """The function that gives an expression's value for the names of a body."""
        match expr:
            case Name(id=name):
                return self._name(name)
            case Constant(value=value):
                return lambda names: value
            case Attribute(base=base, name=name):
                return self._attribute(self.function(base), name)
            case Call():
                return self.call(expr)
            case Tuple(items=items):
                return self._tuple(items)
            case ListOf(items=items):
                return self.sequence(items)
            case Item(base=base, index=index):
                held, at = self.function(base), self.function(index)
                return lambda names: item_of(held(names), at(names))
            case Binary():
                return self._binary(expr)
            case Unary(op=op, operand=operand):
                return _unary(op, self.function(operand))
            case Conditional(then=then, test=test, other=other):
                return _choice(*map(self.function, (then, test, other)))
            case Comprehension():
                return self._comprehension(expr)
            case Dict():
                return self._dict(expr)
            case Slice(start=start, stop=stop, step=step):
                ends = [self.function(end or Constant(None)) for end in (start, stop, step)]
                return lambda names: slice(*[end(names) for end in ends])
            case Formatted():
                return self._formatted(expr)
        raise Failure(f"`{type(expr).__name__}` has no value")

    def _name(self, name: str) -> Evaluate:
        module = self.module
        if name in self.local:
            return lambda names: names[name]
        return lambda names: module[name]

    def _attribute(self, base: Evaluate, name: str) -> Evaluate:
        budget = self.budget

        def run(names: Names) -> object:
            value = base(names)
            if isinstance(value, External):
                return value.attribute(name)
            return method_of(value, name, budget)

        return run

    # --- tuples, lists, dicts, texts --------------------------------------------------

    def _tuple(self, items: tuple[Expr, ...]) -> Evaluate:
        constants = [item for item in items if isinstance(item, Constant)]
        if len(constants) == len(items):
            values = tuple(item.value for item in constants)
            return lambda names: values
        run = self.sequence(items)
        return lambda names: tuple(run(names))

    def sequence(self, exprs: tuple[Expr, ...]) -> Callable[[Names], list[object]]:
        """The values of several expressions, of which `*values` gives any number."""
        if not any(isinstance(expr, Star) for expr in exprs):
            items = [self.function(expr) for expr in exprs]
            return lambda names: [item(names) for item in items]
        parts = [
            (isinstance(e, Star), self.function(e.value if isinstance(e, Star) else e))
            for e in exprs
        ]
        budget = self.budget

        def run(names: Names) -> list[object]:
            found: list[object] = []
            for is_many, part in parts:
                if is_many:
                    found.extend(listed(part(names), budget))
                else:
                    found.append(part(names))
            return found

        return run

    def _dict(self, expr: Dict) -> Evaluate:
        pairs = [
            (None if key is None else self.function(key), self.function(value))
            for key, value in expr.items
        ]

        def run(names: Names) -> object:
            found: dict[object, object] = {}
            for key, value in pairs:
                if key is None:
                    found.update(mapping(value(names)))
                else:
                    found[key(names)] = value(names)
            return found

        return run

    def _formatted(self, expr: Formatted) -> Evaluate:
        parts = [p if isinstance(p, str) else self.function(p) for p in expr.parts]

        def run(names: Names) -> object:
            texts = [part if isinstance(part, str) else part(names) for part in parts]
            if not all(isinstance(text, str | int | float) for text in texts):
                raise Failure("an f-string of what is no number and no text")
            return "".join(map(str, texts))

        return run

    # --- operators --------------------------------------------------------------------

    def _binary(self, expr: Binary) -> Evaluate:
        left, right, op = self.function(expr.left), self.function(expr.right), expr.op
        budget = self.budget
        if op == "and":
            return lambda names: right(names) if is_true(value := left(names)) else value
        if op == "or":
            return lambda names: value if is_true(value := left(names)) else right(names)
        if op in ("is", "is not"):
            return lambda names: identical(left(names), right(names)) == (op == "is")
        if op in ("in", "not in"):
            return lambda names: contains(right(names), left(names)) == (op == "in")
        if (compare := comparison(op)) is not None:
            return lambda names: compare(left(names), right(names))
        return lambda names: arithmetic(op, left(names), right(names), budget)

    # --- calls ------------------------------------------------------------------------

    def call(self, expr: Call) -> Evaluate:
        function, args = self.function(expr.function), self.sequence(expr.args)
        keywords = self._keywords(expr.keywords)
        budget = self.budget

        def run(names: Names) -> object:
            callee = function(names)
            if not isinstance(callee, External):
                words = brief(expr.function)
                raise Failure(f"`{words}` is {described(callee)}, which cannot be called")
            budget.spend(1)
            return callee.call(args(names), keywords(names))

        return run

    def _keywords(self, keywords: tuple[Keyword, ...]) -> Callable[[Names], dict[str, object]]:
        given = [(keyword.name, self.function(keyword.value)) for keyword in keywords]
        named = [(name, value) for name, value in given if name is not None]
        if len({name for name, _ in named}) == len(given):
            return lambda names: {name: value(names) for name, value in named}

        def run(names: Names) -> dict[str, object]:
            found: dict[str, object] = {}
            for name, value in given:
                more = mapping(value(names)) if name is None else {name: value(names)}
                for key in more:
                    if key in found:
                        raise Failure(f"`{key}` is given twice")
                found.update(more)
            return found

        return run

    def _comprehension(self, expr: Comprehension) -> Evaluate:
        source, bound = self.function(expr.iterable), target_names(expr.target)
        inner = self.within(bound)
        store, element = inner.store(expr.target), inner.function(expr.element)
        key = None if expr.key is None else inner.function(expr.key)
        budget, kind = self.budget, expr.kind

        def run(names: Names) -> object:
            found: list[object] = []
            keyed: dict[object, object] = {}
            items = iterable(source(names))
            with _hidden(names, bound):
                for item in items:
                    budget.spend(1)
                    store(names, item)
                    if key is None:
                        found.append(element(names))
                    else:
                        keyed[key(names)] = element(names)
            if kind == "dict":
                return keyed
            return found if kind == "list" else iter(found)

        return run

    def within(self, bound: frozenset[str]) -> Evaluator:
        """The same for expressions around which some more names are bound."""
        return Evaluator(self.module, self.budget, self.local | bound)

    def store(self, target: Expr) -> Store:
        """The function that assigns a value to a target."""
        return store(target, self.function, self.module, self.local, self.budget)


@contextmanager
def _hidden(names: Names, bound: frozenset[str]) -> Iterator[None]:
    """Gives names of a comprehension back the values that they had before it."""
    before = {name: names[name] for name in bound if name in names}
    yield
    for name in bound:
        names.pop(name, None)
    names.update(before)


def _unary(op: str, operand: Evaluate) -> Evaluate:
    if op == "not":
        return lambda names: not is_true(operand(names))

    def run(names: Names) -> object:
        value = operand(names)
        if not isinstance(value, int | float):
            raise Failure(f"`{op}` of {described(value)}")
        return -value if op == "-" else value

    return run


def _choice(then: Evaluate, test: Evaluate, other: Evaluate) -> Evaluate:
    return lambda names: then(names) if is_true(test(names)) else other(names)


def mapping(value: object) -> dict[str, object]:
    """What stands behind `**`."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise Failure(f"`**` of {described(value)}")
    return value
