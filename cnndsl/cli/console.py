"""Where the commands write: results, diagnostics and complaints about a call."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from cnndsl.diagnostics import Diagnostic
from cnndsl.files import reason

if TYPE_CHECKING:
    from cnndsl.plain import Json


BAD_CALL, BUG = 2, 3  # exit codes


class CallError(Exception):
    """The call is wrong: an option, a file name. Ends the command with exit code 2."""

    def __init__(self, message: str, help: str | None = None):
        super().__init__(message)
        self.help = help


class OutputLost(CallError):
    """Standard output takes no more: it is closed, or its disk is full."""


class Console:
    """Standard output and standard error; `color` is auto, always or never."""

    def __init__(self) -> None:
        self.color = "auto"
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:  # a terminal of another encoding gets escapes
                reconfigure(errors="backslashreplace")

    def colored(self, stream: TextIO | None) -> bool:
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return stream is not None and stream.isatty()

    def line(self, text: str = "") -> None:
        """A result; what could drive a terminal, as in the name of a file, is escaped."""
        with _output() as stream:
            stream.write(_inert(text) + "\n")

    def flush(self) -> None:
        if sys.stdout is not None:  # closed, and nothing was to be written
            with _output() as stream:
                stream.flush()

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
        self.flush()
        with _output() as stream:
            Terminal(file=stream, force_terminal=True, highlight=False).print(table)

    def data(self, value: Json) -> None:
        """A result for programs; what is invisible or moves the cursor is escaped as in JSON."""
        import json

        encoding = getattr(sys.stdout, "encoding", None) or ""
        ascii = encoding.lower().replace("-", "") != "utf8"
        text = json.dumps(value, indent=2, ensure_ascii=ascii)
        if not text.replace("\n", "").isprintable():
            shown = (c if c == "\n" or c.isprintable() else json.dumps(c)[1:-1] for c in text)
            text = "".join(shown)
        with _output() as stream:
            stream.write(text + "\n")

    def module(self, code: str) -> None:
        """A generated module on standard output, byte for byte what its file would hold."""
        self.flush()
        with _output() as stream:
            stream.buffer.write(code.encode("utf-8"))
            stream.flush()

    def diagnostics(self, diagnostics: Sequence[Diagnostic]) -> None:
        from cnndsl.terminal import render_all

        self.flush()
        _complain(render_all(diagnostics, self.colored(sys.stderr)))

    def remark(self, text: str) -> None:
        """What is neither a result nor a mistake."""
        _complain(_inert(text) + "\n")

    def moment(self, text: str) -> None:
        """The time, and what happens: for somebody who watches."""
        from cnndsl.terminal import Paint

        paint = Paint(self.colored(sys.stderr))
        clock = time.strftime("%H:%M:%S")
        _complain(f"{paint('2', clock)} {paint('1', _inert(text))}\n")

    def unexpected(self, error: Exception) -> int:
        """Says what an exception is that no command expects; the exit code.

        Raises:
          the exception, where CNNDSL_DEBUG asks for its traceback.
        """
        if os.environ.get("CNNDSL_DEBUG"):
            raise error
        if isinstance(error, FileNotFoundError) and not _has_folder():
            self.fail("the current folder was deleted", "go to another one")
            return BAD_CALL
        kind, text = type(error).__name__, " ".join(str(error).split())[:200]
        self.fail(
            f"this is a bug in cnndsl: {kind}: {text}",
            "please report it, with the spec; CNNDSL_DEBUG=1 shows where",
        )
        return BUG

    def fail(self, message: str, help: str | None = None) -> None:
        """One line about a call that cannot be run, in the style of a diagnostic."""
        from cnndsl.terminal import complaint

        _complain(complaint(message, help, self.colored(sys.stderr)))


def _has_folder() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


@contextmanager
def _output() -> Iterator[TextIO]:
    """Standard output; raises `OutputLost` where it takes nothing."""
    if sys.stdout is None:
        raise OutputLost("standard output is closed")
    try:
        yield sys.stdout
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"cannot write to standard output: {reason(error)}"
        raise OutputLost(message) from None


def _complain(text: str) -> None:
    """Writes to standard error, if there is one."""
    if sys.stderr is None:
        return
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


# Control characters, those that turn the direction of a line around, and bytes that are not UTF-8.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def _inert(text: str) -> str:
    """Text without characters that act on a terminal, but newlines and tabs."""
    if _ACTING.search(text) is None:
        return text
    from cnndsl.excerpt import clean

    return _ACTING.sub(lambda found: clean(found.group()), text)
