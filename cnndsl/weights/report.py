"""What an import did, tensor by tensor: a table for people, or JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cnndsl.summary import format_table
from cnndsl.weights.layer import Layer, spell
from cnndsl.weights.match import Matching

if TYPE_CHECKING:
    from cnndsl.plain import Json

WHY = {
    "mapping": "you said so",
    "name": "its name",
    "layout": "the layout of its library",
    "graph": "what feeds it, and what it feeds",
    "shape": "no other layer of its group has that shape",
    "order": "the order of the numbers in names",
    "kept": "keeps what it had",
    "left out": "not wanted: a head, or for training",
    "missing": "nothing in the file",
    "left over": "nothing in the network",
}


@dataclass(frozen=True)
class Row:
    """A tensor of ours, the one of theirs that fills it, and why; one of them may be missing."""

    ours: str | None
    theirs: str | None
    shape: str
    by: str


def rows(matching: Matching) -> list[Row]:
    """Every tensor of both sides once: ours in the order of execution, then what is left."""
    found = [
        Row(tensor.name, pair.theirs.tensors[role].name, spell(tensor.shape), pair.by)
        for pair in matching.pairs
        for role, tensor in pair.ours.tensors.items()
    ]
    found += [Row(name, None, shape, "kept") for name, shape in _tensors(matching.kept)]
    found += [Row(None, name, shape, "left out") for name, shape in _tensors(matching.left_out)]
    found += [Row(name, None, shape, "missing") for name, shape in _tensors(matching.ours)]
    found += [Row(None, name, shape, "left over") for name, shape in _tensors(matching.theirs)]
    return found


def as_text(matching: Matching, source: str, model: str) -> str:
    """The table, with a legend of its reasons."""
    listed = rows(matching)
    table = [("ours", "theirs", "shape", "by")]
    table += [(row.ours or "-", row.theirs or "-", row.shape, row.by) for row in listed]
    used = [by for by in WHY if any(row.by == by for row in listed)]
    legend = [(by, WHY[by]) for by in used]
    layout = f", layout: {matching.layout}" if matching.layout else ""
    head = f"{model} from {source}{layout}"
    return "\n\n".join((head, format_table(table, ()), format_table(legend, ()))) + "\n"


def as_json(matching: Matching, source: str, model: str) -> Json:
    """`model`, `file`, `layout` (or null), `complete`, and `tensors`: ours, theirs, shape, by."""
    return {
        "model": model,
        "file": source,
        "layout": matching.layout,
        "complete": matching.complete,
        "tensors": [asdict(row) for row in rows(matching)],
    }


def _tensors(layers: Sequence[Layer]) -> Iterator[tuple[str, str]]:
    for layer in layers:
        for tensor in layer.tensors.values():
            yield tensor.name, spell(tensor.shape)
