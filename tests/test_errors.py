"""Every error code has an example, and every example is drawn as its golden text says.

An example is `tests/errors/E301.cnn`, or `E301_words.cnn` where one code has several; it has
mistakes of that code alone. Its golden is the `.txt` beside it. `UPDATE_GOLDENS=1 pytest
tests/test_errors.py` rewrites them; read what changed.
"""

import json
import os
from pathlib import Path

import pytest

from cnndsl.cli import main
from cnndsl.errors import EXPLANATIONS

FOLDER = Path(__file__).with_name("errors")
EXAMPLES = sorted(FOLDER.glob("*.cnn"))


def code_of(example: Path) -> str:
    return example.stem.partition("_")[0]


@pytest.fixture(autouse=True)
def in_folder(monkeypatch):
    monkeypatch.chdir(FOLDER)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_drawn_as_its_golden_says(example, capsys):
    assert main(["check", example.name]) == 1
    drawn = capsys.readouterr().err
    golden = example.with_suffix(".txt")
    if "UPDATE_GOLDENS" in os.environ:
        golden.write_text(drawn, encoding="utf-8")
    assert drawn == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_mistakes_of_its_code_alone(example, capsys):
    assert main(["check", "--json", example.name]) == 1
    assert {found["code"] for found in json.loads(capsys.readouterr().out)} == {code_of(example)}


def test_every_code_has_an_example():
    exemplified = {code_of(example) for example in EXAMPLES}
    # E003 has a test below; E404 is of classes, and `tests/brought` has it.
    assert exemplified | {"E003", "E404"} == {code for code in EXPLANATIONS if code.startswith("E")}


def test_a_file_larger_than_16_mib_is_e003(tmp_path, capsys):
    spec = tmp_path / "huge.cnn"
    spec.write_bytes(b"#" * (16 * 2**20 + 1))
    assert main(["check", "--json", str(spec)]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["code"], found["file"], found["line"]) == ("E003", str(spec), 1)


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_every_code_has_a_long_form(code, capsys):
    assert main(["explain", code.lower()]) == 0
    assert capsys.readouterr().out.startswith(f"{code}: ")
