"""`cnndsl lsp`: a language server on standard input and output."""

from __future__ import annotations

import gc
import logging
import os
import sys
from argparse import Namespace

from cnndsl.cli.console import CallError, Console
from cnndsl.stack import deepen

INSTALL = "pip install 'cnndsl[editor]'"


def run(arguments: Namespace, console: Console) -> int:
    try:
        from cnndsl.editor.server import server
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("cnndsl"):
            raise
        message = f"`cnndsl lsp` needs {error.name}: it is not installed"
        raise CallError(message, INSTALL) from None
    try:
        out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        stdin = sys.stdin.buffer
    except (OSError, ValueError, AttributeError):
        raise CallError("`cnndsl lsp` needs standard input and standard output") from None
    sys.stdout = sys.stderr  # what is printed by mistake is no message
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # editors show standard error
    deepen()
    gc.disable()  # the session looks for garbage, when it has time
    gc.freeze()
    sys.setswitchinterval(0.001)  # an answer waits no longer than that for an analysis to pause
    server.start_io(stdin, out)
    return 0
