"""The command line: files, streams and exit codes around the compiler.

Exit codes: 0 fine, 1 the spec is wrong or what was generated is stale, 2 the call is wrong,
3 a bug of cnndsl. Results go to standard output, diagnostics to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cnndsl.cli.console import BAD_CALL, CallError, Console, OutputLost
from cnndsl.cli.options import parse_arguments
from cnndsl.garbage import uncollected
from cnndsl.interrupts import INTERRUPTED, is_interrupt

FINE = 0
PIPE_CLOSED = 141  # as a shell reports SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code, whatever happens."""
    console = Console()
    try:
        try:
            arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
        except SystemExit as stop:  # argparse: --help, --version or a wrong call
            console.flush()
            return int(stop.code or FINE)
        console.color = arguments.color
        with uncollected():
            code = arguments.run(arguments, console)
        console.flush()
        return code
    except CallError as error:
        if isinstance(error, OutputLost):
            _drop_output()
        console.fail(str(error), error.help)
        return BAD_CALL
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return PIPE_CLOSED
    except Exception as error:
        if is_interrupt(error):
            return INTERRUPTED
        return console.unexpected(error)


def _drop_output() -> None:
    """Nobody reads on: what is still buffered must not fail once more at exit."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError, AttributeError):  # closed already
        pass
