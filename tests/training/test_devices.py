"""Eight devices, two processes, and parameters in parts learn what one device learns."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cnndsl.training import TrainingError
from cnndsl.training.devices import _in_cluster, join
from tests.training.conftest import write_data

pytestmark = pytest.mark.xla
ROOT = Path(__file__).parents[2]
OPTIONS = ["--data", "kinds.npz", "--epochs", "3", "--batch", "16", "--set", "width=64"]


def start(folder: Path, *arguments: str, devices: int = 1) -> subprocess.Popen[str]:
    """`cnndsl train tiny.cnn` as a process that sees so many devices."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    return subprocess.Popen(
        [sys.executable, "-m", "cnndsl", "train", "tiny.cnn", *OPTIONS, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def losses(run: Path) -> list[tuple[float, float]]:
    """Of every line of metrics.jsonl: the loss, and the one of the held-out images."""
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [(line["loss"], line.get("held-out loss", 0.0)) for line in lines]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[float, float]]:
    """The losses on one device."""
    folder = tmp_path_factory.mktemp("alone")
    write_data(folder)
    finish(start(folder, "-o", "alone"))
    return losses(folder / "alone")


def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


def finish(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=500)
    assert process.returncode == 0, out
    return out


@pytest.mark.slow
@pytest.mark.parametrize(("devices", "options"), [(8, []), (8, ["--fsdp"])])
def test_many_devices_learn_what_one_does(folder, alone, devices, options):
    finish(start(folder, "-o", "many", *options, devices=devices))
    compare(losses(folder / "many"), alone)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--fsdp", "--memory", "stream"]])
def test_two_processes_learn_what_one_does(folder, alone, options):
    coordinator = f"127.0.0.1:{port()}"
    calls = [["--coordinator", coordinator, "--process", f"{i}/2"] for i in range(2)]
    processes = [start(folder, "-o", "two", *options, *call) for call in calls]
    first, second = map(finish, processes)
    assert "best: " in first
    assert "epoch" not in second  # one of them speaks, besides what Gloo says
    compare(losses(folder / "two"), alone)


def compare(found: list[tuple[float, float]], expected: list[tuple[float, float]]) -> None:
    assert len(found) == len(expected) == 8
    for pair, other in zip(found, expected, strict=True):
        assert pair == pytest.approx(other, abs=1e-5)


@pytest.mark.parametrize(
    ("coordinator", "process", "message"),
    [
        ("localhost:1", None, "--coordinator host:port and --process i/n go together"),
        (None, "0/2", "--coordinator host:port and --process i/n go together"),
        ("localhost:1", "2/2", "--process is i/n, counted from 0, such as 0/2, not `2/2`"),
        ("localhost:1", "one", "--process is i/n"),
    ],
)
def test_half_a_call_is_refused(coordinator, process, message):
    with pytest.raises(TrainingError, match=message):
        join(coordinator, process)


@pytest.mark.parametrize(
    ("environment", "several"),
    [
        ({}, False),
        ({"SLURM_STEP_NUM_TASKS": "1"}, False),
        ({"SLURM_STEP_NUM_TASKS": "4"}, True),
        ({"OMPI_COMM_WORLD_SIZE": "2"}, True),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, False),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "JOB_COMPLETION_INDEX": "1"}, True),
    ],
)
def test_a_cluster_is_known_by_what_it_sets(environment, several):
    assert _in_cluster(environment) is several
