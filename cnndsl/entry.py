"""The command: from its first line on, Ctrl-C ends it without a traceback."""

from __future__ import annotations

INTERRUPTED = 130  # as a shell reports SIGINT


def main() -> int:
    """Runs one command; returns its exit code, also where it is interrupted while it loads."""
    try:
        from cnndsl.cli import main as run

        return run()
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if is_interrupt(error):
            return INTERRUPTED
        raise


def is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an exception: Python wraps it where a class is made."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None
