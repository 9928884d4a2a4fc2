"""The command: from its first line on, Ctrl-C ends it without a traceback."""

from __future__ import annotations


def main() -> int:
    """Runs one command; returns its exit code, also where it is interrupted while it loads."""
    try:
        from cnndsl.cli import main as run

        return run()
    except KeyboardInterrupt:
        return 130  # as a shell reports SIGINT
