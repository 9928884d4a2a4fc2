"""`cnndsl explain`: what a code means, with a wrong and a right spec, or what all are about."""

from __future__ import annotations

import re
from argparse import Namespace
from inspect import cleandoc
from textwrap import shorten

from cnndsl.advice import EXPLANATIONS
from cnndsl.cli.console import CallError, Console
from cnndsl.suggest import did_you_mean


def run(arguments: Namespace, console: Console) -> int:
    if arguments.code is None:
        for code in sorted(EXPLANATIONS):
            console.line(f"{code}  {_summary(code)}")
        return 0
    code = arguments.code.upper()
    if code not in EXPLANATIONS:
        help = did_you_mean(code, EXPLANATIONS) or f"codes run from {min(EXPLANATIONS)} on"
        raise CallError(f"there is no error code `{arguments.code[:20]}`", help)
    from cnndsl.explanations.document import describe

    console.line(describe(code))
    return 0


def _summary(code: str) -> str:
    """The first sentence of the long form, or as much of it as a line takes."""
    text = " ".join(cleandoc(EXPLANATIONS[code]).split())
    return shorten(re.split(r"\. (?=[A-Z])", text)[0].removesuffix("."), 100, placeholder=" …")
