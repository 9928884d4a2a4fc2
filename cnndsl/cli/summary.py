"""`cnndsl summary`: the figures of networks, as tables or as JSON."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from cnndsl.cli.console import Console
from cnndsl.cli.reading import all_diagnostics, check_choice, check_specs, read_overrides
from cnndsl.pipeline import name_layers, summaries
from cnndsl.summary import LayerRow, Summary, declared_ops, shape_text, stage_cells

if TYPE_CHECKING:
    from cnndsl.plain import Json

Cells = list[tuple[str, ...]]


def run(arguments: Namespace, console: Console) -> int:
    overrides = read_overrides(arguments.set)
    checked = check_specs(arguments, overrides)
    for each in checked:
        check_choice(each, arguments.model, overrides)
    if diagnostics := all_diagnostics(checked):
        console.diagnostics(diagnostics)
        return 1
    if arguments.layers or arguments.json:  # which list layers
        for each in checked:
            name_layers(each, overrides, arguments.model)
    found = [summary for each in checked for summary in summaries(each)]
    found = [summary for summary in found if arguments.model in (None, summary.model)]
    if arguments.json:
        console.data([as_json(summary) for summary in found])
        return 0
    for index, summary in enumerate(found):
        if index:
            console.line()
        _print(summary, arguments.layers, console)
    for each in checked:
        if not each.networks:
            console.remark(f"{each.source.name} has no models")
    return 0


def _print(summary: Summary, layers: bool, console: Console) -> None:
    results = [f"{name} {shape_text(summary.endpoints[name])}" for name in summary.outputs]
    images = [f"{name} {shape_text(shape)}" for name, shape in summary.inputs.items()]
    result = ", ".join(results) or shape_text(summary.output)
    shapes = f"{', '.join(images) or shape_text(summary.input)} -> {result}"
    console.line(f"{summary.model} ({summary.spec}): {shapes}\n")
    rows, right = (_layer_cells(summary), (3, 4, 5)) if layers else (stage_cells(summary), (3, 4))
    console.table(rows, right, wraps=1, total=True)
    console.line(f"\n{_figures(summary)}")


def _figures(summary: Summary) -> str:
    state = summary.total - summary.params
    parts = [f"{summary.params:,} parameters"]
    if state:
        what = "state and what is frozen" if summary.has_frozen else "state"
        parts.append(f"{summary.total:,} with {what}")
    figures = ", ".join([*parts, f"{summary.macs:,} MACs"])
    declared = declared_ops([summary.network])
    return f"{figures}; those of {declared} as the spec declares them" if declared else figures


def _layer_cells(summary: Summary) -> Cells:
    rows: Cells = [("layer", "op", "output", "params", "MACs", "receptive field")]
    for layer in summary.layers:
        counts = f"{layer.params:,}", f"{layer.macs:,}"
        op = f"{layer.op} (declared)" if layer.is_declared else layer.op
        rows.append((layer.path, op, shape_text(layer.output), *counts, _reach(layer)))
    rows.append(("total", "", "", f"{summary.params:,}", f"{summary.macs:,}", ""))
    return rows


def _reach(layer: LayerRow) -> str:
    if layer.reach is None:
        return "all"
    return " x ".join(f"{pixels:g}" for pixels in layer.reach)


def as_json(summary: Summary) -> dict[str, Json]:
    """A network as plain data: sizes are lists, counts integers."""
    figures: dict[str, Json] = {
        "model": summary.model,
        "spec": summary.spec,
        "input": list(summary.input),
        "output": list(summary.output),
        "inputs": {name: list(shape) for name, shape in summary.inputs.items()},
        "outputs": list(summary.outputs),
        "params": summary.params,
        "total": summary.total,
        "macs": summary.macs,
        "stages": [
            {
                "name": stage.name,
                "output": list(stage.output),
                "params": stage.params,
                "macs": stage.macs,
                **({"outputs": [list(each) for each in stage.outputs]} if stage.outputs else {}),
            }
            for stage in summary.stages
        ],
        "layers": [
            {
                "path": layer.path,
                "op": layer.op,
                "input": list(layer.input),
                "output": list(layer.output),
                "params": layer.params,
                "macs": layer.macs,
                **({"declared": True} if layer.is_declared else {}),
            }
            for layer in summary.layers
        ],
        "endpoints": {name: list(shape) for name, shape in summary.endpoints.items()},
    }
    if summary.recipe is not None:
        figures["recipe"] = summary.recipe
    if summary.preprocess is not None:
        figures["preprocess"] = summary.preprocess
    return figures
