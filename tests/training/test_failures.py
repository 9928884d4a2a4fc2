"""What goes wrong while a network is trained is said in one message, and nothing is lost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnndsl.cli import main
from cnndsl.training import Settings, TrainingError, fit
from tests.training.test_fine_tuning import values

pytestmark = pytest.mark.xla
ROOT = Path(__file__).parents[2]


def failed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 1) -> str:
    assert main(list(arguments)) == code
    result = capsys.readouterr()
    assert "Traceback" not in result.err
    assert result.err.startswith("error: ")
    return result.err


def test_a_loss_that_is_no_number_ends_the_run(folder, capsys):
    options = ["--data", "kinds.npz", "--batch", "8", "--epochs", "20", "--rate", "1e30"]
    said = failed(capsys, "train", "tiny.cnn", *options, "-o", "run")
    assert re.search(r"the loss is (not a number|infinite) at step \d+, in epoch \d+", said)
    assert "lower the learning rate" in said
    steps = [int(path.name) for path in (folder / "run" / "checkpoints" / "last").glob("*")]
    kept = max(steps, default=0)
    assert (f"the checkpoint of step {kept} is kept" in said) == bool(steps)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("input 8x8x1\n here output first\n here output last", "2 outputs: first, last"),
        ("input left 8x8x1\n input right 8x8x1\n add [ left, right ]", "2 inputs: left, right"),
        ("input 8x8x1\n conv(classes, 1)", "gives 8 x 8 x 3, not one score per class"),
        ("input 64\n dense(classes)", "takes a vector of 64"),
    ],
)
def test_what_is_no_classifier_is_told_so(folder, capsys, body, said):
    (folder / "other.cnn").write_text(f"model Other(classes = 3) {{ {body} }}\n")
    error = failed(capsys, "train", "other.cnn", "--data", "kinds.npz", "-o", "run")
    assert said in error
    assert "a loop of your own" in error
    assert not (folder / "run").exists()


LEAPS = """\
# The second step, and the first of any size, leads beyond all numbers.
model Leaps(classes = 3) {
  input 8x8x1
  flatten -> dense(classes)
  preprocess { range 255 }
  train {
    optimizer sgd
    schedule constant(1e38, warmup = 1)
    epochs 3
    batch 96
  }
}
"""


def test_a_step_that_leaves_no_numbers_is_not_kept(folder, capsys):
    """Its loss, that of the parameters before it, still is a number."""
    (folder / "leaps.cnn").write_text(LEAPS)
    said = failed(capsys, "train", "leaps.cnn", "--data", "kinds.npz", "-o", "run")
    assert re.search(r"head_dense|dense", said)
    assert "no number any more after step 2, in epoch 2; the checkpoint of step 1 is kept" in said
    assert [path.name for path in (folder / "run" / "checkpoints" / "last").glob("*")] == ["1"]
    from cnndsl.training.use import trained

    assert all(np.isfinite(value).all() for value in values(trained(Path("run")).network).values())


def test_a_run_of_another_network_is_refused(run, folder, capsys):
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    said = failed(capsys, "train", "LeNet5ReLU", "--resume", "run")
    assert "run is a run of Tiny, not of LeNet5ReLU" in said
    assert before == {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    said = failed(capsys, "train", "tiny.cnn", "--data", "kinds.npz", "-o", "run")
    assert "run is not empty" in said
    assert "`cnndsl train --resume run` goes on with it" in said
    for command in (["eval", "."], ["predict", ".", "x.png"], ["train", "--resume", "."]):
        assert "is no run folder" in failed(capsys, *command)


def test_data_that_changed_are_refused(run, folder, capsys):
    from tests.training.conftest import np, pictures

    images, labels = pictures(90)
    np.savez("kinds.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    assert "the data have changed" in failed(capsys, "train", "--resume", "run")


def test_what_a_run_settled_cannot_be_said_again(run, capsys):
    said = failed(capsys, "train", "--resume", "run", "--epochs", "3", code=2)
    assert "--resume and --epochs do not go together" in said
    assert "what to train?" in failed(capsys, "train", code=2)


def test_images_to_predict_that_cannot_be_read(run, folder, capsys):
    (folder / "text.png").write_text("no image")
    assert "text.png cannot be read" in failed(capsys, "predict", "run", "text.png")
    assert "none.png cannot be read" in failed(capsys, "predict", "run", "none.png")


def test_judged_by_classes_that_it_does_not_know(run, folder, capsys):
    said = failed(capsys, "eval", "run", "--data", "digits")
    assert "digits has classes that run was not trained on: 0, 1, 2, 3, 4 and 5 more" in said


@pytest.mark.slow
def test_a_full_disk_loses_nothing(folder):
    options = ["--data", "kinds.npz", "--epochs", "2", "--batch", "32", "--set", "width=128"]
    command = [sys.executable, "-m", "cnndsl", "train", "tiny.cnn", *options, "-o", "run"]
    # No file may grow past 300 KiB: writing fails as it does on a disk that is full.
    limited = ["bash", "-c", 'ulimit -f 300; exec "$@"', "bash", *command]
    done = subprocess.run(
        limited,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert re.search(r"cannot write a checkpoint to \S+: file too large; ", done.stderr)
    assert "make room, then go on with --resume" in done.stderr
    assert "Traceback" not in done.stderr
    assert main(["train", "--resume", "run"]) == 0
    lines = Path("run/metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [3, 3, 6, 6]


# What is written beside an array that fails: it fails too, or orbax has closed its event loop.
GIVEN_UP = """
import asyncio, sys
from pathlib import Path
import tensorstore
from cnndsl.training.checkpoints import Checkpoints

Checkpoints(Path(sys.argv[1]))
promise, future = tensorstore.Promise.new()

async def fail():
    raise OSError("no room")

async def give_up():
    task = asyncio.ensure_future(fail())
    await asyncio.sleep(0)
    next(future.__await__())

asyncio.run(give_up())
promise.set_result(None)
future.result()
"""


def test_writes_that_were_given_up_end_silently(folder):
    command = [sys.executable, "-c", GIVEN_UP, "run"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_frozen_paths_and_weights_that_do_not_fit(run, folder, capsys):
    options = ["--data", "digits", "--weights", "run/best.safetensors"]
    said = failed(capsys, "train", "LeNet5ReLU", *options, "-o", "other")
    assert "the file holds weights of Tiny" in said
    with pytest.raises(TrainingError, match=r"does not divide among 1 device, 3 times in turn"):
        fit(Settings("tiny.cnn", data="kinds.npz", batch=32, accumulate=3), folder / "third")
