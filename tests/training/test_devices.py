"""Eight devices, two processes, and parameters in parts learn what one device learns."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cnndsl.cli.options import build_parser
from cnndsl.training import TrainingError, devices
from cnndsl.training.checkpoints import _KEPT as KEPT
from cnndsl.training.devices import _chosen, _in_cluster, join
from tests.training.conftest import write_data

pytestmark = pytest.mark.xla
ROOT = Path(__file__).parents[2]
OPTIONS = ["--data", "kinds.npz", "--epochs", "3", "--batch", "16", "--set", "width=64"]


def start(folder: Path, *arguments: str, devices: int = 1) -> subprocess.Popen[str]:
    """`cnndsl train tiny.cnn` as a process that sees so many devices."""
    call = ["-m", "cnndsl", "train", "tiny.cnn", *OPTIONS, *arguments]
    return python(folder, *call, devices=devices)


def python(folder: Path, *arguments: str, devices: int) -> subprocess.Popen[str]:
    flags = f"--xla_force_host_platform_device_count={devices}"
    return subprocess.Popen(
        [sys.executable, *arguments],
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
    try:
        out, _ = process.communicate(timeout=200)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert process.returncode == 0, out
    return out


def finish_all(processes: list[subprocess.Popen[str]]) -> list[str]:
    """What they print; where one fails, the others are not left behind."""
    try:
        return [finish(process) for process in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.communicate()


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
    first, second = finish_all(processes)
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
        ("localhost", "0/2", "--coordinator is host:port, not `localhost`"),
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


@pytest.mark.parametrize(
    ("environment", "devices"),
    [
        ({}, []),
        ({"SLURM_STEP_TASKS_PER_NODE": "1"}, []),
        ({"SLURM_STEP_TASKS_PER_NODE": "1(x4)"}, []),
        ({"SLURM_STEP_TASKS_PER_NODE": "8(x4)"}, None),
        ({"SLURM_STEP_TASKS_PER_NODE": "2,1"}, None),
        ({"OMPI_COMM_WORLD_LOCAL_SIZE": "1"}, []),
        ({"OMPI_COMM_WORLD_LOCAL_SIZE": "8"}, None),
        ({"JAX_LOCAL_DEVICE_IDS": "0,1"}, None),
    ],
)
def test_a_process_that_is_alone_on_its_machine_has_all_devices(environment, devices):
    assert _chosen(environment) == devices


SLURM = {
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_STEP_TASKS_PER_NODE": "1(x4)",
    "SLURM_JOB_ID": "7",
    "SLURM_STEP_NODELIST": "node[01-04]",
    "SLURM_NTASKS": "4",
    "SLURM_PROCID": "2",
    "SLURM_LOCALID": "0",
}
OPEN_MPI = {
    "OMPI_COMM_WORLD_SIZE": "4",
    "OMPI_COMM_WORLD_RANK": "2",
    "OMPI_COMM_WORLD_LOCAL_RANK": "0",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "1",
    "OMPI_MCA_orte_hnp_uri": "1531576320.0;tcp://10.96.0.1,10.148.0.1:34911",
}
PORT = 2**16 - 2**12  # the first of those that JAX takes


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not computed yet, as far as JAX can see."""
    from jax._src import xla_bridge

    monkeypatch.setattr(xla_bridge, "backends_are_initialized", lambda: False)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("environment", "address"),
    [
        (SLURM, f"node01:{PORT + 7}"),
        (OPEN_MPI, f"10.96.0.1:{PORT + 1531576320 // 2**12 % 2**12}"),
    ],
)
def test_what_jax_makes_of_a_cluster(monkeypatch, environment, address):
    """With the variables that `srun` and `mpirun` set, up to where the processes would meet."""
    from jax._src import distributed
    from jax._src.xla_bridge import CUDA_VISIBLE_DEVICES

    met: list[tuple[object, ...]] = []

    def connect(address, process, **options):
        met.append((address, process, CUDA_VISIBLE_DEVICES.value))
        raise RuntimeError("nobody is there")

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(distributed._jax, "get_distributed_runtime_client", connect)
    with pytest.raises(TrainingError, match="did not find each other: nobody is there"):
        join()
    assert met == [(address, 2, "all")]


@pytest.mark.usefixtures("fresh")
def test_kubernetes_is_asked_with_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "1")
    with pytest.raises(TrainingError, match=r"pip install jax\[k8s\]") as error:
        join()
    assert error.value.help == "--coordinator and --process say who they are"


def test_a_first_process_that_is_not_there(monkeypatch):
    monkeypatch.setattr(devices, "PATIENCE", 0.0)
    with pytest.raises(TrainingError, match="nobody answers at 127") as error:
        join(f"127.0.0.1:{port()}", "1/2")
    assert error.value.help == "is the first process, that of --process 0/n, running there?"


def test_scripts_for_clusters_call_what_there_is():
    """Those of docs/training.md, by the parser of the command line."""
    texts = (ROOT / "docs" / "training.md").read_text(encoding="utf-8").split("```text\n")
    script, manifest = (next(t for t in texts if t.startswith(s)) for s in ("#!", "apiVersion"))
    service, job = yaml.safe_load_all(manifest.partition("```")[0])
    pod = job["spec"]["template"]["spec"]
    assert job["spec"]["completionMode"] == "Indexed"
    assert pod["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    (container,) = pod["containers"]
    call = " ".join(container["args"]).replace("$(JOB_COMPLETION_INDEX)", "3")
    by_slurm = script.partition("srun ")[2].partition("```")[0].replace("\\\n", "")
    lines = [line.split() for line in (by_slurm, call)]
    calls = [build_parser().parse_args(words[1:]) for words in lines]
    for words, parsed in zip(lines, calls, strict=True):
        assert (*words[:2], parsed.spec, parsed.fsdp) == ("cnndsl", "train", "ResNet50", True)
        assert (parsed.data, parsed.output) == ("/datasets/imagenet", "/shared/runs/resnet50")
    assert calls[0].coordinator is None
    host, _, port = calls[1].coordinator.partition(":")
    assert host == f"{job['metadata']['name']}-0.{service['metadata']['name']}"
    assert port.isdecimal()
    assert calls[1].process == f"3/{job['spec']['parallelism']}"
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {"shared": "/shared", "datasets": "/datasets"}
    assert "--ntasks-per-node=1" in script and "--gpus-per-node=8" in script
    assert container["resources"]["limits"] == {"nvidia.com/gpu": 8}


TWICE = """
import sys
from pathlib import Path
from cnndsl.training import Settings
from cnndsl.training.checkpoints import BEST, LAST, Checkpoints
from cnndsl.training.devices import devices, join
from cnndsl.training.prepare import prepare

join(*sys.argv[1:])
program = prepare(Settings("tiny.cnn", data="kinds.npz", batch=48), devices()).program
leaves, checkpoints = program.start(), Checkpoints(Path("twice"))
for step in range(1, 5):
    checkpoints.save(BEST, program, leaves, step, {})
    checkpoints.save(LAST, program, leaves, step, {})
checkpoints.finish()
checkpoints.close()
"""


@pytest.mark.slow
def test_two_processes_write_two_checkpoints_at_once(folder):
    coordinator = f"127.0.0.1:{port()}"
    processes = [python(folder, "-c", TWICE, coordinator, f"{i}/2", devices=1) for i in range(2)]
    finish_all(processes)
    steps = {name: {p.name for p in (folder / "twice" / name).iterdir()} for name in KEPT}
    assert steps == {"best": {"4"}, "last": {"3", "4"}}
