"""One device or eight, one process or two: the same run.

    python examples/many_devices.py

Trains a network on one device, on eight that the CPU plays, and in two processes that find each
other over the network, as they would on two machines; and prints how far their losses are apart.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path


def train(folder: Path, *options: str, devices: int = 1) -> subprocess.Popen[bytes]:
    """`cnndsl train` as a process that sees so many devices."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    command = [sys.executable, "-m", "cnndsl", "train", "LeNet5MNIST", "--batch", "64", *options]
    return subprocess.Popen([*command, "-o", str(folder)], env=os.environ | {"XLA_FLAGS": flags})


def losses(folder: Path) -> list[float]:
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["loss"] for line in lines]


def main() -> float:
    parser = argparse.ArgumentParser(description="Trains on one device and on many.")
    parser.add_argument("--epochs", default="1")
    epochs = ["--epochs", parser.parse_args().epochs]
    folder = Path(tempfile.mkdtemp(prefix="devices-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    runs = {
        "one": [train(folder / "one", *epochs)],
        "eight": [train(folder / "eight", *epochs, "--fsdp", devices=8)],
        "two": [
            train(folder / "two", *epochs, "--coordinator", address, "--process", f"{i}/2")
            for i in range(2)
        ],
    }
    for processes in runs.values():
        if any(process.wait() for process in processes):
            sys.exit("a run failed")
    alone = losses(folder / "one")
    furthest = 0.0
    for name in ("eight", "two"):
        apart = max(abs(a - b) for a, b in zip(alone, losses(folder / name), strict=True))
        print(f"{name}: losses within {apart:.1e} of those of one device")
        furthest = max(furthest, apart)
    return furthest


if __name__ == "__main__":
    main()
