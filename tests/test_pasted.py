"""Networks of other notations, pasted whole: one answer, whose spec checks and is that network.

A text is `tests/errors/pasted/NAME.cnn`; beside it, NAME.txt is the spec that it is here.
`UPDATE_GOLDENS=1 pytest tests/test_pasted.py` rewrites those; read what changed.
"""

import os
from pathlib import Path

import pytest

import cnndsl

TEXTS = sorted((Path(__file__).parent / "errors" / "pasted").glob("*.cnn"))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_pasted_network_is_written_here_and_checks(path):
    (found,) = cnndsl.check(path.read_text("utf-8"))
    written = found.table or (found.fix.text if found.fix else "")
    assert not cnndsl.check(written)
    golden = path.with_suffix(".txt")
    if "UPDATE_GOLDENS" in os.environ:
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text("utf-8")
