"""`cnndsl new`: a spec that starts from one of the zoo."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from cnndsl.cli.console import CallError, Console
from cnndsl.cli.show import zoo_path
from cnndsl.writing import Unwritable, write_all


def run(arguments: Namespace, console: Console) -> int:
    path = Path(arguments.file)
    text = zoo_path(arguments.like).read_text(encoding="utf-8")
    if path.suffix != ".cnn":
        raise CallError(f"a spec is a .cnn file, not `{arguments.file[:60]}`")
    if os.path.lexists(path):
        raise CallError(f"{path} exists already", "choose another name, or delete it")
    try:
        write_all({path: text})
    except Unwritable as error:
        raise CallError(str(error)) from None
    console.line(f"{path}  like {arguments.like}")
    return 0
