"""Small specs and the modules they become, to be read side by side: `tests/golden/<case>`.

`UPDATE_GOLDENS=1 pytest tests/test_golden.py` rewrites the modules; read what changed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.compiled import GOLDENS, compile_file, lint

CASES = sorted(path.parent for path in GOLDENS.glob("*/spec.cnn"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_spec_becomes_its_golden_module(case: Path):
    compiled = compile_file(case / "spec.cnn")
    check_golden(case / "module.py", compiled.code)
    trained = case / "training.py"
    assert compiled.training is not None or not trained.exists()
    if compiled.training is not None:
        check_golden(trained, compiled.training)


def check_golden(golden: Path, code: str) -> None:
    if "UPDATE_GOLDENS" in os.environ:
        golden.write_text(code, encoding="utf-8")
    assert code == golden.read_text(encoding="utf-8")
    lint(code)
