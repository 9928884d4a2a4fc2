"""What one op becomes: its emission as text, and a module of it and its fragments alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cnndsl.ops import OPS, SOURCES
from cnndsl.ops.base import Op, Shape
from cnndsl.ops.initial import Initial
from cnndsl.ops.initial import Start as Start_
from cnndsl.ops.pool import AvgPool, MaxPool
from cnndsl.targets.flax.fragments import IMPORTS, ORDER, fragment
from cnndsl.targets.flax.ops import emit
from cnndsl.targets.flax.ops.conv import initializer
from cnndsl.targets.flax.ops.emission import Built, Emission
from cnndsl.targets.python.expressions import constant, path, self_
from cnndsl.targets.python.print import print_expression
from cnndsl.targets.python.statements import plain
from cnndsl.targets.python.tree import Call, Expr, Keyword, Name, Return, Tuple

Spell = Callable[[str, Any], Expr]  # an argument's or `in_features`, and its value

TEMPLATE = """\
{header}

class Net(nnx.Module):
    def __init__(self, *, dtype=None, param_dtype=jnp.float32, rngs):
        self.name = {name!r}
{layers}
        cast(self, dtype, param_dtype)

    def __call__(self, x):
        return {expression}
"""


def make(name: str, **arguments: Any) -> Op:
    return {**OPS, **SOURCES}[name].make(arguments)


def literally(name: str, value: Any) -> Expr:
    return constant(str(value) if isinstance(value, Initial) else value)


@dataclass
class Names:
    """Spells every number and flag by a name, as where a class decides nothing of its own.

    `values` are what the names stand for.
    """

    values: dict[str, Any] = field(default_factory=dict)

    def __call__(self, name: str, value: Any) -> Expr:
        if isinstance(value, (list, tuple)):
            return Tuple(tuple(self(f"{name}_{i}", item) for i, item in enumerate(value)))
        if value is None or isinstance(value, str | Initial):
            return constant(str(value) if isinstance(value, Initial) else value)
        self.values[name] = value
        return Name(name)


@dataclass
class Start:
    """The context of an op whose result reaches a ReLU, or does not."""

    init: Start_ | None
    rectified: bool = False
    constants: dict[str, Expr] = field(default_factory=dict)
    op: Op | None = None

    def start(self, field: str) -> Expr | None:
        said = getattr(self.op, field, None)
        usual = None if said is None or self.op is None else self.op.arguments()[field].default
        return None if said == usual else initializer(said)

    @property
    def initializer(self) -> Expr | None:
        return initializer("he_normal") if self.rectified and self.init is None else self.given

    @property
    def given(self) -> Expr | None:
        return None if self.init in (None, "lecun_normal") else initializer(self.init)

    def constant(self, stem: str, value: Expr) -> Expr:
        self.constants[stem.upper()] = value
        return Name(stem.upper())


@dataclass(frozen=True)
class Emitted:
    """The emission of an op, and the constants that it stores in its module."""

    emission: Emission
    constants: dict[str, Expr]

    def expression(self) -> str:
        """The code at call time."""
        modules: list[Expr] = [self_(built.attr) for built in self.emission.modules]
        applied = plain(Return(self.emission.apply(Name("x"), modules)))
        assert isinstance(applied, Return)
        return print_expression(applied.value)

    def constructors(self, hand_on: bool = False) -> list[str]:
        """The constructor calls; with `hand_on` they get what a class hands to its layers."""
        return [print_expression(built_call(built, hand_on)) for built in self.emission.modules]


def built_call(built: Built, hand_on: bool) -> Expr:
    keywords = [Keyword(name, value) for name, value in built.keywords.items()]
    if hand_on:
        keywords += [Keyword(name, Name(name)) for name in built.takes]
    return built.wrapped(Call(path(built.callee), built.args, tuple(keywords)))


def arguments_of(op: Op, x: Shape) -> dict[str, Any]:
    """The arguments of an op; `ceil` is the margin behind the map with which a pool has it."""
    values = {name: getattr(op, name) for name in op.arguments()}
    if isinstance(op, MaxPool | AvgPool):
        values["ceil"] = op.margins_of_ceil() if op.ceil else None
    return values


def emitted(op: Op, x: Shape, spell: Spell = literally, rectified: bool = False) -> Emitted:
    """`op` for inputs of shape `x`, its arguments as `spell` writes them."""
    fields = {name: spell(name, value) for name, value in arguments_of(op, x).items()}
    init = getattr(op, "init", None)
    context = Start(init if isinstance(init, str | Initial) else None, rectified, op=op)
    emission = emit(op.name, len(x), fields, spell("in_features", x[-1]), context)
    return Emitted(emission, context.constants)


def expression(name: str, x: Shape, **arguments: Any) -> str:
    return emitted(make(name, **arguments), x).expression()


def constructors(name: str, x: Shape, **arguments: Any) -> list[str]:
    return emitted(make(name, **arguments), x).constructors()


def source(op: Op, x: Shape, spell: Spell = literally, rectified: bool = False) -> str:
    """A module with one class, `Net`, that is `op` for inputs of shape `x`."""
    found = emitted(op, x, spell, rectified)
    calls = zip(found.emission.modules, found.constructors(hand_on=True), strict=True)
    layers = [f"        self.{built.attr} = {call}" for built, call in calls]
    constants = {}
    if isinstance(spell, Names):
        constants = {name: repr(value) for name, value in spell.values.items()}
    constants |= {name: print_expression(value) for name, value in found.constants.items()}
    return TEMPLATE.format(
        header=_header(found.emission, constants),
        name=op.name,
        layers="\n".join(layers),
        expression=found.expression(),
    )


def _header(emission: Emission, constants: dict[str, str]) -> str:
    assigned = [f"{name} = {value}" for name, value in constants.items()]
    is_frozen = "frozen" in emission.helpers
    helpers = {"cast_frozen" if is_frozen else "cast", *emission.helpers}
    if any(Name("dirac") in built.keywords.values() for built in emission.modules):
        helpers.add("dirac")
    parts = [fragment(name).text for name in ORDER if name in helpers]
    return "\n\n".join([*IMPORTS.values(), *assigned, *parts])
