"""What is said when a network cannot be trained."""

from __future__ import annotations


class TrainingError(Exception):
    """Data, a run folder or a setting that do not allow what was asked for.

    Attributes:
      help: one thing to do about it, or None.
    """

    def __init__(self, message: str, help: str | None = None):
        super().__init__(message)
        self.help = help
