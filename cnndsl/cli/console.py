"""Where the commands write: results, diagnostics and complaints about a call."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from cnndsl.diagnostics import Diagnostic

if TYPE_CHECKING:
    from cnndsl.plain import Json


class CallError(Exception):
    """The call is wrong: an option, a file name. Ends the command with exit code 2."""

    def __init__(self, message: str, help: str | None = None):
        super().__init__(message)
        self.help = help


class Console:
    """Standard output and standard error; `color` is auto, always or never."""

    def __init__(self) -> None:
        self.color = "auto"
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:  # a terminal of another encoding gets escapes
                reconfigure(errors="backslashreplace")

    def colored(self, stream: TextIO) -> bool:
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return stream.isatty()

    def line(self, text: str = "") -> None:
        """A result."""
        sys.stdout.write(text + "\n")

    def table(
        self, rows: Sequence[tuple[str, ...]], right: tuple[int, ...], wraps: int, total: bool
    ) -> None:
        """A result in columns, under the titles of the first row.

        The columns `right` are aligned to the right; on a terminal the column `wraps` may
        break, and the last row stands out if it is a `total`.
        """
        if not self.colored(sys.stdout):
            from cnndsl.summary import format_table

            self.line(format_table(rows, right))
            return
        from rich.console import Console as Terminal
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for index, title in enumerate(rows[0]):
            table.add_column(
                title,
                justify="right" if index in right else "left",
                no_wrap=index != wraps,
                overflow="fold",
            )
        for row in rows[1:]:
            style = "bold" if total and row is rows[-1] else None
            table.add_row(*map(Text, row), style=style)
        sys.stdout.flush()
        Terminal(file=sys.stdout, force_terminal=True, highlight=False).print(table)

    def data(self, value: Json) -> None:
        """A result for programs."""
        import json

        self.line(json.dumps(value, indent=2, ensure_ascii=False))

    def module(self, code: str) -> None:
        """A generated module on standard output, byte for byte what its file would hold."""
        sys.stdout.flush()
        sys.stdout.buffer.write(code.encode("utf-8"))
        sys.stdout.flush()

    def diagnostics(self, diagnostics: Sequence[Diagnostic]) -> None:
        from cnndsl.terminal import render_all

        sys.stdout.flush()
        sys.stderr.write(render_all(diagnostics, self.colored(sys.stderr)))

    def remark(self, text: str) -> None:
        """What is neither a result nor a mistake."""
        sys.stderr.write(text + "\n")

    def fail(self, message: str, help: str | None = None) -> None:
        """One line about a call that cannot be run, in the style of a diagnostic."""
        from cnndsl.terminal import complaint

        sys.stderr.write(complaint(message, help, self.colored(sys.stderr)))
