"""Layers that an author brings, transcribed: their arguments, and the channels that they give."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence

from cnndsl.elaborate.program import Program
from cnndsl.ir import Layer, Network
from cnndsl.names import camel
from cnndsl.ops.brought import Brought
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.targets.flax.names import RESERVED, VARIABLES
from cnndsl.targets.flax.staging.draft import Env, Run, Tensor, Value
from cnndsl.targets.flax.staging.kinds import frozen
from cnndsl.targets.flax.staging.values import Values
from cnndsl.targets.python.module_tree import Import
from cnndsl.targets.python.tree import Expr, Name

_TAKEN = RESERVED | VARIABLES | frozenset(dir(builtins))


class Imports:
    """The classes that a module imports for ops of its spec, by the names that they have in it.

    They begin with a capital, as no variable does, and are no names of values in the spec.
    """

    def __init__(self, program: Program, networks: Sequence[Network], unique: Callable[[str], str]):
        self.program = program
        self.unique = unique
        self.names: dict[tuple[str, str], str] = {}
        self.ops: dict[str, str] = {}  # by these, an op of the class
        used = [kind for network in networks for kind in network.brought]
        self.bound = _TAKEN | _bound(program) if program.ops else _TAKEN
        for kind in used:
            self.name(kind)

    def name(self, kind: type[Brought]) -> str:
        """What the module calls a class."""
        key = kind.module, kind.cls
        if key not in self.names:
            name = kind.cls if kind.cls[0].isupper() else camel(kind.cls)
            name = name if name[0].isupper() else "Layer"
            while name in self.bound:
                name += "_"
            self.names[key] = self.unique(name)
            self.ops[self.names[key]] = kind.name
        return self.names[key]

    def definition(self, kind: type[Brought]) -> ast.Op:
        return self.program.brought[kind.name]

    def lines(self) -> list[Import]:
        """The imports, as `ruff` sorts them: other names last, and constants before classes."""
        found = [
            Import(module, cls, True, alias="" if cls == name else name)
            for (module, cls), name in self.names.items()
        ]
        return sorted(found, key=_rank)


def _rank(line: Import) -> tuple[str, bool, int, str]:
    is_constant = len(line.name) > 1 and line.name.isupper()
    kind = 0 if is_constant else 1 if line.name[0].isupper() else 2
    return line.module, bool(line.alias), kind, line.name


def _bound(program: Program) -> frozenset[str]:
    """The names of values in a spec, of which constructors have local ones."""
    found: set[str] = set()
    for definition in (*program.blocks.values(), *program.models.values()):
        for node in walk(definition):
            match node:
                case ast.Parameter(name=name) | ast.Let(name=name):
                    found.add(name)
                case ast.For(targets=targets) | ast.ItemLoop(targets=targets):
                    found.update(targets)
    return frozenset(found)


class Claims:
    """What the constructor knows of uses of one op, as the spec says it."""

    def __init__(self, values: Values, definition: ast.Op, recs: Sequence[Layer], runs: list[Run]):
        self.values = values
        self.definition = definition
        self.recs = recs
        self.runs = runs
        self.env = Env()  # the names of the definition

    def arguments(self, element: ast.Apply, env: Env) -> dict[str, Expr]:
        """Every argument, of which defaults follow those before them."""
        names = [parameter.name for parameter in self.definition.parameters]
        given = {a.name or names[i]: a.value for i, a in enumerate(element.args or ())}
        found: dict[str, Expr] = {}
        for parameter in self.definition.parameters:
            name = parameter.name
            seen = [frozen(rec.op.argument(name)) for rec in self.recs]
            expr, around = given.get(name), env
            if expr is None:
                expr, around = parameter.default, self.env
            found[name] = self.values.value(expr, seen, self.runs, around, name)
            self.env.values[name] = Value(found[name], samples=seen)
        return found

    def channels(self, x: Name, features: Expr) -> Expr:
        """The channels of the result, in terms of arguments and channels where they are that."""
        self.env.tensors["in"] = Tensor(x, features)
        seen = [rec.out.shape[-1] for rec in self.recs]
        return self.values.value(self._last(), seen, self.runs, self.env, "features")

    def _last(self) -> ast.Expr | None:
        (said,) = [s.values[0] for s in self.definition.settings if s.name == "shape"]
        if isinstance(said, ast.List):
            return said.items[-1]
        if isinstance(said, ast.Attribute) and said.attr == "shape":
            return ast.Attribute(said.span, said.base, "channels", said.attr_span)
        is_vector = all(len(rec.out.shape) == 1 for rec in self.recs)
        return said if is_vector and isinstance(said, ast.Name | ast.Binary) else None
