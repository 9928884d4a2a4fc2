"""The picture in the README is of what the server answers now."""

from __future__ import annotations

from pathlib import Path

from tests.editor.picture import picture


def test_the_picture_is_what_the_server_answers():
    """If not: `python -m tests.editor.picture > docs/editor.svg`."""
    committed = Path(__file__).parents[2] / "docs" / "editor.svg"
    assert picture() == committed.read_text(encoding="utf-8")
