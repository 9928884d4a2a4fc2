"""The tutorial is followed in an empty folder: files written, commands run, answers compared.

The words after a fence's language say what is done with the block:

- `cnn FILE`, `cnn wrong`: the spec is written, the latter into the spec of the tutorial;
- `text FILE`: these lines are written into the model that ends the file;
- `python FILE`: the file is written, or, where it was generated, has these lines;
- `python`: it prints what the comments behind its `print` say;
- `console`: its commands answer as it says, but for lines that `...` leaves out;
- `console about`: the same, but for the figures.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from tests.test_docs import ROOT, Block, blocks_of

SPEC = "digits.cnn"
BLOCKS = blocks_of(ROOT / "docs" / "tutorial.md")
INSTALLED = BLOCKS[0].text  # what comes before the empty folder
QUICK = list(takewhile(lambda b: "$ cnndsl train" not in b.text, BLOCKS[1:]))
FIGURE = re.compile(r"\d[\d,.]*")
RARE = re.compile(r"^ +\d  .*\n", re.MULTILINE)  # the order of the unlikely classes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def start(folder: Path, *words: str) -> str:
    """What a program prints that imports cnndsl from this tree; it succeeds."""
    result = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def follow(block: Block, folder: Path) -> None:
    """Does with a block what its language and words say."""
    file = folder / block.words
    match block.language, block.words:
        case "cnn", "wrong":
            (folder / SPEC).write_text(block.text)
        case "cnn", _:
            file.write_text(block.text)
        case "text", name if name:
            file.write_text(file.read_text().rstrip().removesuffix("}") + block.text + "}\n")
        case "python", "":
            said = "".join(re.findall(r"^print\(.*\)  # (.*\n)", block.text, re.MULTILINE))
            assert start(folder, "-c", block.text) == said
        case "python", _ if file.exists():
            parts = re.split(r"^\.\.\.\n", block.text, flags=re.MULTILINE)
            assert all(part in file.read_text() for part in parts)
        case "python", _:
            file.write_text(block.text)
        case "console", words:
            answer(block.text, folder, exact=words != "about")


def answer(text: str, folder: Path, *, exact: bool) -> None:
    """Runs the commands of a console, and compares what each prints with the lines below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, wanted = part.partition("\n")
        program, *arguments = shlex.split(command)
        words = {"cnndsl": ["-m", "cnndsl"], "python": []}[program]
        compare(wanted, start(folder, *words, *arguments), exact=exact)


def compare(wanted: str, printed: str, *, exact: bool) -> None:
    if not exact:
        wanted, printed = about(wanted), about(printed)
    parts = [re.escape(part.strip("\n")) for part in re.split(r"^\.\.\.$", wanted, flags=re.M)]
    assert re.fullmatch(r"\n(?:.*\n)*?".join(parts), printed.strip("\n")), printed


def about(text: str) -> str:
    """Without figures, and the spaces before them that they need."""
    return re.sub(r" +", " ", FIGURE.sub("#", RARE.sub("", text)))


def test_it_begins_with_what_is_installed():
    assert INSTALLED.startswith("$ pip install '.[train]'\n")


def test_the_first_half_is_true(folder):
    for block in QUICK:
        follow(block, folder)
    assert (folder / "generated" / "digits.py").is_file()


@pytest.mark.slow
@pytest.mark.xla
def test_the_whole_is_true(folder):
    for block in BLOCKS[1:]:
        follow(block, folder)
    assert best(folder / "runs" / "digits-1") > 0.95
    assert best(folder / "runs" / "digits-2") > 0.9


def best(run: Path) -> float:
    """The largest share of held-out images that were right."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return max(json.loads(line).get("held-out accuracy", 0) for line in lines)
