"""Compile-time functions of the spec that are functions of the module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from cnndsl.elaborate.cycles import called
from cnndsl.syntax import ast
from cnndsl.targets.flax.names import RESERVED, safe, snake
from cnndsl.targets.flax.shaping.docs import wrapped
from cnndsl.targets.flax.shaping.naming import BUILTINS
from cnndsl.targets.flax.staging.draft import Draft, Env, Value
from cnndsl.targets.flax.staging.spelling import FnNames, Known, is_plain
from cnndsl.targets.flax.staging.values import Values
from cnndsl.targets.python.expressions import NONE, call, names, size
from cnndsl.targets.python.expressions import walk as expression_parts
from cnndsl.targets.python.module_tree import Function, Parameter
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.tree import (
    Assign,
    Binary,
    Comprehension,
    Conditional,
    Expr,
    Name,
    Return,
    Statement,
    Tuple,
)

_LONG = 6  # nodes of a part of an expression that is not written twice


class Functions:
    """The functions `fns` of a spec: what they are called in the module, and their definitions.

    `taken` are the names that the module has, `unique` adds one to them.
    """

    def __init__(self, fns: Mapping[str, ast.Fn], taken: set[str], unique: Callable[[str], str]):
        self.fns = fns
        self.taken = taken
        self.unique = unique
        self.names = {name: self._named(fn) for name, fn in fns.items()}

    def _named(self, fn: ast.Fn) -> FnNames:
        """Free names for a function and for its parameters."""
        name = self.unique(snake(fn.name))
        own: dict[str, str] = {}
        for parameter in fn.parameters:
            free = safe(parameter.name, RESERVED | BUILTINS | self.taken | set(own.values()))
            own[parameter.name] = free
        return FnNames(name, own)

    def spelled(self) -> dict[str, FnNames | None]:
        """The functions that become functions of Python: those that call only such."""
        fns = self.fns
        odd = {name for name, fn in fns.items() if not is_plain(fn, fns)}
        calls = {name: called(fn, fns) for name, fn in fns.items()}
        while more := {name for name, used in calls.items() if used & odd} - odd:
            odd |= more
        return {name: None if name in odd else known for name, known in self.names.items()}

    def function(self, fn: ast.Fn, known: Known) -> Function:
        """A compile-time function of the spec."""
        nothing = ast.Body(fn.span, ())
        block = ast.Block(fn.span, fn.name, fn.name_span, None, fn.parameters, nothing)
        values, env = Values(Draft(block, fn.name), known), Env()
        parameters = []
        body: list[Statement] = []
        called_as = self.names[fn.name]
        for parameter in fn.parameters:
            name = called_as.parameters[parameter.name]
            default = None if parameter.default is None else values.spell(parameter.default, env)
            kind: Expr = Name("float")
            if default is not None and names(default):  # it follows from arguments before it
                test = Binary("is", Name(name), NONE)
                body.append(Assign((Name(name),), Conditional(default, test, Name(name))))
                default, kind = NONE, Binary("|", kind, NONE)
            parameters.append(Parameter(name, kind, default))
            env.values[parameter.name] = Value(Name(name))
        taken = set(called_as.parameters.values()) | self.taken
        lets: list[tuple[str, Expr]] = []
        for let in fn.lets:
            value = values.spell(let.value, env)
            assert value is not None
            name = safe(let.name, RESERVED | BUILTINS | taken)
            taken.add(name)
            lets.append((name, value))
            env.values[let.name] = Value(Name(name))
        if isinstance(fn.value, ast.Comprehension):
            result = _listed(fn.value, values, env, taken)
            body += [*_read_lets(lets, result), Return(result)]
        else:
            spelled = values.spell(fn.value, env)
            assert spelled is not None
            body += [*_read_lets(lets, spelled), *shared_once(spelled, taken)]
        return Function(
            called_as.name, tuple(parameters), Name("float"), tuple(body), wrapped(fn.doc)
        )


def _listed(expr: ast.Comprehension, values: Values, env: Env, taken: set[str]) -> Expr:
    """The list of a function, as a tuple; `taken` are the names that its targets do not have."""
    items, inside, own = values.spell(expr.items, env), Env(env), list[Name]()
    for target in expr.targets:
        name = Name(safe(target, RESERVED | BUILTINS | taken | {n.id for n in own}))
        own.append(name)
        inside.values[target] = Value(name)
    element = values.spell(expr.item, inside)
    assert items is not None and element is not None
    walked = own[0] if len(own) == 1 else Tuple(tuple(own))
    return call("tuple", Comprehension("generator", element, walked, items))


def _read_lets(lets: Sequence[tuple[str, Expr]], result: Expr) -> list[Statement]:
    """The assignments that a result needs, itself or through others of them."""
    needed, kept = set(names(result)), list[Statement]()
    for name, value in reversed(lets):
        if name in needed:
            needed |= set(names(value))
            kept.append(Assign((Name(name),), value))
    return kept[::-1]


def shared_once(result: Expr, taken: set[str]) -> list[Statement]:
    """The lines that return a value; a long part that stands there twice has a name."""
    counts = Counter(e for e in expression_parts(result) if size(e) >= _LONG)
    several = [e for e, count in counts.items() if count > 1]
    if not several:
        return [Return(result)]
    part = max(several, key=size)
    name = Name(next(n for n in ("value", "result", "held") if n not in taken))

    def change(expr: Expr) -> Expr:
        return name if expr == part else rebuild(expr, change)

    return [Assign((name,), part), Return(change(result))]
