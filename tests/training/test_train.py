"""`cnndsl train` from beginning to end, and what it leaves in a run folder."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cnndsl.cli import main

pytestmark = pytest.mark.xla


@pytest.fixture
def call(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """`call("train", …)` gives the exit code, standard output and standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        return code, *capsys.readouterr()

    return run


def lines_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_run_from_a_spec_to_guesses(call, folder):
    options = ["--data", "kinds.npz", "--epochs", "4", "--batch", "16", "--rate", "0.01"]
    code, out, err = call("train", "tiny.cnn", *options, "-o", "run", "--tensorboard")
    assert (code, err) == (0, "")
    assert "96 images to learn from, 40 held out, 3 classes" in out
    assert len(re.findall(r"^epoch \d/4: ", out, re.M)) == 4
    best = re.search(r"^best: (\S+) % of the held-out images, in epoch \d$", out, re.M)
    assert best is not None
    assert float(best[1]) >= 90

    run = folder / "run"
    known = "spec.cnn network.py recipe.py run.json metrics.jsonl curves.png report.html"
    assert {path.name for path in run.iterdir()} == {
        *known.split(),
        "best.safetensors",
        "checkpoints",
        "tensorboard",
    }
    assert "classes: int = 3" in (run / "network.py").read_text()
    assert "EPOCHS = 4\n" in (run / "recipe.py").read_text()
    facts = json.loads((run / "run.json").read_text())
    assert facts["classes"] == ["bars", "blobs", "checks"]
    assert facts["settings"]["seed"] == 0
    assert set(facts["made with"]["versions"]) >= {"cnndsl", "jax", "flax", "optax"}
    lines = lines_of(run)
    assert [line["step"] for line in lines if line["kind"] == "epoch"] == [6, 12, 18, 24]
    assert lines[-1]["held-out loss"] < lines[1]["held-out loss"]
    page = (run / "report.html").read_text()
    assert not re.search(r"(src|href)=.(?!data:)", page)  # nothing is loaded from elsewhere
    assert "blobs" in page

    code, out, _ = call("eval", "run", "--json")
    figures = json.loads(out)
    assert code == 0
    assert figures["images"] == 40
    assert f"{100 * figures['top1']:.2f}" == best[1]
    assert sum(each["right"] for each in figures["classes"]) == round(40 * figures["top1"])
    code, out, _ = call("eval", "run")
    assert re.search(rf"^top 1: {re.escape(best[1])} %, top 5: 100.00 %", out, re.M)

    from tests.training.conftest import write_folder

    write_folder(folder / "files", 6, side=20)
    images = [str(path) for path in sorted((folder / "files").rglob("*.png"))]
    code, out, _ = call("predict", "run", *images, "--json")
    assert code == 0
    found = json.loads(out)
    assert [each["image"] for each in found] == images
    assert all(abs(sum(g["probability"] for g in each["guesses"]) - 1) < 1e-5 for each in found)
    code, out, _ = call("predict", "run", images[0])
    assert out.split()[:3] == ["image", "class", "probability"]
    code, out, _ = call("eval", "run", "--data", "files", "--json")
    assert json.loads(out)["images"] == 6  # files that nobody parted are all judged


def test_json_lines_are_those_of_the_metrics(call, folder):
    options = ["--data", "kinds.npz", "--epochs", "1", "--batch", "48", "-o", "run"]
    code, out, _ = call("train", "tiny.cnn", *options, "--json")
    assert code == 0
    *lines, end = map(json.loads, out.splitlines())
    assert lines == lines_of(folder / "run")
    assert end["kind"] == "end"
    assert end["best"] == lines[-1]


@pytest.mark.slow
def test_digits_are_known_without_any_option(call):
    code, out, _ = call("train", "LeNet5ReLU", "-o", "run")
    assert code == 0
    best = re.search(r"^best: (\S+) %", out, re.M)
    assert best is not None
    assert float(best[1]) >= 97


FASHION = Path("/usr/share/datasets/fashion-mnist")


@pytest.mark.slow
@pytest.mark.skipif(not FASHION.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_an_epoch_of_fashion_mnist_is_enough_for_four_fifths(call):
    code, out, _ = call("train", "LeNet5Tanh", "--data", str(FASHION), "--epochs", "1", "-o", "run")
    assert code == 0
    assert "are 28 x 28, the network takes 32 x 32: they are resized" in out
    best = re.search(r"^best: (\S+) %", out, re.M)
    assert best is not None
    assert float(best[1]) >= 80
