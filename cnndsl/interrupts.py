"""Ctrl-C: how it is told from what went wrong, and how a command ends by it."""

from __future__ import annotations

INTERRUPTED = 130  # as a shell reports SIGINT


def is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an exception: Python wraps it where a class is made."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None
