"""Every construct of the language has shapes in an editor, of specs right and wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnndsl.editor.analysis import Analysis, analysing

ROOT = Path(__file__).parents[2]
FOLDERS = ("tests/corners", "tests/networks", "tests/golden")
RIGHT = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.cnn"))
WRONG = sorted([*(ROOT / "tests/errors").glob("*.cnn"), *(ROOT / "tests/warnings").glob("*.cnn")])


def analysed(path: Path) -> Analysis:
    text = path.read_bytes().decode("utf-8", "replace")
    *_, analysis = analysing(str(path), path.name, text, {})
    assert analysis is not None
    return analysis


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_all_shapes_are_known_of_what_is_right(path: Path):
    analysis = analysed(path)
    assert analysis.checked.diagnostics == ()
    assert not analysis.sightings.has_gaps
    if any(network.definition.span.source is analysis.source for network in analysis.networks):
        assert analysis.hints


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_what_is_wrong_is_analysed_too(path: Path):
    analysis = analysed(path)
    is_readable = "\ufffd" not in analysis.text  # an editor has no undecodable text
    assert analysis.diagnostics or not is_readable or "ignore" in analysis.text
    assert len({hint.end for hint in analysis.hints}) == len(analysis.hints)
