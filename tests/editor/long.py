"""A spec that is longer than people write, made of those of the zoo."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.cnn"))


def long_spec(lines: int = 2_000) -> str:
    """The zoo's specs as one, until there are so many lines."""
    texts: list[str] = []
    for path in SPECS:
        if sum(text.count("\n") + 1 for text in texts) < lines:
            texts.append(path.read_text(encoding="utf-8"))
    return distinct(texts)


def distinct(texts: Iterable[str]) -> str:
    """Specs as one text, in which each name is its own."""
    found = []
    for number, text in enumerate(texts):
        defined = set(re.findall(r"^(?:block|fn|model) (\w+)", text, re.M))
        for name in defined:
            text = re.sub(rf"\b{name}\b(?! = (?!\w+\())", f"{name}_{number}", text)
        found.append(text)
    return "\n".join(found)
