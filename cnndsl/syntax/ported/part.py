"""A part of a text in another notation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cnndsl.source import Span


@dataclass(frozen=True)
class Part:
    """A part of a text, and what it may be here, the likelier first; `guessed` says whether the
    size of the image is made up.
    """

    span: Span
    texts: tuple[str, ...]
    guessed: bool = False
    is_whole: bool = False

    def is_guess(self, text: str) -> bool:
        """Whether nothing in what a part becomes proves the size of the image."""
        return self.guessed and re.search(r"^ +flatten : ", text, re.M) is None
