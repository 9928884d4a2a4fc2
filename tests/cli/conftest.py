"""Runs commands in this process, in a folder of their own."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cnndsl.cli import main

SPECS = Path(__file__).parents[2] / "specs"

NET = """\
# A small network.

# Ten classes of digits.
model Net(classes = 10, width = 8) {
  input 28x28x1
  stage stem { conv(width, 3) -> relu -> max_pool(2) } : 14x14x8
  stage head { flatten -> dense(classes) }
  expect params 15_770
}
"""
WRONG = """\
model Net {
  input 28x28x1
  conv(8, 3) -> batch_norm
}
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The current folder, with a right and a wrong spec in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("CNNDSL_DEBUG", raising=False)
    (tmp_path / "net.cnn").write_text(NET, encoding="utf-8")
    (tmp_path / "wrong.cnn").write_text(WRONG, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(folder, capsys, monkeypatch) -> Callable[..., Result]:
    """`run("check", "net.cnn")`; `stdin` is bytes."""

    def call(*arguments: str, stdin: bytes | None = None) -> Result:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return call
