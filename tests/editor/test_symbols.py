"""What names mean: a spec in which every name has become another one says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnndsl.api import summarize
from cnndsl.editor.workspace import key, read

ROOT = Path(__file__).parents[2]
CORNERS = sorted((ROOT / "tests" / "corners").glob("*.cnn"))
SPECS = sorted((ROOT / "specs").glob("*.cnn"))


def figures(text: str) -> list[tuple[object, ...]]:
    found = summarize(text)
    assert found.diagnostics == ()
    return [
        (s.params, s.total, s.macs, s.input, s.output, [row.output for row in s.stages])
        for s in found.summaries
    ]


def rename_all(text: str) -> str:
    """A spec with all symbols of its file renamed, but `classes`, which means something."""
    path = "/nowhere/spec.cnn"
    names = read(path, {path: text})
    assert names is not None
    numbers: dict[object, int] = {}
    for each in sorted(names.occurrences, key=lambda each: -each.span.start):
        if each.symbol.name == "classes" or {each.span.source.name, key(each)[0]} != {path}:
            continue
        number = numbers.setdefault(key(each), len(numbers))
        new = f"q_{number}_{each.symbol.name}"
        assert text[each.span.start : each.span.end] == each.symbol.name
        text = text[: each.span.start] + new + text[each.span.end :]
    return text


@pytest.mark.parametrize("path", [*CORNERS, *SPECS], ids=lambda path: path.stem)
def test_specs_mean_the_same_under_other_names(path: Path):
    text = path.read_text(encoding="utf-8")
    assert figures(rename_all(text)) == figures(text)
