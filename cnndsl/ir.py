"""The network as elaborated: hierarchical, with every shape; blocks and repetitions survive.

A record mirrors what was written, statement by statement and element by element, so that
a back end can walk the definition and everything that became of it side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from cnndsl.ops.base import Op, Shape
from cnndsl.ops.brought import Brought
from cnndsl.ops.initial import Initial
from cnndsl.ops.spelled import Written
from cnndsl.syntax import ast

if TYPE_CHECKING:
    from cnndsl.counts import Count
    from cnndsl.plain import Json
    from cnndsl.recipes.recipe import Recipe
    from cnndsl.source import Span
    from cnndsl.summary import Summary

# What an expression of the language can be.
Value: TypeAlias = (
    "bool | int | float | str | list[Value] | Tensor | Pack | Initial | LayerArgument | None"
)


@dataclass(slots=True, eq=False)
class Tensor:
    """A value of the network. `known` is its shape, None where a mistake made it unknown.

    After a merge of unequal branches the shape is a guess, and the tensor and what follows from
    it `doubtful`: nothing new is reported of them, but that merge's other instances are found.

    `reach` is the receptive field of a position, (height, width) in pixels of the image (None:
    all of it), `jump` the distance in pixels between neighbouring positions, one number for each
    axis of positions. A vector has one position. `image` is the size of the image that it is made
    of, along each axis.
    """

    known: Shape | None
    reach: tuple[float, ...] | None = (1, 1)
    jump: tuple[float, ...] = (1, 1)
    image: tuple[int, ...] = ()
    # What made it; None for the image. Its text would hold all that came before, again and again.
    origin: Layer | Merged | None = field(default=None, repr=False)
    doubtful: bool = False

    @property
    def shape(self) -> Shape:
        """The shape, which is known of every tensor of a spec without mistakes.

        Raises:
          LookupError: if it is not.
        """
        if self.known is None:
            raise LookupError("a mistake made this shape unknown")
        return self.known


@dataclass(frozen=True, slots=True, eq=False)
class LayerArgument(Written):
    """An op or a block as a value: what a parameter may hold, to be run wherever it is named.

    `args` are the values that it got, of a block all of them; `given` is how they are written.
    """

    element: ast.Apply
    what: Op | ast.Block
    args: dict[str, Value]
    given: dict[str, ast.Argument]

    @property
    def name(self) -> str:
        return self.element.name

    def __str__(self) -> str:
        return " ".join(self.element.span.text.split())


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Several tensors under one name; it never changes, a name gets another one."""

    tensors: tuple[Tensor, ...]


Result = Tensor | Pack  # what a name of a chain's result stands for


@dataclass(slots=True, eq=False)
class Layer:
    """One op, applied.

    It counts classes if its units or filters are exactly the model's parameter `classes`, and
    `classifies` if it is a dense layer or a 1x1 convolution besides.
    """

    element: ast.Apply
    op: Op
    x: Tensor
    out: Tensor
    path: str = ""
    counts_classes: bool = False
    classifies: bool = False
    first: Layer | None = None  # the use of shared layers whose tensors this one has


@dataclass(slots=True, eq=False)
class Instance:
    """One use of a block, with the arguments it got (values or tensors)."""

    element: ast.Apply
    block: ast.Block
    args: dict[str, Value]
    x: Tensor
    out: Tensor
    frame: Frame
    path: str = ""
    like: Instance | None = None  # the first use that is alike, which may have the same frame
    endpoints: dict[str, Tensor] = field(default_factory=dict)  # of a model that is an element
    end: str = "logits"  # the endpoint that flows on from a model, its last output if it has some
    level: int = 0  # of a block that uses itself: 1 where it does not, 2 around that, and so on
    counts: Count | None = None  # once somebody asked
    results: tuple[Result, ...] = ()  # of a block that ends in `return`
    picks: dict[str, int] = field(default_factory=dict)  # the numbers of tensors `xs[i]` in `args`


@dataclass(slots=True, eq=False)
class Reference:
    """A tensor at the head of an element, by its name or as `xs[i]`; or a pack by its name."""

    element: ast.Apply | ast.Pick
    out: Tensor
    index: int | None = None  # of `xs[i]`
    results: tuple[Result, ...] = ()  # the pack, where it is one


@dataclass(slots=True, eq=False)
class Divided:
    """`split(n)`: a pack of equal channel groups, each of which is a `channels`."""

    element: ast.Apply
    x: Tensor
    groups: list[Layer]
    out: Tensor
    results: tuple[Result, ...] = ()


@dataclass(slots=True, eq=False)
class Failed:
    """An element with a mistake."""

    element: ast.Element
    out: Tensor


@dataclass(slots=True, eq=False)
class Grouped:
    element: ast.Group
    x: Tensor
    out: Tensor
    frame: Frame


@dataclass(slots=True, eq=False)
class Merged:
    element: ast.Merge
    x: Tensor
    out: Tensor
    items: list[Item]
    branches: list[Branch]  # one for each tensor, in order


@dataclass(slots=True, eq=False)
class Repeated:
    element: ast.Repeat
    x: Tensor
    out: Tensor
    items: list[Element]


@dataclass(slots=True, eq=False)
class Used:
    """A use of shared layers; `run` is what they do here."""

    element: ast.Apply
    declared: Declared
    x: Tensor
    out: Tensor
    run: Chained

    @property
    def is_first(self) -> bool:
        return self.declared.uses[0] is self


@dataclass(slots=True, eq=False)
class Passed:
    """A use of a layer that a name holds; `run` is what it does here, None for `none`."""

    element: ast.Apply
    layer: LayerArgument | None
    x: Tensor
    out: Tensor
    run: Layer | Instance | None


Element = (
    Layer | Instance | Reference | Divided | Failed | Grouped | Merged | Repeated | Used | Passed
)


@dataclass(slots=True, eq=False)
class Chained:
    """A chain that ran. `results` are those of its last element, if it is not one tensor."""

    chain: ast.Chain
    x: Tensor
    out: Tensor
    elements: list[Element]

    @property
    def span(self) -> Span:
        return self.chain.span

    @property
    def results(self) -> tuple[Result, ...]:
        last = self.elements[-1] if self.elements else None
        return last.results if isinstance(last, Instance | Reference | Divided) else ()


# --- items of merges and packs ----------------------------------------------------------


@dataclass(slots=True, eq=False)
class Member:
    """One tensor of a pack, as a branch of a merge; `x` is no tensor that flows."""

    span: Span
    out: Tensor
    x: Tensor = field(default_factory=lambda: Tensor(None))
    elements: list[Element] = field(default_factory=list)


Branch = Chained | Member


@dataclass(slots=True, eq=False)
class Spread:
    """`xs..`."""

    item: ast.Spread
    pack: Pack


@dataclass(slots=True, eq=False)
class ItemsLooped:
    """`for` in an item list: what every round gave."""

    item: ast.ItemLoop
    values: list[Value]
    rounds: list[Items]


@dataclass(slots=True, eq=False)
class ItemsChosen:
    """`if` in an item list: `taken` as of `Chosen`."""

    item: ast.ItemChoice
    taken: int | None
    chosen: Items | None


@dataclass(slots=True, eq=False)
class Items:
    """An item list that ran: a record for each item."""

    written: tuple[ast.Item, ...]
    records: list[Item]


Item = Chained | Spread | ItemsLooped | ItemsChosen


def branches(items: Sequence[Item]) -> list[Branch]:
    """The tensors of an item list, in order."""
    found: list[Branch] = []
    stack: list[Item] = list(reversed(items))
    while stack:
        item = stack.pop()
        match item:
            case Chained():
                found.append(item)
            case Spread():
                found += [Member(item.item.span, tensor) for tensor in item.pack.tensors]
            case ItemsLooped():
                held = [inner for each in item.rounds for inner in each.records]
                stack.extend(reversed(held))
            case ItemsChosen():
                stack.extend(reversed(item.chosen.records if item.chosen is not None else []))
    return found


@dataclass(slots=True, eq=False)
class Ran:
    """`chain as NAME` or `NAME = chain`; `name` is the numbered one."""

    statement: ast.Run | ast.Bind
    run: Chained
    name: str | None


@dataclass(slots=True, eq=False)
class Packed:
    """`NAME = [ items ]`."""

    statement: ast.Pack
    x: Tensor
    items: list[Item]
    pack: Pack


@dataclass(slots=True, eq=False)
class Unpacked:
    """`a, b = chain`."""

    statement: ast.Unpack
    run: Chained


@dataclass(slots=True, eq=False)
class Returned:
    """`return a, b`."""

    statement: ast.Results
    runs: list[Chained]


@dataclass(slots=True, eq=False)
class Declared:
    """`shared NAME = chain`, with its uses in the order in which they run."""

    statement: ast.Shared
    uses: list[Used] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Named:
    statement: ast.Let
    value: Value


@dataclass(slots=True, eq=False)
class Staged:
    statement: ast.Stage
    name: str
    x: Tensor
    out: Tensor
    frame: Frame


@dataclass(slots=True, eq=False)
class Looped:
    statement: ast.For
    items: list[Value]
    frames: list[Frame]


@dataclass(slots=True, eq=False)
class Chosen:
    """An `if`: `taken` is the branch's index, len(branches) for the else, None for none."""

    statement: ast.If
    taken: int | None
    frame: Frame | None


@dataclass(slots=True, eq=False)
class Auxiliary:
    statement: ast.Aux
    name: str
    weight: float
    x: Tensor
    out: Tensor
    frame: Frame


@dataclass(slots=True, eq=False)
class Noted:
    """A statement without an effect on the tensors: input, expect, train, preprocess."""

    statement: ast.Statement


Record = (
    Ran
    | Packed
    | Unpacked
    | Returned
    | Declared
    | Named
    | Staged
    | Looped
    | Chosen
    | Auxiliary
    | Noted
)


@dataclass(slots=True, eq=False)
class Frame:
    """The records of a body, one per statement, and what flowed in and out.

    `results` are those of a block that ends in `return`.
    """

    body: ast.Body
    x: Tensor
    out: Tensor
    records: list[Record] = field(default_factory=list)
    results: tuple[Result, ...] = ()


@dataclass(slots=True, eq=False)
class Network:
    """One model with every parameter bound.

    Its result is `output`, called `logits`, unless the spec names `outputs`: those endpoints are
    its results then, and `output` is the last of them.
    """

    name: str
    definition: ast.Model  # the model whose body this is: the root of the variants
    declared: ast.Model | ast.Variant
    arguments: dict[str, Value]
    given: frozenset[str]  # the parameters that variants or the command line set
    frame: Frame
    input: Tensor
    output: Tensor
    endpoints: dict[str, Tensor]
    outputs: tuple[str, ...] = ()
    inputs: dict[str, Tensor] = field(default_factory=dict)  # by name, where they have some
    image: list[Value] | None = None  # the size of the input, where it was set from outside
    shared: list[Declared] = field(default_factory=list)  # the shared layers of all bodies
    recipe: Recipe | None = None
    recipe_said: dict[str, Json] | None = None  # the same, as the spec has it
    preprocess: dict[str, Json] | None = None
    brought: tuple[type[Brought], ...] = ()  # the layers of the author's own that it has
    bringable: tuple[type[Brought], ...] = ()  # those that its spec names
    counts: Count | None = None  # once somebody asked
    summary: Summary | None = None  # the same, until layers get other names

    @property
    def input_shape(self) -> Shape | dict[str, Shape]:
        """That of the image or, where inputs have names, one for each."""
        named = {name: tuple(tensor.shape) for name, tensor in self.inputs.items()}
        return named or tuple(self.input.shape)

    @property
    def received(self) -> dict[str, Tensor]:
        """All inputs, by the names that calls of the model give them."""
        return self.inputs or {"x": self.input}


Node = Frame | Record | Element | Item | Items
