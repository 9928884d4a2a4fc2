"""The command: from its first line on, Ctrl-C ends it without a traceback."""

from __future__ import annotations

import gc

from cnndsl.interrupts import INTERRUPTED, is_interrupt


def main() -> int:
    """Runs one command; returns its exit code, also where it is interrupted while it loads."""
    try:
        from cnndsl.cli import main as run

        gc.disable()  # nearly all that a command makes, it needs to its end
        return run()
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if is_interrupt(error):
            return INTERRUPTED
        raise
    finally:
        gc.freeze()  # of a process that ends, nothing has to be freed
