"""Times training: images per second of networks of the zoo, against others and the hardware.

    python -m benchmarks.training [--models ResNet50 …] [--output FILE]

With a GPU: bfloat16, batches of 256. Each network takes the step of `cnndsl train`, that of
`nnx.jit`, a twin written by hand, Keras 3 on JAX and PyTorch (torch.compile, channels last), one
after the other in processes of their own. Without one: the small network alone, on the CPU in
float32, and `not measured` for the rest.

The roofline is the slower of operations by the peak rate and bytes by the bandwidth, both of the
step as compiled; it is known of the accelerators in `PEAKS`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measuring import ROOT, machine, report

MODELS = ("ResNet50", "VGG16", "InceptionV3", "DenseNet121", "MobileNetV2", "EfficientNetB0")
SMALL = "LeNet5ReLU"
KINDS = ("ours", "by_nnx_jit", "by_hand", "by_keras", "by_torch")
NOT_MEASURED = "not measured"
# Operations per second in bfloat16 without sparsity, and bytes per second: the makers' data sheets.
PEAKS = {
    "NVIDIA H200": (989e12, 4.8e12),
    "NVIDIA H100 80GB HBM3": (989e12, 3.35e12),
    "NVIDIA A100-SXM4-80GB": (312e12, 2.04e12),
}
WARM_UP, SECONDS = 3, 5.0


def measure(kind: str, model: str, batch: int, dtype: str) -> dict[str, object]:
    """One program on one network, in this process."""
    import jax
    import training_programs as programs

    begin = time.perf_counter()
    timed = getattr(programs, kind)(model, batch, dtype)
    if timed is None:
        return {"note": NOT_MEASURED}
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
    found: dict[str, object] = {
        "images per second": round(batch / seconds, 1),
        "milliseconds per step": round(1000 * seconds, 3),
        "milliseconds of the host per step": round(1000 * hosts / steps, 3),
        "seconds until the first step": round(ready, 1),
    }
    peak = PEAKS.get(jax.devices()[0].device_kind)
    if peak and timed.flops and timed.bytes:
        bound = max(timed.flops / peak[0], timed.bytes / peak[1])
        found["roofline, images per second"] = round(batch / bound, 1)
    return found


def apart(kind: str, model: str, batch: int, dtype: str) -> dict[str, object]:
    """The same in a process of its own, which has the device to itself."""
    call = [sys.executable, __file__, "--one", kind, model, str(batch), dtype]
    done = subprocess.run(call, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["it failed"]
        return {"note": f"{NOT_MEASURED}: {reason[0][:200]}"}
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def device() -> tuple[str, str]:
    """The platform and the kind of the device that JAX computes on."""
    code = "import jax; d = jax.devices()[0]; print(d.platform); print(d.device_kind)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True
    )
    platform, kind = done.stdout.splitlines()[-2:]
    return platform, kind


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        kind, model, batch, dtype = options.one
        print(json.dumps(measure(kind, model, int(batch), dtype)))
        return
    platform, kind_of_device = device()
    small = platform == "cpu"
    batch = options.batch or (64 if small else 256)
    dtype = "float32" if small else "bfloat16"
    results: dict[str, dict[str, object]] = {}
    if small:
        results[SMALL] = {kind: apart(kind, SMALL, batch, dtype) for kind in ("ours", "by_nnx_jit")}
    for model in options.models:
        results[model] = {
            kind: {"note": NOT_MEASURED} if small else apart(kind, model, batch, dtype)
            for kind in options.kinds
        }
    for model, found in results.items():
        for kind, figures in found.items():
            print(f"{model:16} {kind:12} {_said(figures)}", file=sys.stderr)
    packages = ("jax", "jaxlib", "flax", "optax", "keras")
    setting = {"device": kind_of_device, "batch": batch, "dtype": dtype}
    report({"machine": machine(*packages), **setting, "results": results}, options.output)


def _said(figures: object) -> str:
    if not isinstance(figures, dict):
        return NOT_MEASURED
    if "note" in figures:
        return str(figures["note"])
    return ", ".join(f"{name} {value}" for name, value in figures.items())


if __name__ == "__main__":
    main()
