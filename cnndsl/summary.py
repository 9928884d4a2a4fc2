"""The stage table: `summary`, failed assertions and generated headers all print this one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from cnndsl.counts import Count, Counts, count, count_merge, count_once, multiplies, totals
from cnndsl.ir import Auxiliary, Instance, Layer, Merged, Network, Node, Pack, Staged, Tensor
from cnndsl.names import camel
from cnndsl.ops import ACTIVATIONS, GROUPS, NORMS
from cnndsl.ops.base import Op, Shape
from cnndsl.ops.brought import Brought
from cnndsl.ops.weighted import Weighted
from cnndsl.ops.window import Sizes, is_one
from cnndsl.walks import children, layers

if TYPE_CHECKING:
    from cnndsl.plain import Json

# What a row leaves out when it lists the layers of a stage.
SILENT = {*ACTIVATIONS, *NORMS, *(op.name for op in (*GROUPS["Elementwise"], *GROUPS["Noise"]))}
SILENT |= {*"flatten reshape pad crop expand transpose".split()}
SILENT |= {*"scale layer_scale normalize rescale constant".split()}
SILENT -= {"lrn"}  # which papers' tables list


@dataclass(frozen=True, slots=True)
class LayerRow:
    path: str
    op: str
    input: Shape
    output: Shape
    params: int
    macs: int
    reach: tuple[float, ...] | None  # receptive field in pixels; None: the whole image
    is_declared: bool = False  # its counts are what the spec says of a class


@dataclass(frozen=True, slots=True)
class StageRow:
    name: str
    contents: str  # "conv 7x7/2, max_pool 3x3/2"
    output: Shape
    params: int
    macs: int
    training: bool = False  # an auxiliary head
    outputs: tuple[Shape, ...] = ()  # of a block with several results, in their order


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
    def has_frozen(self) -> bool:
        """Whether some layers have parameters that do not learn."""
        ops = (layer.op for layer in layers(self.network.frame))
        return any(isinstance(op, Weighted) and op.frozen for op in ops)

    @property
    def layers(self) -> tuple[LayerRow, ...]:
        """A row per layer, in order of execution."""
        return tuple(_layer_rows(self.network))


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
        one = count_once(layer, known)
        x, out = layer.x.shape, layer.out.shape
        figures = (one.params, one.macs, layer.out.reach, isinstance(layer.op, Brought))
        yield LayerRow(layer.path, layer.op.name, x, out, *figures)


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
                counts = count_once(current, known)
                is_own = isinstance(current.op, Brought)
                if is_own or current.op.name not in SILENT or counts.params:
                    yield _row(current.path, _layer_text(current.op), counts, current.out)
            case Instance():
                yield _block_row(current, count(current, known))
            case Merged() if multiplies(current):
                name = current.element.name
                yield _row(name, name, count_merge(current), current.out)
                stack.extend(reversed(children(current)))
            case _:
                stack.extend(reversed(children(current)))


def _row(name: str, text: str, counts: Count, out: Tensor, training: bool = False) -> StageRow:
    return StageRow(name, text, out.shape, counts.params, counts.macs, training)


def _block_row(instance: Instance, counts: Count) -> StageRow:
    """A block with several results lets nothing flow on: its last tensor stands for all."""
    results = [r.tensors if isinstance(r, Pack) else (r,) for r in instance.results]
    tensors = [tensor for result in results for tensor in result]
    row = _row(
        instance.path,
        camel(instance.block.name),
        counts,
        tensors[-1] if tensors else instance.out,
    )
    return replace(row, outputs=tuple(tensor.shape for tensor in tensors))


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
            if isinstance(current.op, Brought):
                found.append((_declared(current.op), _declared(current.op)))
            elif current.op.name not in SILENT:
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
    if isinstance(op, Brought):
        return _declared(op)
    window: Sizes | None = getattr(op, "kernel", None) or getattr(op, "window", None)
    if window is None:
        return op.name
    text = f"{op.name} {'x'.join(map(str, window))}"
    stride: Sizes = getattr(op, "stride", (1,))
    if is_one(stride):
        return text
    return f"{text}/{'x'.join(map(str, stride if len(set(stride)) > 1 else stride[:1]))}"


def _declared(op: Brought) -> str:
    """A layer of which the spec declares what it has."""
    return f"{op.name} (declared)"


def declared_ops(networks: Iterable[Network]) -> str:
    """The ops whose counts specs declare, for a sentence: `a and b`; "" where there are none."""
    names = dict.fromkeys(kind.name for network in networks for kind in network.brought)
    *most, last = [*names] or [""]
    return f"{', '.join(most)} and {last}" if most else last


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
        several = len(row.outputs) > 1
        output = f"{len(row.outputs)} tensors" if several else shape_text(row.output)
        rows.append((row.name, text, output, f"{row.params:,}", macs))
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
