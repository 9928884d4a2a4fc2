"""Many specs are compiled by several processes, and nobody sees it."""

import subprocess
import sys
from pathlib import Path

import cnndsl
from cnndsl.cli.workers import FEW

SPEC = "model Net{0} {{ input 8x8x{0}\n  conv({0}, 3) -> relu -> global_avg_pool -> dense(2)\n}}\n"
LARGE = "model Large { input 8x8x1\n  for i in 0 .. 20_000 { conv(4, 3) -> relu }\n}\n"

# The processors of a machine that has some, whatever the tests' one has.
SCRIPT = """
import os, sys
from cnndsl.cli import main, workers
first = os.getpid()
processors = int(sys.argv.pop(1))
workers._processors = lambda: processors
before = workers.compile_checked
def compile_checked(checked, *others):
    if "{failing}" == checked.source.name:
        {fails}
    return before(checked, *others)
workers.compile_checked = compile_checked
sys.exit(main())
"""


def compiled(
    folder: Path, processors: int, *specs: str, failing: str = "", fails: str = "pass"
) -> str:
    script = SCRIPT.format(failing=failing, fails=fails)
    command = [sys.executable, "-c", script, str(processors), "compile", *specs]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    return f"{done.stdout}{done.stderr}exit code {done.returncode}"


def written(folder: Path, number: int) -> list[str]:
    names = [f"net{n}.cnn" for n in range(1, number + 1)]
    for n, name in enumerate(names, 1):
        (folder / name).write_text(SPEC.format(n))
    return names


def test_the_modules_and_the_lines_are_those_of_one_process(tmp_path):
    specs = written(tmp_path, FEW + 1)
    printed = compiled(tmp_path, 3, *specs)
    files = {path: path.read_text() for path in (tmp_path / "generated").iterdir()}
    assert len(files) == FEW + 1
    assert printed == compiled(tmp_path, 1, *specs)
    assert files == {path: path.read_text() for path in (tmp_path / "generated").iterdir()}
    assert "generated/net1.py  Net1" in printed and printed.endswith("exit code 0")
    assert files[tmp_path / "generated/net2.py"].count("class Net2") == 1


def test_what_fails_is_told_as_by_one_process(tmp_path):
    specs = written(tmp_path, FEW)
    for error in ("RuntimeError('lost')", "KeyboardInterrupt"):
        several, one = (
            compiled(tmp_path, count, *specs, failing="net5.cnn", fails=f"raise {error}")
            for count in (2, 1)
        )
        assert several == one
        assert one.endswith("exit code 130" if error == "KeyboardInterrupt" else "exit code 3")
        assert not (tmp_path / "generated").exists()


def test_a_process_that_is_killed_is_done_without(tmp_path):
    specs = written(tmp_path, FEW)
    killed = "os.getpid() == first or os.kill(os.getpid(), 9)"
    printed = compiled(tmp_path, 2, *specs, failing="net5.cnn", fails=killed)
    assert printed == compiled(tmp_path, 1, *specs) and printed.endswith("exit code 0")


def test_a_network_that_is_too_large_stops_before(tmp_path):
    specs = written(tmp_path, FEW)
    (tmp_path / "large.cnn").write_text(LARGE)
    assert cnndsl.compile(LARGE).code is None
    printed = compiled(tmp_path, 2, *specs, "large.cnn")
    assert "error[" in printed and printed.endswith("exit code 1")


def test_what_is_wrong_with_some_is_told_as_by_one_process(tmp_path):
    specs = written(tmp_path, FEW)
    (tmp_path / "wrong.cnn").write_text("model Net { input 8x8x3\n  conv(4, stride = x)\n}\n")
    (tmp_path / "blocks.cnn").write_text("block unit { conv(4, 3) -> relu }\n")
    for more in (["wrong.cnn"], ["blocks.cnn"], ["lost.cnn"], ["--set", "depth=3"], ["."]):
        call = [specs[0], *more, *specs[1:]]
        assert compiled(tmp_path, 2, *call) == compiled(tmp_path, 1, *call)
    assert "exit code 1" in compiled(tmp_path, 2, *specs, "wrong.cnn")


def test_the_lines_stand_in_the_order_of_the_call(tmp_path):
    specs = written(tmp_path, FEW)
    call = [*specs[4:], "LeNet5", *specs[:4]]
    printed = compiled(tmp_path, 2, *call)
    assert printed == compiled(tmp_path, 1, *call)
    modules = [line.split()[0] for line in printed.splitlines()[:-1]]
    stems = [Path(name).stem.lower() for name in call]
    stems.insert(stems.index("lenet5") + 1, "lenet5_training")
    assert [Path(module).stem for module in modules] == stems
