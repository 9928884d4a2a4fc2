"""Archives that nobody should trust, each read in a process of its own with little memory and time.

`python -m tests.weights.hostile [NUMBER]` makes them, always the same ones, has `cnndsl weights
inspect` show each and then reads its tensors. A file is read or refused, with one message; whatever
else happens is printed, and the exit code is 1.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import sys
import tempfile
import warnings
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.weights.hostile_files import Case, cases

NUMBER = 2_000
MEMORY = 2**30  # bytes beyond those of the prepared process
SECONDS = 10  # of a processor
FREE = 200 * 2**20  # bytes that reading may take beside three times those of the tensors
LIBRARY = 64 * 2**20  # bytes of a process that has loaded h5py


@dataclass(frozen=True)
class Outcome:
    """What became of one archive: `read`, `refused`, or what should not have happened."""

    kind: str
    result: str
    message: str = ""


def main(number: int = NUMBER, processes: int | None = None) -> int:
    """Examines the archives; returns how many of them were neither read nor refused."""
    os.environ.pop("CNNDSL_DEBUG", None)
    warnings.simplefilter("ignore")  # jax minds forks; nothing here runs it
    import cnndsl.cli.weights
    import cnndsl.weights.readers.hdf5
    import cnndsl.weights.readers.npz
    import cnndsl.weights.readers.safetensors
    import cnndsl.weights.readers.torch  # noqa: F401 - loaded once for all archives

    chosen = cases(number)
    outcomes: list[Outcome] = []
    count = processes or os.cpu_count() or 1
    readers = [_forked(lambda k=k: _examine_all(chosen[k::count])) for k in range(count)]
    for process, stream in readers:
        with stream:
            outcomes += [Outcome(**found) for found in json.load(stream)]
        os.waitpid(process, 0)
    wrong = [o for o in outcomes if o.result not in ("read", "refused")]
    _print_table(outcomes)
    for outcome in wrong:
        print(f"{outcome.kind}: {outcome.result}: {outcome.message[:300]}")
    return len(wrong)


def _forked(action):  # -> tuple[int, IO[str]]
    """Runs an action in a copy of this process; what it returns comes as JSON."""
    read_end, write_end = os.pipe()
    process = os.fork()
    if process:
        os.close(write_end)
        return process, open(read_end, encoding="utf-8")
    os.close(read_end)
    try:
        with open(write_end, "w", encoding="utf-8") as stream:
            json.dump(action(), stream)
    finally:
        os._exit(0)


def _examine_all(chosen: list[Case]) -> list[dict[str, str]]:
    return [asdict(_examine(case)) for case in chosen]


def _examine(case: Case) -> Outcome:
    """Writes the archive, has another process read it, and looks at what is left."""
    with tempfile.TemporaryDirectory() as folder:
        suffix, data = case.made()
        path = Path(folder, f"a{suffix}")
        path.write_bytes(data)
        temporary = Path(folder, "tmp")
        temporary.mkdir()
        process, stream = _forked(lambda: _read(path, temporary))
        with stream:
            text = stream.read()
        _, status = os.waitpid(process, 0)
        left = sorted(p.name for p in [*Path(folder).iterdir(), *temporary.iterdir()])
        if not text:
            return Outcome(case.kind, "killed", f"{case.index}: status {status}")
        result, message = json.loads(text)
        if left != [path.name, "tmp"]:
            result, message = "left", f"{left}"
        return Outcome(case.kind, result, f"{case.index}: {message}")


def _read(path: Path, temporary: Path) -> tuple[str, str]:
    """In a process of its own: the result and the message."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    spent = int(sum(os.times()[:2])) + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (spent, spent))
    signal.alarm(6 * SECONDS)  # other processes of the machine may take their time
    before = _peak()
    declared = 0
    out, err = io.StringIO(), io.StringIO()
    from cnndsl.cli import main as command
    from cnndsl.weights.errors import WeightsError
    from cnndsl.weights.readers import read

    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = command(["weights", "inspect", str(path)])
    result = {0: "read", 1: "refused"}.get(code, f"exit code {code}")
    message = err.getvalue().removesuffix("\n")
    if code == 0:
        try:
            archive = read(path)
            declared = sum(tensor.size for tensor in archive.tensors)
            _ = [tensor.read() for tensor in archive.tensors]  # all of them at once
        except WeightsError as error:
            result, message = "refused", f"error: {error}"
        except Exception as error:
            result, message = "a bug", repr(error)
    shown = out.getvalue().replace("\n", "") + message.replace("\nhelp: ", "")
    taken = _peak() - before
    helper = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 - LIBRARY
    if not shown.isprintable() or (result == "refused" and not message.startswith("error: a.")):
        result = "printed raw"
    elif taken + max(helper, 0) > 3 * declared + FREE:
        result, message = "memory", f"{taken:,} bytes and {helper:,} for {declared:,}: {message}"
    return result, message


def _peak() -> int:
    """The most bytes that this process has held so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _print_table(outcomes: list[Outcome]) -> None:
    number = Counter(outcome.kind for outcome in outcomes)
    results = Counter((outcome.kind, outcome.result) for outcome in outcomes)
    print(f"{'kind':44} number   read  refused")
    for kind in sorted(number):
        row = (number[kind], results[kind, "read"], results[kind, "refused"])
        print(f"{kind:44} {row[0]:6} {row[1]:6} {row[2]:8}")
    total = Counter(outcome.result for outcome in outcomes)
    print(f"{'all':44} {len(outcomes):6} {total['read']:6} {total['refused']:8}")


if __name__ == "__main__":
    sys.exit(min(main(*map(int, sys.argv[1:])), 1))
