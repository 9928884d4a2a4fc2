"""The shapes of a spec written into it, as assertions."""

from __future__ import annotations

from collections.abc import Iterator

from cnndsl.elaborate.collect import Collector
from cnndsl.elaborate.models import elaborate
from cnndsl.elaborate.program import Program
from cnndsl.format.text import Formatted, format_source
from cnndsl.ir import Chosen, Frame, Looped, Network, Ran, Staged, Tensor, Value
from cnndsl.pipeline import Loader, check_source
from cnndsl.source import Source
from cnndsl.syntax import ast

Shape = tuple[int, ...]
Asserted = ast.Stage | ast.Run


def annotated(source: Source, load: Loader) -> Formatted:
    """The layout of a spec that holds, every stage and every chain between stages with its shape.

    A shape is left out where it is not the same in all networks and rounds of a loop, or where
    it follows an argument: a backbone, or a network of another size, must still hold.
    """
    checked = check_source(source, load)
    if checked.diagnostics:
        return Formatted(None, checked.diagnostics)
    found: dict[Asserted, set[Shape]] = {}
    for network in checked.networks:
        _collect(network.frame, found)
    for network in _varied(checked.proven, checked.networks):
        _collect(network.frame, found)
    text = source.text
    for statement in sorted(found, key=lambda each: -each.span.end):
        shapes = found[statement]
        if statement.shape is None and statement.span.source is source and len(shapes) == 1:
            end = statement.span.end
            text = f"{text[:end]} : {'x'.join(map(str, shapes.pop()))}{text[end:]}"
    return format_source(Source(source.name, text))


def _collect(frame: Frame, found: dict[Asserted, set[Shape]]) -> None:
    """The shapes behind the statements of a model's body, in its loops and branches too."""
    for record in frame.records:
        match record:
            case Staged(statement=statement, out=out):
                _add(statement, out, found)
            case Ran(statement=ast.Run() as statement, run=run):
                _add(statement, run.out, found)
            case Looped(frames=frames):
                for each in frames:
                    _collect(each, found)
            case Chosen(frame=Frame() as taken):
                _collect(taken, found)


def _add(statement: Asserted, out: Tensor, found: dict[Asserted, set[Shape]]) -> None:
    if out.known is not None and not out.doubtful:
        found.setdefault(statement, set()).add(out.shape)


def _varied(program: Program, networks: tuple[Network, ...]) -> Iterator[Network]:
    """The networks again, each parameter of each model with other values, one at a time.

    What does not hold with such a value, or says nothing of it, is left out.
    """
    roots = {network.definition.name: network for network in networks}
    for network in roots.values():
        for name, value in network.arguments.items():
            for other in _others(value):
                found = Collector()
                changed = elaborate(program, found, {name: other}, network.name)
                if not found:
                    yield from changed


def _others(value: Value) -> list[Value]:
    """Values like this one; none of what has no neighbour."""
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1, 2 * value] if value > 0 else [value + 1]
        case float():
            return [2 * value]
        case list():
            return [[next(iter(_others(item)), item) for item in value]]
        case _:
            return []
