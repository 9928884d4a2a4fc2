"""Inlay hints and code lenses: the shape behind every line, the figures of stages and models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lsprotocol import types

from cnndsl.editor.document import View
from cnndsl.editor.records import Sighting, Sightings, shapes, size_text
from cnndsl.ir import Auxiliary, Network, Staged
from cnndsl.ops.base import Shape
from cnndsl.summary import StageRow, macs_text, summarize_network
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

_FEW = 2  # shapes or counts that a hint has room for
_ROWS = 40  # of a tooltip
_SEPARATOR, _OR = " · ", " | "


@dataclass(frozen=True, slots=True)
class _Place:
    """A node that ends a line, the shape that stands behind it already, and where both end."""

    node: ast.Node
    said: ast.Expr | None
    end: int


def inlay_hints(view: View, first: int, last: int) -> list[types.InlayHint]:
    """The hints behind the lines that end between two offsets of the text of now.

    One to a line: of all that ends there, what ends last.
    """
    spec = view.analysis.spec
    if spec is None:
        return []
    seen = view.analysis.sightings
    by_line: dict[int, _Place] = {}
    for definition in spec.definitions:
        if isinstance(definition, ast.Block | ast.Model):
            for place in _places(definition.body):
                line = spec.source.position(place.end)[0]
                if line not in by_line or place.end >= by_line[line].end:
                    by_line[line] = place
    rows = _Rows()
    hints: list[types.InlayHint] = []
    for place in by_line.values():
        end = view.alignment.to_new(place.end)
        if end is not None and first <= end <= last:
            hint = _hint(place, seen, rows, view.positions.position(end))
            hints += [] if hint is None else [hint]
    return hints


def _places(body: ast.Body) -> Iterator[_Place]:
    for node in walk(body):
        match node:
            case ast.Run(chain=chain, shape=shape) | ast.Bind(chain=chain, shape=shape):
                yield _Place(chain, shape, node.span.end)
            case ast.Stage(shape=shape):
                yield _Place(node, shape, node.span.end)
            case ast.Aux():
                yield _Place(node, None, node.span.end)
            case ast.Chain(elements=elements):
                for element, following in zip(elements, (*elements[1:], None), strict=True):
                    if following is None or _is_below(element, following):
                        yield _Place(element, None, element.span.end)


def _is_below(element: ast.Element, following: ast.Element) -> bool:
    between = element.span.source.text[element.span.end : following.span.start]
    return "\n" in between


class _Rows:
    """The rows of the stage tables, which stages share."""

    def __init__(self) -> None:
        self._known: dict[int, dict[str, StageRow]] = {}

    def of(self, network: Network, stage: str) -> StageRow:
        rows = self._known.get(id(network))
        if rows is None:
            rows = {row.name: row for row in summarize_network(network).stages}
            self._known[id(network)] = rows
        return rows[stage]


def _hint(
    place: _Place, seen: Sightings, rows: _Rows, at: types.Position
) -> types.InlayHint | None:
    node = place.node.elements[-1] if isinstance(place.node, ast.Chain) else place.node
    found = seen.get(node, ())
    known = shapes(found)
    if not known:
        return None
    parts = [] if _says(place.said, known) else [_few([size_text(shape) for shape in known])]
    tooltip = None
    stages = list(_stages(found, rows))
    if stages:
        parts.append(_few([f"{row.params:,}" for _, row in stages], " params"))
        tooltip = _table(stages)
    elif len(known) > _FEW:
        tooltip = "  \n".join(f"`{size_text(shape)}`" for shape in known[:_ROWS])
    if not parts:
        return None
    return types.InlayHint(
        at,
        _SEPARATOR.join(parts),
        types.InlayHintKind.Type,
        tooltip=None if tooltip is None else _markdown(tooltip),
        padding_left=True,
    )


def _says(said: ast.Expr | None, known: Sequence[Shape]) -> bool:
    """Whether a shape is written out there already."""
    match said:
        case ast.List(size=True) | ast.Literal():
            return [said.span.text] == [size_text(shape) for shape in known]
        case _:
            return False


def _few(texts: Iterable[str], unit: str = "") -> str:
    different = list(dict.fromkeys(texts))
    shown = [*different[:_FEW], *(["…"] if len(different) > _FEW else [])]
    return _OR.join(shown) + unit


def _stages(found: Iterable[Sighting], rows: _Rows) -> Iterator[tuple[str, StageRow]]:
    """The stages that a statement became: the model and the row in its table."""
    for sighting in found:
        if isinstance(sighting.record, Staged | Auxiliary):
            yield sighting.network.name, rows.of(sighting.network, sighting.record.name)


def _table(stages: Sequence[tuple[str, StageRow]]) -> str:
    lines = ["| model | stage | output | params | MACs |", "| --- | --- | --- | ---: | ---: |"]
    for model, row in stages[:_ROWS]:
        figures = f"{size_text(row.output)} | {row.params:,} | {row.macs:,}"
        lines.append(f"| {model} | {row.name} | {figures} |")
    if len(stages) > _ROWS:
        lines.append(f"| … and {len(stages) - _ROWS} more | | | | |")
    return "\n".join(lines)


def _markdown(text: str) -> types.MarkupContent:
    return types.MarkupContent(types.MarkupKind.Markdown, text)


def code_lenses(view: View) -> list[types.CodeLens]:
    """The parameters and MACs of every model, above it."""
    lenses: list[types.CodeLens] = []
    for network in view.analysis.checked.networks:
        span = network.declared.name_span
        where = view.alignment.range_to_new(span.start, span.end)
        if span.source is view.source and where is not None:
            summary = summarize_network(network)
            title = f"{summary.params:,} params{_SEPARATOR}{macs_text(summary.macs)}"
            shape = f"{size_text(summary.input)} → {size_text(summary.output)}"
            command = types.Command(f"{title}{_SEPARATOR}{shape}", "")
            lenses.append(types.CodeLens(view.positions.range(*where), command))
    return lenses
