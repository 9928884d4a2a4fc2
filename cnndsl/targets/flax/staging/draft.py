"""A class while it is written: constructor, call, and what is known of their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cnndsl.ops.base import Shape
from cnndsl.syntax import ast
from cnndsl.targets.python.draft import Step
from cnndsl.targets.python.expressions import NONE
from cnndsl.targets.python.logic import conditional
from cnndsl.targets.python.tree import Binary, Expr, Name

END = "end "  # in front of an endpoint's name: the key of its channels
Run = tuple[int, tuple[int, ...]]  # an execution: the instance, and the iterations around


@dataclass
class Param:
    """One argument of an emitted class or function.

    `source` says where its value comes from: "in" and "features" are channels, "own" is a
    parameter of the definition, "computed" is worked out for every instance, "tensor" is an
    argument of the call.
    """

    name: str
    source: str
    origin: str  # the parameter's or the tensor's name in the spec
    values: dict[int, object]
    default: Expr | None = None
    axes: int = 0  # of a window that some uses write as one number
    handed: bool = True  # to the class or function, which may only ask how wide its result is


@dataclass
class Slot:
    """What the constructor keeps on `self` for the call: a module, or a value."""

    stem: str
    path: tuple[str, ...]
    kind: str = ""  # of module: conv, norm, dropout, …
    is_block: bool = False
    weighted: bool = False
    is_value: bool = False
    is_quiet: bool = False  # a module without tensors, built for its calls alone
    many: int = 0  # lists inside each other
    arms: tuple[tuple[int, int], ...] = ()


@dataclass
class Variable:
    """A local of constructor or call. `stable`: it has one value, which no loop changes."""

    stem: str
    kind: str  # let, features, target, counter, tensor, flag
    stable: bool = False
    named: bool = False  # by the author


@dataclass
class Tensor:
    """A tensor of the author's: the variable of the call and the channels' expression.

    `optional` tensors are None in some instances. In expressions the name of a `param` that is
    none stays none, though chains may have given it a tensor.
    """

    call: Expr
    features: Expr
    optional: bool = False
    param: Tensor | None = None

    def or_none(self) -> Tensor:
        """What the name is in an expression."""
        if self.param is None:
            return self
        known = self.param
        given = (Binary("is not", each, NONE) for each in (known.call, known.features))
        pairs = zip((self.call, self.features), given, strict=True)
        call, features = (conditional(value, test, NONE) for value, test in pairs)
        return Tensor(call, features, optional=True)


@dataclass(frozen=True)
class Value:
    """A value of the author's: its expression in the constructor and, where that is another
    one, in the call; None where a phase cannot know it. `samples` are the values it had."""

    init: Expr | None
    call: Expr | None = None
    samples: Sequence[object] = ()
    axes: int = 0


@dataclass
class Sharing:
    """Shared layers: where they were declared, and how the call reaches their modules.

    `modules` is None until the first use has built them.
    """

    statement: ast.Shared
    env: Env
    path: tuple[str, ...]
    modules: list[Expr] | None = None


class Env:
    """Names at a place of the definition; bodies of `for` and `if` share theirs."""

    def __init__(self, parent: Env | None = None):
        self.parent = parent
        self.values: dict[str, Value] = {}
        self.tensors: dict[str, Tensor] = {}
        self.aliases: dict[str, Tensor] = {}  # of tensors, by `let`
        self.shared: dict[str, Sharing] = {}

    def meant(self, name: str) -> Tensor | None:
        """The tensor that a name is in an expression, where it is no other value."""
        env: Env | None = self
        while env is not None:
            if name in env.values:
                return None
            if name in env.aliases:
                return env.aliases[name]
            env = env.parent
        return self.tensor(name)

    @property
    def optional(self) -> frozenset[str]:
        """The aliases here that are None in some instances."""
        return frozenset(name for name, tensor in self.aliases.items() if tensor.optional)

    @optional.setter
    def optional(self, names: frozenset[str]) -> None:
        for name, tensor in self.aliases.items():
            if tensor.optional != (name in names):
                self.aliases[name] = replace(tensor, optional=name in names)

    def features(self) -> tuple[Expr, ...]:
        """The channels of all tensors that have a name here."""
        found = {} if self.parent is None else dict.fromkeys(self.parent.features())
        found |= dict.fromkeys(tensor.features for tensor in self.tensors.values())
        return tuple(found)

    def sharing(self, name: str) -> Sharing | None:
        env: Env | None = self
        while env is not None:
            if name in env.shared:
                return env.shared[name]
            env = env.parent
        return None

    def value(self, name: str) -> Value | None:
        env: Env | None = self
        while env is not None:
            if name in env.values:
                return env.values[name]
            env = env.parent
        return None

    def tensor(self, name: str) -> Tensor | None:
        env: Env | None = self
        while env is not None:
            if name in env.tensors:
                return env.tensors[name]
            env = env.parent
        return None


@dataclass
class OpenLoop:
    """A loop that is being written."""

    number: int
    counter: str
    runs: list[Run]
    entered: frozenset[int] = frozenset()  # the instances that come to it
    count: Expr | None = None  # of its rounds, where that is plain to see
    slots: list[str] = field(default_factory=list)  # lists that its iterations fill
    hoisted: list[Step] = field(default_factory=list)  # what stands before it
    before: list[Step] = field(default_factory=list)  # the same in the call


@dataclass
class Draft:
    """One class or function."""

    definition: ast.Block | ast.Model
    name: str
    is_function: bool = False
    is_model: bool = False
    uses_itself: bool = False
    is_nested: bool = False  # a model that is an element of another one
    has_endpoints: bool = False  # a block that gives them as models do
    end: str = "logits"  # the one of them that is its result
    is_argument: bool = False  # it stands where others do, and is called as they are
    takes_x: bool = True  # what arrives; a block may read its arguments alone
    params: list[Param] = field(default_factory=list)
    offered: list[Param] = field(default_factory=list)  # arguments, before some were dropped
    init: list[Step] = field(default_factory=list)
    call: list[Step] = field(default_factory=list)
    heads: list[Step] = field(default_factory=list)  # of the constructor, built last
    slots: dict[str, Slot] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    shapes: list[list[Shape]] = field(default_factory=list)  # of a line, by execution
    shown: list[list[Shape]] = field(default_factory=list)  # of the first model alone
    channels: dict[int, Expr] = field(default_factory=dict)  # of a line
    class_values: dict[str, dict[int, object]] = field(default_factory=dict)
    flat_loops: set[int] = field(default_factory=set)  # loops that run at least once
    # Variables that sizes of maps decide, with the arguments that do, and whether sizes do.
    decided: list[tuple[str, set[str], bool]] = field(default_factory=list)
    late: dict[str, str] = field(default_factory=dict)  # arguments by their settled variables
    folded: set[str] = field(default_factory=set)  # arguments decided by the compiler
    has_heads: bool = False
    spatial: bool = False  # a literal stands for heights and widths
    helpers: set[str] = field(default_factory=set)
    takes: tuple[str, ...] = ()  # what the constructor hands on
    out: Expr | None = None  # the result's channels, where arguments spell them
    outs: list[Expr | None] = field(default_factory=list)  # the same of several results
    ends: dict[str, Expr] = field(default_factory=dict)  # and of endpoints, by name
    numbers: int = 0
    received: list[str] = field(default_factory=list)  # the tensors that a model's call gets
    result: Name = field(default_factory=lambda: Name("flow"))

    @property
    def keeps_endpoints(self) -> bool:
        """Whether the call collects endpoints in `out`."""
        return self.is_model or self.has_endpoints

    @property
    def arguments(self) -> list[Param]:
        """What the class or function is given."""
        return [p for p in self.params if p.handed]

    @property
    def built(self) -> list[Param]:
        """What the constructor is given, in order."""
        return [p for p in self.arguments if p.source != "tensor"]

    def unique(self, stem: str) -> str:
        """A name that no other has: it becomes an identifier in the end."""
        self.numbers += 1
        return f"{stem}#{self.numbers}"

    def variable(self, stem: str, kind: str, *, stable: bool = False, named: bool = False) -> Name:
        name = self.unique(stem)
        self.variables[name] = Variable(stem, kind, stable, named)
        return Name(name)
