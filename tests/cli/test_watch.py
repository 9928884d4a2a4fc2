"""`--watch`, in a process of its own: what changes is done again, whatever happens to files."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import NET, WRONG

ROOT = Path(__file__).parents[2]
TIMEOUT = 60  # seconds
QUIET = 0.5  # seconds in which nothing may be said
USER = """\
use "lib/blocks.cnn"
model User(classes = 10) {
  input 28x28x1
  unit(4)
  flatten
  dense(classes)
}
"""
BLOCKS = 'use "deep.cnn"\nblock unit(n) { conv(n, 3) -> act }\n'
DEEP = "block act { relu }\n"


class Watcher:
    """A command that watches; what it says comes in pieces."""

    def __init__(self, folder: Path, *arguments: str):
        self.folder = folder
        self.out, self.err = folder / ".out", folder / ".err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cnndsl", *arguments, "--watch"],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        self.read = {self.out: 0, self.err: 0}

    def _new(self, path: Path) -> str:
        return path.read_bytes()[self.read[path] :].decode()

    def says(self, out: str = "", err: str = "") -> tuple[str, str]:
        """Waits for words in what is new of both streams; returns that, up to now."""
        end = time.monotonic() + TIMEOUT
        while not (out in self._new(self.out) and err in self._new(self.err)):
            seen = self._new(self.out), self._new(self.err)
            assert time.monotonic() < end and self.process.poll() is None, seen
            time.sleep(0.02)
        new = self._new(self.out), self._new(self.err)
        for path in self.read:
            self.read[path] = path.stat().st_size
        return new

    def says_nothing(self) -> None:
        time.sleep(QUIET)
        assert (self._new(self.out), self._new(self.err)) == ("", "")


@pytest.fixture
def watching(folder: Path) -> Iterator[Callable[..., Watcher]]:
    started: list[Watcher] = []

    def start(*arguments: str) -> Watcher:
        started.append(Watcher(folder, *arguments))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


@contextmanager
def interrupted(watcher: Watcher) -> Iterator[None]:
    """Ends with Ctrl-C, which says nothing."""
    yield
    watcher.process.send_signal(signal.SIGINT)
    assert watcher.process.wait(TIMEOUT) == 130
    assert (watcher._new(watcher.out), watcher._new(watcher.err)) == ("", "")


def replaced(path: Path, text: str) -> None:
    """Saves as many editors do: a new file takes the place of the old one."""
    new = path.with_name(f".{path.name}.swp")
    new.write_text(text)
    new.replace(path)


def test_what_changes_is_checked_again(watching, folder):
    (folder / "lib").mkdir()
    for path, text in (("lib/blocks.cnn", BLOCKS), ("lib/deep.cnn", DEEP), ("user.cnn", USER)):
        (folder / path).write_text(text)
    watcher = watching("check", "user.cnn", "net.cnn")
    with interrupted(watcher):
        out, err = watcher.says("checked 2 specs: 2 models, no mistakes\n", "watching 2 specs")
        assert re.fullmatch(r"\d\d:\d\d:\d\d watching 2 specs and what is used; .*\n", err)
        assert "\x1b" not in out + err
        # A file that is used by one that is used, wrong for a while.
        (folder / "lib" / "deep.cnn").write_text(DEEP.replace("relu", "rellu"))
        _, err = watcher.says(err="1 error in lib/deep.cnn\n")
        assert re.match(r"\d\d:\d\d:\d\d lib/deep.cnn changed\nerror\[E101\]", err)
        replaced(folder / "lib" / "deep.cnn", DEEP.replace("relu", "gelu"))
        out, err = watcher.says("checked user.cnn: 1 model, no mistakes\n", "deep.cnn changed\n")
        assert "net.cnn" not in out
        # A file that goes and comes back, and one that does not parse.
        (folder / "lib" / "blocks.cnn").rename(folder / "kept")
        _, err = watcher.says(err='error[E109]: cannot use "lib/blocks.cnn"')
        assert "lib/blocks.cnn is gone\n" in err
        (folder / "kept").rename(folder / "lib" / "blocks.cnn")
        _, err = watcher.says("checked user.cnn: 1 model", "lib/blocks.cnn is new\n")
        (folder / "net.cnn").unlink()
        _, err = watcher.says(err="cannot read net.cnn: it does not exist\n")
        assert "net.cnn is gone\n" in err
        (folder / "net.cnn").write_bytes(b"model \xff {")
        watcher.says(err="error[E001]")
        (folder / "net.cnn").write_text(NET)
        watcher.says("checked net.cnn: 1 model, no mistakes\n")
        watcher.says_nothing()


def test_what_changes_in_a_folder_is_compiled_again(watching, folder):
    (folder / "specs").mkdir()
    (folder / "specs" / "net.cnn").write_text(NET)
    (folder / "specs" / "wrong.cnn").write_text(WRONG)
    (folder / "pyproject.toml").write_text('[tool.cnndsl]\noutput = "networks"\n')
    watcher = watching("compile", "specs")
    with interrupted(watcher):
        # The spec that is wrong does not hold up the other one.
        watcher.says("networks/net.py  Net 15,770 params", "watching 2 specs")
        replaced(folder / "specs" / "wrong.cnn", WRONG.replace("batch_norm", "bn"))
        out, _ = watcher.says("networks/wrong.py  Net 96 params", "specs/wrong.cnn changed\n")
        assert "net.py" not in out
        (folder / "specs" / "deep").mkdir()
        (folder / "specs" / "deep" / "new.cnn").write_text(NET)
        watcher.says("networks/new.py  Net 15,770 params", "specs/deep/new.cnn is new\n")
        # Two specs of one module: said, and nothing is written.
        before = (folder / "networks" / "net.py").read_bytes()
        (folder / "specs" / "deep" / "net.cnn").write_text(NET.replace("Ten", "10"))
        watcher.says(err="would both be written to networks/net.py\n")
        assert (folder / "networks" / "net.py").read_bytes() == before
        (folder / "specs" / "deep" / "net.cnn").unlink()
        watcher.says(err="specs/deep/net.cnn is gone\n")
        # A module that somebody edited is left alone, and that is no end.
        (folder / "networks" / "net.py").write_text("mine = True\n")
        (folder / "specs" / "net.cnn").write_text(NET.replace("Ten", "10"))
        watcher.says(err="networks/net.py is not by cnndsl\n")
        (folder / "networks" / "net.py").unlink()
        (folder / "specs" / "net.cnn").write_text(NET)
        watcher.says("networks/net.py  Net")
        watcher.says_nothing()


def test_a_file_is_listed_once_by_whatever_names(watching, folder):
    """As a spec of the folder, and as a file that others use."""
    for name in ("net.cnn", "wrong.cnn"):
        (folder / name).unlink()
    (folder / "lib").mkdir()
    for path, text in (("lib/blocks.cnn", BLOCKS), ("lib/deep.cnn", DEEP), ("user.cnn", USER)):
        (folder / path).write_text(text)
    watcher = watching("check", ".")
    with interrupted(watcher):
        watcher.says("checked 3 specs: 1 model", "watching 3 specs")
        (folder / "lib" / "deep.cnn").write_text(DEEP.replace("relu", "gelu"))
        _, err = watcher.says("checked 3 specs: 1 model, no mistakes\n", "changed\n")
        assert re.fullmatch(r"\d\d:\d\d:\d\d lib/deep.cnn changed\n", err)


def test_programs_get_a_document_for_every_round(watching, folder):
    watcher = watching("check", "wrong.cnn", "--json", "--color", "always")
    with interrupted(watcher):
        out, err = watcher.says("\n]\n", "watching 1 spec ")
        assert json.loads(out)[0]["code"] == "E101"
        assert "\x1b[" in err
        (folder / "wrong.cnn").write_text(NET)
        out, _ = watcher.says("[]\n")
        assert json.loads(out) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nothing.cnn"], "cannot watch nothing.cnn: it does not exist"),
        (["check", "net.cnn", "pipe"], "cannot watch pipe: it is no file"),
        (["check", "-"], "standard input cannot be watched"),
        (["check", "NoModel"], "there is no file and no model `NoModel`"),
        (["compile", "net.cnn", "--check"], "--watch writes modules, which --check and --diff"),
        (["compile", "net.cnn", "-o", "a.txt"], "a.txt is neither a folder nor a file"),
        (["compile", "net.cnn", "--set", "x"], "--set takes NAME=VALUE, not `x`"),
    ],
)
def test_a_call_that_cannot_be_run_is_no_watch(run, folder, arguments, message):
    os.mkfifo(folder / "pipe")
    result = run(*arguments, "--watch")
    assert (result.code, result.out) == (2, "")
    assert message in result.err
