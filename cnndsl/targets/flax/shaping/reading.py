"""A function read from top to bottom: what its lines set, and the types of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnndsl.targets.flax.shaping.growing import Growing, Type
from cnndsl.targets.flax.shaping.inference import Definitions, Variables, key_of, partial_of
from cnndsl.targets.flax.shaping.types import ARRAY, INT
from cnndsl.targets.python.expressions import names
from cnndsl.targets.python.module_tree import Function
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Augment,
    Binary,
    Call,
    Conditional,
    Do,
    Expr,
    For,
    If,
    Item,
    Name,
    Statement,
    Tuple,
)


@dataclass(frozen=True)
class Set:
    """A variable, or an attribute as `self.name`, is given a value of a type by a statement."""

    statement: Statement
    key: str
    kind: Type


class Reading:
    """What a function sets, in the order of its lines.

    Args:
      module: what the names of the module stand for.
      function: what is read.
      attributes: types of attributes of `self`, as `self.name`.
    """

    def __init__(
        self, module: Definitions, function: Function, attributes: Mapping[str, Type] | None = None
    ):
        self.variables = Variables(module, attributes)
        self.variables.listed = INT if function.name == "__init__" else ARRAY
        self.found: list[Set] = []
        self.appended: list[tuple[Do, Growing]] = []
        self.parameters = {p.name for p in function.parameters}
        for parameter in function.parameters:
            known = parameter.annotation is not None and not parameter.star
            self.variables.types[parameter.name] = parameter.annotation if known else None
        self.read(function.body)

    def attributes(self) -> dict[str, Type]:
        """The types of the attributes of `self`."""
        found = self.variables.types
        return {key: kind for key, kind in found.items() if key.startswith("self.")}

    def read(self, body: Sequence[Statement]) -> None:
        for statement in body:
            self.begin(statement)
            match statement:
                case Assign(targets=targets, value=value):
                    self.assign(statement, targets, value)
                case Augment(target=target, op=op, value=value):
                    self.set(statement, target, self.variables.infer(Binary(op, target, value)))
                case Do(value=Call(function=Attribute(base=base, name="append"), args=(item,))):
                    held = self.variables.infer(base)
                    if isinstance(held, Growing):
                        held.items.append(self.variables.infer(item))
                        self.appended.append((statement, held))
                case If(body=then, other=other):
                    self.read(then)
                    self.read(other)
                case For(target=target, iterable=iterable, body=inner):
                    self.variables.walk(target, iterable)
                    self.note(statement, target)
                    self.read(inner)

    def begin(self, statement: Statement) -> None:
        """What else is done with a statement, before what it sets is known."""

    def assign(self, statement: Assign, targets: Sequence[Expr], value: Expr) -> None:
        made = partial_of(value, self.variables)
        kind = statement.annotation or self.variables.infer(self.beginning(targets, value))
        for target in targets:
            if made is not None and isinstance(target, Name):
                self.variables.made[target.id] = made
            self.set(statement, target, kind)

    def beginning(self, targets: Sequence[Expr], value: Expr) -> Expr:
        """What a variable gets first, where `n = 8 if i == 0 else n + 8`."""
        match targets, value:
            case [Name(id=name)], Conditional(then=then, other=other):
                if name not in self.variables.types and name in names(then) | names(other):
                    return other if name in names(then) else then
        return value

    def set(self, statement: Statement, target: Expr, kind: Type) -> None:
        self.variables.bind(target, kind)
        self.note(statement, target)

    def note(self, statement: Statement, target: Expr) -> None:
        """Keeps what a target, or each of several, was just given."""
        if isinstance(target, Tuple):
            for inner in target.items:
                self.note(statement, inner)
            return
        key = key_of(target)
        if key is not None:
            self.found.append(Set(statement, key, self.variables.types.get(key)))
        elif isinstance(target, Item):
            self.variables.types.setdefault(key_of(target.base) or "", ARRAY)
