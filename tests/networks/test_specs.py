"""The networks that the compiler was not grown for hold what they state."""

from pathlib import Path

import pytest

import cnndsl
from tests.compiled import compile_file, lint

SPECS = sorted(Path(__file__).parent.glob("*.cnn"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_holds_and_states_a_count(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "expect params" in text
    assert cnndsl.check(text, filename=path.name, folder=str(path.parent)) == []


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_becomes_a_module_that_is_proven(path: Path) -> None:
    compiled = compile_file(path)
    lint(compiled.code)
    for network in compiled.networks:
        assert f"\nclass {network.name}(" in compiled.code
