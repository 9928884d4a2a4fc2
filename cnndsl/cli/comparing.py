"""Texts beside what files hold now."""

from __future__ import annotations

import os
from pathlib import Path

from cnndsl.cli.console import CallError
from cnndsl.files import reason


def present(path: Path) -> str | None:
    """What a file holds, byte for byte as text; None where there is none.

    Raises:
      CallError: if it cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CallError(f"cannot read {path}: {reason(error)}") from None


def difference(name: str, before: str | None, after: str) -> str:
    """What changes a file's text, as a patch without its last newline."""
    from difflib import unified_diff

    old = os.devnull if before is None else name
    lines = unified_diff(
        (before or "").splitlines(keepends=True), after.splitlines(keepends=True), old, name
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines).rstrip("\n")
