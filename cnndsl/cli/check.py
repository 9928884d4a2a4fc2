"""`cnndsl check`: proves specs, and says what is wrong with them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from cnndsl.cli.console import Console
from cnndsl.cli.reading import all_diagnostics, check_specs
from cnndsl.diagnostics import LIMIT, Severity
from cnndsl.pipeline import Checked


def run(arguments: Namespace, console: Console) -> int:
    checked = check_specs(arguments)
    diagnostics = all_diagnostics(checked)
    wrong = any(d.severity is Severity.ERROR for d in diagnostics)
    if arguments.json:
        from cnndsl.terminal import as_json

        console.data([as_json(diagnostic) for diagnostic in diagnostics[:LIMIT]])
    elif diagnostics:
        console.diagnostics(diagnostics)
    if not wrong and not arguments.json:
        console.line(praise(checked))
    return int(wrong)


def praise(checked: Sequence[Checked]) -> str:
    """`checked 8 specs: 31 models, no mistakes`."""
    what = checked[0].name if len(checked) == 1 else f"{len(checked)} specs"
    models = sum(len(each.networks) for each in checked)
    return f"checked {what}: {models or 'no'} model{'s' * (models != 1)}, no mistakes"
