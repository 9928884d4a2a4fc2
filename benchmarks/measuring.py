"""What every benchmark does: runs fresh processes, and notes on what machine."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from runpy import run_path

ROOT = Path(__file__).resolve().parents[1]


def cnndsl() -> list[str]:
    """The command as installed beside this interpreter, else the module of this checkout."""
    script = shutil.which("cnndsl", path=str(Path(sys.executable).parent))
    return [script] if script else [sys.executable, "-m", "cnndsl"]


def specs() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("specs/*.cnn"))


def output(command: Sequence[str], **variables: str) -> str:
    """What a command prints that must succeed; byte code is kept, as an installation keeps it."""
    environment = {**os.environ, **variables}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return done.stdout


def seconds(command: Sequence[str], **variables: str) -> float:
    """The wall-clock time of a command that must succeed."""
    start = time.perf_counter()
    output(command, **variables)
    return time.perf_counter() - start


def processor_seconds(command: Sequence[str]) -> float:
    """The processor time of a command that must succeed, whatever else the machine does."""
    before = os.times()
    output(command)
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def row(figure: str, value: float, target: float | None) -> dict[str, object]:
    """A figure: what was measured, its value, what it may be at most and whether it is."""
    met = target is None or value <= target
    return {"figure": figure, "value": round(value, 4), "target": target, "met": met}


def machine(*packages: str) -> dict[str, object]:
    """The hardware and the versions that figures belong to."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "busy": _busy(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {"cnndsl": _own_version(), **{name: version(name) for name in packages}},
    }


def report(result: dict[str, object], path: Path | None) -> None:
    """Prints a result as JSON, or writes it to a file."""
    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    if path is None:
        sys.stdout.write(text)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _cpu() -> str:
    """The name of the processor, as Linux tells it; elsewhere what Python knows of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown")


def _busy() -> float | None:
    """How many processes wanted to compute in the last five minutes, where the system says so."""
    try:
        return round(os.getloadavg()[1], 1)
    except (AttributeError, OSError):
        return None


def _own_version() -> str:
    """The version of this checkout, installed or not."""
    return run_path(str(ROOT / "cnndsl" / "_version.py"))["__version__"]
