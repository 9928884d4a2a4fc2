"""`cnndsl check`: proves specs, and says what is wrong with them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnndsl.checked import Checked
from cnndsl.cli.console import BAD_CALL, CallError, Console
from cnndsl.cli.project import find_project
from cnndsl.cli.reading import all_diagnostics, check_specs
from cnndsl.diagnostics import Diagnostic, Severity
from cnndsl.pipeline import check_source, prove, warnings

if TYPE_CHECKING:
    from cnndsl.cli.traces import Sitting


def run(arguments: Namespace, console: Console) -> int:
    if arguments.watch:
        from cnndsl.cli.watch import watch

        watch(once, arguments, console)
    return once(arguments, console)


def once(arguments: Namespace, console: Console, sitting: Sitting | None = None) -> int:
    """Proves the specs of the call; in a `sitting`, what they were read from is noted in it."""
    strict = find_project().strict if arguments.strict is None else arguments.strict
    unreadable: list[CallError] = []
    check = check_source if arguments.asks_classes else prove  # the networks are compiled
    checked = check_specs(arguments, None, unreadable, sitting, check)
    diagnostics = all_diagnostics(checked)
    wrong = any(d.severity is Severity.ERROR for d in diagnostics)
    if not wrong and arguments.asks_classes:
        diagnostics = _unlike(checked)
        wrong = bool(diagnostics)
    if not wrong:
        diagnostics = [warning for each in checked for warning in warnings(each)]
        wrong = strict and bool(diagnostics)
    _print(diagnostics, arguments.output_format, console)
    for error in unreadable:
        console.fail(str(error), error.help)
    if unreadable:
        return BAD_CALL
    if not wrong and arguments.output_format == "human":
        console.line(praise(checked))
    return int(wrong)


def _unlike(checked: Sequence[Checked]) -> list[Diagnostic]:
    """Where layers of the specs' own are not what these say of them.

    Raises:
      CallError: if jax and flax are not installed.
    """
    own = [each for each in checked if any(network.brought for network in each.networks)]
    if not own:
        return []
    try:
        from cnndsl.claims import unlike
    except ModuleNotFoundError as error:
        message = f"`cnndsl check --run` needs {error.name}: it is not installed"
        raise CallError(message, "pip install 'cnndsl[train]'") from None
    return [found for each in own for found in unlike(each)]


def _print(diagnostics: Sequence[Diagnostic], output_format: str, console: Console) -> None:
    if output_format == "human":
        if diagnostics:
            console.diagnostics(diagnostics)
        return
    from cnndsl.cli import formats

    match output_format:
        case "json":
            from cnndsl.terminal import as_json

            console.data([as_json(diagnostic) for diagnostic in diagnostics])
        case "sarif":
            console.data(formats.sarif(diagnostics))
        case _:
            write = formats.concise if output_format == "concise" else formats.github
            for diagnostic in diagnostics:
                console.line(write(diagnostic))


def praise(checked: Sequence[Checked]) -> str:
    """`checked 8 specs: 31 models, no mistakes`."""
    what = checked[0].name if len(checked) == 1 else f"{len(checked)} specs"
    models = sum(len(each.networks) for each in checked)
    return f"checked {what}: {models or 'no'} model{'s' * (models != 1)}, no mistakes"
