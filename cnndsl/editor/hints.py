"""Inlay hints and code lenses: the shape behind every line, the figures of stages and models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsprotocol import types

from cnndsl.editor.records import Sighting, Sightings, shapes, size_text
from cnndsl.ir import Auxiliary, Network, Staged
from cnndsl.ops.base import Shape
from cnndsl.summary import StageRow, Summary, macs_text, summarize_network
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

if TYPE_CHECKING:
    from cnndsl.editor.document import View

_FEW = 2  # shapes or counts that a hint has room for
_ROWS = 40  # of a tooltip
_SEPARATOR, _OR = " · ", " | "


@dataclass(frozen=True, slots=True)
class LineHint:
    """What stands behind a line of a spec that ends at the offset `end`; `tooltip` is Markdown."""

    end: int
    label: str
    tooltip: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """A node that ends a line, the shape that stands behind it already, and where both end."""

    node: ast.Node
    said: ast.Expr | None
    end: int


def line_hints(spec: ast.Spec, seen: Sightings) -> list[LineHint]:
    """The hints of a spec, one to a line: of all that ends there, what ends last."""
    by_line: dict[int, _Place] = {}
    for definition in spec.definitions:
        if isinstance(definition, ast.Block | ast.Model):
            for place in _places(definition.body):
                line = spec.source.position(place.end)[0]
                if line not in by_line or place.end >= by_line[line].end:
                    by_line[line] = place
    rows = _Rows()
    hints = (_hint(place, seen, rows) for place in by_line.values())
    return [hint for hint in hints if hint is not None]


def inlay_hints(view: View, first: int, last: int) -> list[types.InlayHint]:
    """The hints behind the lines that end between two offsets of the text of now."""
    found: list[types.InlayHint] = []
    for hint in view.analysis.hints:
        end = view.alignment.to_new(hint.end)
        if end is not None and first <= end <= last:
            tooltip = None
            if hint.tooltip is not None:
                tooltip = types.MarkupContent(types.MarkupKind.Markdown, hint.tooltip)
            kind, at = types.InlayHintKind.Type, view.positions.position(end)
            found.append(types.InlayHint(at, hint.label, kind, tooltip=tooltip, padding_left=True))
    return found


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

    def of(self, network: Network, stage: str) -> StageRow | None:
        """None where a mistake made the figures unknown."""
        rows = self._known.get(id(network))
        if rows is None:
            summary = summary_of(network)
            rows = {row.name: row for row in summary.stages} if summary else {}
            self._known[id(network)] = rows
        return rows.get(stage)


def summary_of(network: Network) -> Summary | None:
    """The figures of a network; None where a mistake made a shape unknown."""
    try:
        return summarize_network(network)
    except LookupError:
        return None


def _hint(place: _Place, seen: Sightings, rows: _Rows) -> LineHint | None:
    node = place.node.elements[-1] if isinstance(place.node, ast.Chain) else place.node
    found = seen.records.get(node, ())
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
    return LineHint(place.end, _SEPARATOR.join(parts), tooltip) if parts else None


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
        if isinstance(sighting.record, Staged | Auxiliary) and _is_own(sighting):
            row = rows.of(sighting.network, sighting.record.name)
            if row is not None:
                yield sighting.network.name, row


def _is_own(sighting: Sighting) -> bool:
    """Whether a stage is of its network's own body, not of a model that runs in it."""
    own = sighting.network.definition.span
    span = sighting.record.statement.span if isinstance(sighting.record, Staged) else own
    return span.source is own.source and own.start <= span.start and span.end <= own.end


def stage_table(found: Iterable[Sighting]) -> str | None:
    """The figures of the stages that a statement became, as Markdown; None where it became none."""
    stages = list(_stages(found, _Rows()))
    return _table(stages) if stages else None


def _table(stages: Sequence[tuple[str, StageRow]]) -> str:
    lines = ["| model | stage | output | params | MACs |", "| --- | --- | --- | ---: | ---: |"]
    for model, row in stages[:_ROWS]:
        figures = f"{size_text(row.output)} | {row.params:,} | {row.macs:,}"
        lines.append(f"| {model} | {row.name} | {figures} |")
    if len(stages) > _ROWS:
        lines.append(f"| … and {len(stages) - _ROWS} more | | | | |")
    return "\n".join(lines)


def code_lenses(view: View) -> list[types.CodeLens]:
    """The parameters and MACs of every model, above it."""
    lenses: list[types.CodeLens] = []
    for network in view.analysis.networks:
        span, summary = network.declared.name_span, summary_of(network)
        where = view.alignment.range_to_new(span.start, span.end)
        if span.source is view.source and where is not None and summary is not None:
            title = f"{summary.params:,} params{_SEPARATOR}{macs_text(summary.macs)}"
            named = (f"{name} {size_text(summary.endpoints[name])}" for name in summary.outputs)
            results = ", ".join(named) or size_text(summary.output)
            shape = f"{size_text(summary.input)} → {results}"
            command = types.Command(f"{title}{_SEPARATOR}{shape}", "")
            lenses.append(types.CodeLens(view.positions.range(*where), command))
    return lenses
