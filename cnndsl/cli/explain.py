"""`cnndsl explain`: the long form of an error code."""

from __future__ import annotations

from argparse import Namespace
from inspect import cleandoc

from cnndsl.cli.console import CallError, Console
from cnndsl.errors import EXPLANATIONS
from cnndsl.suggest import did_you_mean


def run(arguments: Namespace, console: Console) -> int:
    code = arguments.code.upper()
    if code not in EXPLANATIONS:
        help = did_you_mean(code, EXPLANATIONS) or f"codes run from {min(EXPLANATIONS)} on"
        raise CallError(f"there is no error code `{arguments.code[:20]}`", help)
    console.line(f"{code}: {cleandoc(EXPLANATIONS[code])}")
    return 0
