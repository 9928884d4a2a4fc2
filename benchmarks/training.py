"""Times training: images per second of networks of the zoo, against others and the hardware.

    python -m benchmarks.training [--models ResNet50 …] [--data SOURCE] [--minutes 28]

With a GPU: bfloat16, batches of 256 synthetic images that lie on the device. Each network takes the
step of `cnndsl train` with plain SGD; the same work as a twin written by hand, as Keras 3 on JAX,
as PyTorch (torch.compile, channels last) and under `nnx.jit`; the step with the recipe of the zoo;
and, with --data, with images that are read and decoded meanwhile. Each is a process of its own.

Without one: a small network alone, on the CPU in float32, and `not measured` for the rest.

What could not be measured is `not measured`, and why; with --minutes also what there was no time
for, the comparisons that matter least first. With --output, the file is written after every figure.
The roofline is the slower of operations by the peak rate and bytes by the bandwidth, both as the
compiler counts them in the step; it is known of the accelerators in `PEAKS`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measuring import ROOT, machine, report

MODELS = ("ResNet50", "VGG16", "InceptionV3", "DenseNet121", "MobileNetV2", "EfficientNetB0")
SMALL, SMALL_KINDS = "LeNet5ReLU", ("ours", "by_nnx_jit", "with_recipe", "on_data")
KINDS = ("ours", "by_hand", "by_keras", "by_torch", "with_recipe", "on_data", "by_nnx_jit")
NOT_MEASURED = "not measured"
# Operations per second in bfloat16 without sparsity, and bytes per second: the makers' data sheets.
PEAKS = {
    "NVIDIA H200": (989e12, 4.8e12),
    "NVIDIA H100 80GB HBM3": (989e12, 3.35e12),
    "NVIDIA A100-SXM4-80GB": (312e12, 2.04e12),
}
WARM_UP, SECONDS = 3, 5.0
LONGEST = 240.0  # seconds that a figure may take; compiling is most of it

Figures = dict[str, object]


def measure(kind: str, model: str, batch: int, dtype: str, data: str) -> Figures:
    """One program on one network, in this process."""
    import training_programs as programs

    begin = time.perf_counter()
    if kind == "on_data":
        timed = programs.on_data(model, batch, dtype, data)
    else:
        timed = getattr(programs, kind)(model, batch, dtype)
    for _ in range(WARM_UP):
        timed.run()
    timed.wait()
    ready = time.perf_counter() - begin
    hosts, steps, start = 0.0, 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        before = time.perf_counter()
        timed.run()
        hosts += time.perf_counter() - before
        steps += 1
        if steps % 10 == 0:
            timed.wait()
    timed.wait()
    seconds = (time.perf_counter() - start) / steps
    found: Figures = {
        "images per second": round(batch / seconds, 1),
        "milliseconds per step": round(1000 * seconds, 3),
        "milliseconds until a step returns": round(1000 * hosts / steps, 3),
        "seconds until the first step": round(ready, 1),
    }
    if timed.flops and timed.bytes:  # only JAX's: PyTorch's process leaves the device to PyTorch
        import jax

        if peak := PEAKS.get(jax.devices()[0].device_kind):
            bound = max(timed.flops / peak[0], timed.bytes / peak[1])
            found["roofline, images per second"] = round(batch / bound, 1)
    return found


def apart(call: list[str], seconds: float) -> Figures:
    """The same in a process of its own, which has the device to itself."""
    limit = min(seconds, LONGEST)
    try:
        done = subprocess.run(
            [sys.executable, __file__, "--one", *call],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        return {"note": f"{NOT_MEASURED}: it takes more than {limit:.0f} s"}
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return {"note": f"{NOT_MEASURED}: {lines[-1][:200] if lines else 'it failed'}"}
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def device() -> tuple[str, str]:
    """The platform and the kind of the device that JAX computes on."""
    code = "import jax; d = jax.devices()[0]; print(d.platform); print(d.device_kind)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True
    )
    platform, kind = done.stdout.splitlines()[-2:]
    return platform, kind


def wanted(options: argparse.Namespace, small: bool) -> list[tuple[str, str, str | None]]:
    """Kinds and models in the order in which they are measured, and why one is not."""
    found: list[tuple[str, str, str | None]] = []
    if small:
        found += [(kind, SMALL, None) for kind in SMALL_KINDS]
    for kind in options.kinds:
        for model in options.models:
            why = "no --data" if kind == "on_data" and options.data is None else None
            why = "that takes an accelerator" if small else why
            found.append((kind, model, why))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--data", help="real images, as `cnndsl train` takes them")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="for all figures")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        kind, model, batch, dtype, data = options.one
        print(json.dumps(measure(kind, model, int(batch), dtype, data)))
        return
    until = time.monotonic() + 60 * options.minutes
    platform, kind_of_device = device()
    small = platform == "cpu"
    size = options.batch or (64 if small else 256)
    computes = "float32" if small else "bfloat16"
    known: Figures = {
        "machine": machine(*_installed()),
        "device": kind_of_device,
        "batch": size,
        "dtype": computes,
        "data": options.data or ("digits" if small else None),
    }
    results: dict[str, dict[str, Figures]] = {}
    for kind, model, why in wanted(options, small):
        left = until - time.monotonic()
        if why is None and left < SECONDS:
            why = "the minutes were over"
        call = [kind, model, str(size), computes, options.data or "digits"]
        figures: Figures = {"note": f"{NOT_MEASURED}: {why}"} if why else apart(call, left)
        results.setdefault(model, {})[kind] = figures
        print(f"{model:16} {kind:12} {_said(figures)}", file=sys.stderr, flush=True)
        if options.output:
            report({**known, "results": results}, options.output)
    if not options.output:
        report({**known, "results": results}, None)


def _installed() -> list[str]:
    """The packages whose versions belong to the figures."""
    found = []
    for name in ("jax", "jaxlib", "flax", "optax", "keras", "torch", "torchvision"):
        try:
            version(name)
        except PackageNotFoundError:
            continue
        found.append(name)
    return found


def _said(figures: Figures) -> str:
    if "note" in figures:
        return str(figures["note"])
    return ", ".join(f"{name} {value}" for name, value in figures.items())


if __name__ == "__main__":
    main()
