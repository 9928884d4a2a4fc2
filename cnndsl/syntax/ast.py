"""What a spec says, as written: every node has a span and no meaning yet."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.source import Source, Span


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    span: Span


# --- expressions ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Node):
    """An int, float, string, bool or None; `same valid nearest bilinear` are strings."""

    value: int | float | str | bool | None


@dataclass(frozen=True, slots=True, eq=False)
class List(Node):
    """`[a, b]`, or a size such as `3x3` (`size` is true)."""

    items: tuple[Expr, ...]
    size: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Name(Node):
    """A name in an expression; `in` and `here` are the names of tensors, and so are endpoints of
    models, `features.layer3`."""

    id: str


@dataclass(frozen=True, slots=True, eq=False)
class Attribute(Node):
    """`t.channels`: `base` is a name; `attr` is unchecked."""

    base: Expr
    attr: str
    attr_span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Index(Node):
    base: Expr
    index: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """A call of an `fn` or a built-in function."""

    func: Name
    args: tuple[Argument, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Node):
    op: str  # "-", "+" or "not"
    operand: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Binary(Node):
    op: str  # + - * / // % ** == != < <= > >= and or
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Conditional(Node):
    """`then if condition else other`."""

    then: Expr
    condition: Expr
    other: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Range(Node):
    """`start .. stop`, half open."""

    start: Expr
    stop: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Comprehension(Node):
    """`[item for targets in items if condition]`."""

    item: Expr
    targets: tuple[str, ...]
    target_spans: tuple[Span, ...]
    items: Expr
    condition: Expr | None


Expr = (
    Literal
    | List
    | Name
    | Attribute
    | Index
    | Call
    | Unary
    | Binary
    | Conditional
    | Range
    | Comprehension
)


@dataclass(frozen=True, slots=True, eq=False)
class Argument(Node):
    """One argument of a call; `name` is None for a positional one."""

    name: str | None
    name_span: Span | None
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Node):
    name: str
    default: Expr | None


# --- chains ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Apply(Node):
    """`conv(64, 3x3)`, `relu`, `here`, `in`, or the name of a tensor, a block or a model.

    An endpoint of a model has a dot in its name, `features.layer3`.
    `args` is None where no parentheses were written.
    """

    name: str
    name_span: Span
    args: tuple[Argument, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class Made(Apply):
    """The tensor of `param NAME = init(shape)` or `constant NAME = values`; no chain names it.

    The name is the statement's word; the arguments are those of `Param` or `Constant`, by name.
    """


@dataclass(frozen=True, slots=True, eq=False)
class Group(Node):
    body: Body


@dataclass(frozen=True, slots=True, eq=False)
class Pick(Node):
    """`xs[i]`, one tensor of a pack."""

    place: Index


@dataclass(frozen=True, slots=True, eq=False)
class Merge(Node):
    """`add [ … ]`, `concat [ … ]`, `mul [ … ]`; any other name is an error of the author's.

    `concat xs` is `concat [ xs.. ]`.
    """

    name: str
    name_span: Span
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Repeat(Node):
    element: Element
    count: Expr


Element = Apply | Pick | Group | Merge | Repeat


@dataclass(frozen=True, slots=True, eq=False)
class Chain(Node):
    elements: tuple[Element, ...]  # never empty


# --- items of merges and packs ---------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Spread(Node):
    """`xs..`, all tensors of a pack; `value` is a name or a part, `xs[1 .. 3]`."""

    value: Name | Index


@dataclass(frozen=True, slots=True, eq=False)
class ItemLoop(Node):
    """`for targets in values { items }` in an item list."""

    targets: tuple[str, ...]
    target_spans: tuple[Span, ...]
    values: Expr
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ItemChoice(Node):
    """`if condition { items } else { items }` in an item list, with (condition, items) pairs."""

    branches: tuple[tuple[Expr, tuple[Item, ...]], ...]
    other: tuple[Item, ...] | None


Item = Chain | Spread | ItemLoop | ItemChoice


# --- statements -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Body(Node):
    """The statements between two braces."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Input(Node):
    """`input 224x224x3`, or `input left 105x105x1` of one of several."""

    shape: Expr
    name: str | None = None
    name_span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Run(Node):
    """`chain as NAME : shape`, or `chain output NAME : shape`; both suffixes are optional."""

    chain: Chain
    name: str | None
    name_span: Span | None
    shape: Expr | None
    is_output: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Bind(Node):
    """`NAME = chain`, with an optional `: shape`; `param` and `constant` hold a `Made`."""

    name: str
    name_span: Span
    chain: Chain
    shape: Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Pack(Node):
    """`NAME = [ items ]`: several tensors under one name; `opener` is the bracket."""

    name: str
    name_span: Span
    opener: Span
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Unpack(Node):
    """`a, b = chain`, of a chain with several results; `_` drops one."""

    names: tuple[str, ...]
    name_spans: tuple[Span, ...]
    chain: Chain


@dataclass(frozen=True, slots=True, eq=False)
class Results(Node):
    """`return a, b`, the last statement of a block."""

    chains: tuple[Chain, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shared(Node):
    """`shared NAME = chain`: layers that run wherever the name stands in a chain."""

    name: str
    name_span: Span
    chain: Chain


@dataclass(frozen=True, slots=True, eq=False)
class Let(Node):
    name: str
    name_span: Span
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Stage(Node):
    name: str
    name_span: Span
    body: Body
    shape: Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class For(Node):
    targets: tuple[str, ...]
    target_spans: tuple[Span, ...]
    items: Expr
    body: Body


@dataclass(frozen=True, slots=True, eq=False)
class If(Node):
    """`branches` are (condition, body) pairs in order, the `else` is a body or None."""

    branches: tuple[tuple[Expr, Body], ...]
    other: Body | None


@dataclass(frozen=True, slots=True, eq=False)
class Aux(Node):
    name: str
    name_span: Span
    args: tuple[Argument, ...]
    body: Body


@dataclass(frozen=True, slots=True, eq=False)
class Expect(Node):
    """`expect params 25_557_032 within 1%`; `tolerance` is in percent.

    Of a rounded count, as in `expect macs 4.1G`, `unit` is what its last digit counts; else 0.
    `expect output mask : 32x32x1` is one `of` several outputs.
    """

    what: str  # unchecked: params, total, macs or output
    what_span: Span
    value: Expr
    tolerance: Literal | None
    unit: int = 0
    of: str | None = None
    of_span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Setting(Node):
    """`optimizer sgd(momentum = 0.9)`: bare names and calls stay `Name` and `Call`."""

    name: str
    name_span: Span
    values: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Train(Node):
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Preprocess(Node):
    settings: tuple[Setting, ...]


OfVariant = Expect | Train | Preprocess  # what a variant's braces may hold
Statement = (
    Input
    | Run
    | Bind
    | Pack
    | Unpack
    | Results
    | Shared
    | Let
    | Stage
    | For
    | If
    | Aux
    | Expect
    | Train
    | Preprocess
)


# --- definitions ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Use(Node):
    """`use "blocks.cnn"`, or `use zoo "resnet.cnn"` of a spec that ships with cnndsl."""

    path: str
    path_span: Span
    is_zoo: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Fn(Node):
    """`fn NAME(parameters) = value`, or `{ lets value }`."""

    name: str
    name_span: Span
    doc: str | None
    parameters: tuple[Parameter, ...]
    lets: tuple[Let, ...]
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Block(Node):
    name: str
    name_span: Span
    doc: str | None
    parameters: tuple[Parameter, ...]
    body: Body


@dataclass(frozen=True, slots=True, eq=False)
class Model(Node):
    name: str
    name_span: Span
    doc: str | None
    parameters: tuple[Parameter, ...]
    body: Body


@dataclass(frozen=True, slots=True, eq=False)
class Variant(Node):
    """`model NAME = BASE(arguments) { … }`."""

    name: str
    name_span: Span
    doc: str | None
    base: Name
    args: tuple[Argument, ...]
    statements: tuple[OfVariant, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Op(Node):
    """`op NAME(parameters) from "module:Class" { … }`, a layer that the author brings.

    `settings` are what it says of that layer, unchecked: shape, params, state and macs.
    """

    name: str
    name_span: Span
    doc: str | None
    parameters: tuple[Parameter, ...]
    origin: str  # unchecked
    origin_span: Span
    settings: tuple[Setting, ...]


Named = Fn | Block | Model | Variant | Op
Definition = Use | Named


@dataclass(frozen=True, slots=True, eq=False)
class Spec:
    """One file. `doc` is its first comment, without the `#`s."""

    source: Source
    doc: str | None
    definitions: tuple[Definition, ...]
