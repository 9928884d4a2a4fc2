"""Runs that are killed go on as if nothing had happened; damaged checkpoints are passed over."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cnndsl.cli import main

pytestmark = pytest.mark.xla
ROOT = Path(__file__).parents[2]
OPTIONS = ["--data", "kinds.npz", "--epochs", "8", "--batch", "8", "--save-steps", "8"]
STEPS = 8 * 12


def start(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    """`cnndsl train` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "cnndsl", "train", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def written(run: Path) -> int:
    """The last step of which there is a line."""
    try:
        lines = (run / "metrics.jsonl").read_text().splitlines()
        return json.loads(lines[-1])["step"] if lines else 0
    except (FileNotFoundError, ValueError):
        return 0


def figures(run: Path) -> list[dict[str, object]]:
    """The lines of metrics.jsonl, without those figures that depend on the clock."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    timed = ("seconds", "images per second")
    return [{k: v for k, v in line.items() if k not in timed} for line in lines]


@pytest.mark.slow
def test_a_run_killed_five_times_ends_as_one_that_was_not(folder):
    undisturbed = start("tiny.cnn", *OPTIONS, "-o", "whole", folder=folder)
    out, _ = undisturbed.communicate()
    assert undisturbed.returncode == 0, out
    rng = random.Random(0)
    killed = folder / "killed"
    process = start("tiny.cnn", *OPTIONS, "-o", "killed", folder=folder)
    for sixth in range(1, 6):
        until = rng.randint(written(killed) + 1, max(written(killed) + 1, STEPS * sixth // 6))
        while written(killed) < until and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        process = start("--resume", "killed", folder=folder)
    out, _ = process.communicate()
    assert process.returncode == 0, out
    assert (killed / "best.safetensors").read_bytes() == (
        folder / "whole" / "best.safetensors"
    ).read_bytes()
    assert last_digests(killed) == last_digests(folder / "whole")
    assert figures(killed) == figures(folder / "whole")


def last_digests(run: Path) -> dict[str, int]:
    """The checksums of every array of the state after the last step."""
    (notes,) = (run / "checkpoints" / "last" / str(STEPS)).glob("notes/metadata")
    found: dict[str, int] = json.loads(notes.read_text())["digests"]
    return found


def damage(checkpoint: Path, how: str) -> None:
    """Half of its largest file, one bit of it, or all of its arrays."""
    if how == "removed":
        shutil.rmtree(checkpoint / "state")
        return
    file = max((p for p in checkpoint.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    content = file.read_bytes()
    if how == "truncated":
        file.write_bytes(content[: len(content) // 2])
    else:
        middle = len(content) // 2
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 0x10]) + content[middle + 1 :])


@pytest.mark.slow
@pytest.mark.parametrize("how", ["truncated", "changed", "removed"])
def test_a_damaged_checkpoint_is_passed_over(run, capsys, how):
    steps = sorted(int(path.name) for path in (run / "checkpoints" / "last").iterdir())
    latest = (run / "checkpoints" / "last") / str(steps[-1])
    damage(latest, how)
    before = figures(run)
    assert main(["train", "--resume", "run"]) == 0
    out = capsys.readouterr().out
    assert f"the checkpoint of step {steps[-1]} is damaged" in out
    assert f"goes on after step {steps[0]} of {steps[-1]}" in out
    assert figures(run) == before


def test_where_the_best_checkpoint_is_damaged_the_last_one_is_used(run, capsys):
    (best,) = (run / "checkpoints" / "best").iterdir()
    damage(best, "truncated")
    assert main(["eval", "run", "--json"]) == 0
    result = capsys.readouterr()
    last = max(int(path.name) for path in (run / "checkpoints" / "last").iterdir())
    assert f"the best checkpoint is damaged: that of step {last} takes its place" in result.err
    assert json.loads(result.out)["images"] == 40


def test_a_run_that_has_ended_says_so(run, capsys):
    before = figures(run)
    assert main(["train", "--resume", "run"]) == 0
    assert "best: " in capsys.readouterr().out
    assert figures(run) == before


def test_a_run_without_a_whole_checkpoint_is_not_begun_again(run, capsys):
    for path in (run / "checkpoints").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    assert main(["train", "--resume", "run"]) == 1
    result = capsys.readouterr()
    assert "no checkpoint is whole" in result.err
    assert "Traceback" not in result.err
