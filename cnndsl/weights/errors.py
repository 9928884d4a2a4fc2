"""What is said when weights cannot be read or do not fit."""

from __future__ import annotations


class WeightsError(Exception):
    """A file that cannot be trusted or read, or weights that do not fit a network.

    Attributes:
      help: one thing to do about it, or None.
    """

    def __init__(self, message: str, help: str | None = None):
        super().__init__(message)
        self.help = help
