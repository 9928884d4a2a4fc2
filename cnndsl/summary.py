"""The stage table: `summary`, failed assertions and generated headers all print this one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from cnndsl.ir import (
    Auxiliary,
    Instance,
    Layer,
    Merged,
    Network,
    Node,
    Staged,
    Tensor,
    children,
    layers,
)
from cnndsl.names import camel
from cnndsl.ops import MERGES
from cnndsl.ops.base import Op, Shape
from cnndsl.ops.window import ONE, Pair

if TYPE_CHECKING:
    from cnndsl.plain import Json

# What a row leaves out when it lists the layers of a stage.
SILENT = frozenset(
    "bn layer_norm group_norm instance_norm rms_norm grn relu relu6 leaky_relu elu selu gelu swish "
    "sigmoid hard_sigmoid hard_swish tanh scaled_tanh softplus softmax prelu mish celu glu abs "
    "square sqrt exp log clip l2_normalize dropout drop_path flatten reshape pad crop scale "
    "layer_scale normalize rescale expand transpose".split()
)


@dataclass(frozen=True, slots=True)
class Count:
    """Trainable parameters, those plus state, and multiply-accumulates."""

    params: int = 0
    total: int = 0
    macs: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.params + other.params, self.total + other.total, self.macs + other.macs)


@dataclass(frozen=True, slots=True)
class LayerRow:
    path: str
    op: str
    input: Shape
    output: Shape
    params: int
    macs: int
    reach: tuple[float, float] | None  # receptive field in pixels; None: the whole image


@dataclass(frozen=True, slots=True)
class StageRow:
    name: str
    contents: str  # "conv 7x7/2, max_pool 3x3/2"
    output: Shape
    params: int
    macs: int
    training: bool = False  # an auxiliary head


@dataclass(frozen=True, slots=True)
class Summary:
    """What one network has, in the units of the language: counts of one image."""

    model: str
    spec: str
    input: Shape
    output: Shape
    params: int
    total: int
    macs: int
    stages: tuple[StageRow, ...]
    endpoints: dict[str, Shape]
    network: Network = field(repr=False, compare=False)
    recipe: dict[str, Json] | None = None
    preprocess: dict[str, Json] | None = None
    inputs: dict[str, Shape] = field(default_factory=dict)  # by name, where they have some
    outputs: tuple[str, ...] = ()  # the endpoints that are results, where the spec names some

    @property
    def layers(self) -> tuple[LayerRow, ...]:
        """A row per layer, in order of execution."""
        return tuple(_layer_rows(self.network))


def size(shape: Shape) -> int:
    product = 1
    for length in shape:
        product *= length
    return product


def count_layer(layer: Layer) -> Count:
    params = sum(map(size, layer.op.params(layer.x.shape).values()))
    state = sum(map(size, layer.op.state(layer.x.shape).values()))
    return Count(params, params + state, layer.op.macs(layer.x.shape))


Counts = dict[tuple[int, Shape, bool], Count]  # of an op, the shape it gets, and whether first


def count(record: Node, known: Counts | None = None) -> Count:
    """All layers below a record; the MACs of auxiliary heads do not count.

    `known` are the counts of layers of the same network.
    """
    params = total = macs = 0
    known = {} if known is None else known
    for part, training in _parts_and_heads(record):
        one = _counted_part(part, known)
        params, total = params + one.params, total + one.total
        macs += 0 if training else one.macs
    return Count(params, total, macs)


def _counted(layer: Layer, known: Counts) -> Count:
    """The figures of a layer; tensors that it shares with one before are counted there."""
    key = id(layer.op), layer.x.shape, layer.first is None
    one = known.get(key)
    if one is None:
        one = count_layer(layer)
        one = known[key] = one if layer.first is None else Count(0, 0, one.macs)
    return one


def _counted_part(part: Layer | Instance | Merged, known: Counts) -> Count:
    if isinstance(part, Layer):
        return _counted(part, known)
    return count_merge(part) if isinstance(part, Merged) else _counted_use(part, known)


def _counted_use(use: Instance, known: Counts) -> Count:
    """What a block has, counted once for all uses that are alike."""
    first = use.like or use
    if first.counts is None:
        every = [_counted_part(part, known) for part in _computing(first)]
        first.counts = sum(every, Count())
    return first.counts


def _computing(record: Node) -> Iterator[Layer | Merged]:
    """All layers and matrix products below a record."""
    stack: list[Node] = [record]
    while stack:
        current = stack.pop()
        if isinstance(current, Layer):
            yield current
            continue
        if isinstance(current, Merged) and multiplies(current):
            yield current
        stack.extend(children(current))


def multiplies(record: Node) -> bool:
    """Whether a record is a matrix product of two tensors."""
    return isinstance(record, Merged) and record.element.name == "matmul"


def has_products(network: Network) -> bool:
    """Whether a network has matrix products of two tensors."""
    return any(isinstance(part, Merged) for part in _computing(network.frame))


def count_merge(record: Merged) -> Count:
    shapes = tuple(branch.out.shape for branch in record.branches)
    return Count(macs=MERGES[record.element.name].macs(shapes))


def _parts_and_heads(record: Node) -> Iterator[tuple[Layer | Instance | Merged, bool]]:
    """All layers, blocks and matrix products below a record, and whether they are of a head."""
    heads: list[Node] = []
    for stack, training in (([record], isinstance(record, Auxiliary)), (heads, True)):
        while stack:
            current = stack.pop()
            if isinstance(current, (Layer, Instance)):
                yield current, training
            elif isinstance(current, Auxiliary) and not training:
                heads.append(current)
            else:
                if isinstance(current, Merged) and multiplies(current):
                    yield current, training
                stack.extend(children(current))


def totals(network: Network) -> Count:
    """All layers of a network, which are counted once."""
    if network.counts is None:
        network.counts = count(network.frame)
    return network.counts


def summarize_network(network: Network) -> Summary:
    """The figures of a network, which are worked out once."""
    if network.summary is None:
        network.summary = _summary(network)
    return network.summary


def _summary(network: Network) -> Summary:
    known: Counts = {}
    rows = tuple(_stage_rows(network, known))
    counts = totals(network)
    return Summary(
        network.name,
        network.declared.span.source.name,
        network.input.shape,
        network.output.shape,
        counts.params,
        counts.total,
        counts.macs,
        rows,
        {name: tensor.shape for name, tensor in network.endpoints.items()},
        network,
        network.recipe_said,
        network.preprocess,
        {name: tuple(tensor.shape) for name, tensor in network.inputs.items()},
        network.outputs,
    )


def _layer_rows(network: Network) -> Iterator[LayerRow]:
    known: Counts = {}
    for layer in layers(network.frame):
        one = _counted(layer, known)
        x, out = layer.x.shape, layer.out.shape
        yield LayerRow(layer.path, layer.op.name, x, out, one.params, one.macs, layer.out.reach)


def _stage_rows(network: Network, known: Counts) -> Iterator[StageRow]:
    """A row per stage and head; layers outside of any stage have rows of their own."""
    stack: list[Node] = [network.frame]
    while stack:
        current = stack.pop()
        match current:
            case Staged() | Auxiliary():
                training = isinstance(current, Auxiliary)
                text = contents(current.frame)
                counts = count(current.frame, known)
                yield _row(current.name, text, counts, current.out, training)
            case Layer():
                counts = _counted(current, known)
                if current.op.name not in SILENT or counts.params:
                    yield _row(current.path, _layer_text(current.op), counts, current.out)
            case Instance():
                counts = count(current, known)
                yield _row(current.path, camel(current.block.name), counts, current.out)
            case Merged() if multiplies(current):
                name = current.element.name
                yield _row(name, name, count_merge(current), current.out)
                stack.extend(reversed(children(current)))
            case _:
                stack.extend(reversed(children(current)))


def _row(name: str, text: str, counts: Count, out: Tensor, training: bool = False) -> StageRow:
    return StageRow(name, text, out.shape, counts.params, counts.macs, training)


def contents(record: Node) -> str:
    """The layers and blocks of a stage in a few words: "3 conv, 2 lrn, 2 max_pool"."""
    found: list[tuple[str, str]] = []
    stack = [record]
    while stack:
        current = stack.pop()
        if isinstance(current, Instance):
            only = list(islice(layers(current), 2))
            if len(only) == 1:
                stack.append(only[0])
            else:
                found.append((camel(current.block.name), camel(current.block.name)))
        elif isinstance(current, Layer):
            if current.op.name not in SILENT:
                found.append((current.op.name, _layer_text(current.op)))
        else:
            if multiplies(current):
                found.append(("matmul", "matmul"))
            stack.extend(reversed(children(current)))
    counts = Counter(kind for kind, _ in found)
    texts = {kind: text for kind, text in reversed(found)}
    parts = [texts[kind] if n == 1 else f"{n} {kind}" for kind, n in counts.items()]
    if len(parts) > 4:
        parts = [*parts[:3], "…"]
    return ", ".join(parts)


def _layer_text(op: Op) -> str:
    """`conv 7x7/2`: the op with its window and stride."""
    window: Pair | None = getattr(op, "kernel", None) or getattr(op, "window", None)
    if window is None:
        return op.name
    text = f"{op.name} {window[0]}x{window[1]}"
    stride: Pair = getattr(op, "stride", ONE)
    if stride == ONE:
        return text
    return f"{text}/{stride[0]}" if stride[0] == stride[1] else f"{text}/{stride[0]}x{stride[1]}"


# --- text -----------------------------------------------------------------------------


def shape_text(shape: Shape) -> str:
    return " x ".join(str(length) for length in shape)


def macs_text(macs: int) -> str:
    """`15.47 GMACs`; plain below a thousand."""
    for unit, size in (("TMACs", 10**12), ("GMACs", 10**9), ("MMACs", 10**6), ("kMACs", 10**3)):
        if macs >= size:
            return f"{macs / size:.2f} {unit}"
    return f"{macs} MACs"


def stage_cells(summary: Summary) -> list[tuple[str, ...]]:
    """The table's rows as text, with a header and a total."""
    rows: list[tuple[str, ...]] = [("stage", "layers", "output", "params", "MACs")]
    for row in summary.stages:
        text = f"{row.contents} (training)" if row.training else row.contents
        macs = "" if row.training else f"{row.macs:,}"
        rows.append((row.name, text, shape_text(row.output), f"{row.params:,}", macs))
    rows.append(("total", "", "", f"{summary.params:,}", f"{summary.macs:,}"))
    return rows


def table_text(summary: Summary) -> str:
    return format_table(stage_cells(summary), right=(3, 4))


def format_table(rows: Sequence[tuple[str, ...]], right: tuple[int, ...]) -> str:
    """Aligned columns under a ruled header; numbers to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    ruled = [rows[0], tuple("-" * width for width in widths), *rows[1:]]
    lines = []
    for row in ruled:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
