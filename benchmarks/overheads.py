"""What training costs besides computing: creating, compiling, a step's host time, reading images.

    python -m benchmarks.overheads [--output FILE]

Each figure is a ratio of two programs of one run, in processes of their own, for times alone say
more about the machine. All are measured on the CPU, whatever else there is. Takes minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measuring import machine, output, report, row

CREATED, STEPPED = "ResNet50", "ResNet20"
BATCH, CALLS = 8, 40
PICTURES, SIDE = 384, 320  # photographs that are read, and their height and width


def create_ours() -> float:
    """Seconds until a new network is there, compiling included, as in `cnndsl train`."""
    import jax

    from cnndsl.training.create import create
    from cnndsl.training.define import choose, define

    definition = define(choose(CREATED))
    _ = definition.module
    start = time.perf_counter()
    jax.block_until_ready(_leaves(create(definition.build(), 0)))
    return time.perf_counter() - start


def create_layer_by_layer() -> float:
    """The same by the constructor of the generated class, as flax creates networks."""
    import jax
    from flax import nnx

    from cnndsl import zoo

    zoo.create("LeNet5MNIST", rngs=nnx.Rngs(0))
    start = time.perf_counter()
    jax.block_until_ready(_leaves(zoo.create(CREATED, rngs=nnx.Rngs(0))))
    return time.perf_counter() - start


def create_keras() -> float:
    """The same network of Keras's on JAX."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    start = time.perf_counter()
    getattr(keras.applications, CREATED)(weights=None)
    return time.perf_counter() - start


def host_ours() -> float:
    """Milliseconds until a step of `cnndsl train` returns; what it computes goes on behind it."""
    program, leaves, images, labels = _program()
    return _milliseconds(program.step, leaves, images, labels)


def host_flat() -> float:
    """The same function of as many arrays under a bare `jax.jit`."""
    import jax

    program, leaves, images, labels = _program()
    bare = jax.jit(program._step, donate_argnums=0)
    return _milliseconds(bare, leaves, images, labels)


def host_nnx() -> float:
    """The same network under `nnx.jit` with `nnx.Optimizer`."""
    from training_programs import by_nnx_jit

    timed = by_nnx_jit(STEPPED, BATCH, "float32")
    times = []
    for _ in range(CALLS):
        before = time.perf_counter()
        timed.run()
        times.append(time.perf_counter() - before)
        timed.wait()
    return 1000 * min(times)


def compile_ours() -> float:
    """Seconds of compiling a step, tracing included."""
    program, leaves, images, labels = _program()
    start = time.perf_counter()
    program.step.lower(leaves, images, labels).compile()  # type: ignore[attr-defined]
    return time.perf_counter() - start


def compile_nnx() -> float:
    """Seconds of the first step under `nnx.jit`, nearly all of them compiling."""
    from training_programs import by_nnx_jit

    timed = by_nnx_jit(STEPPED, BATCH, "float32")
    start = time.perf_counter()
    timed.run()
    timed.wait()
    return time.perf_counter() - start


def read_ours() -> float:
    """Milliseconds for an image of a folder of JPEG files, as they reach the device."""
    from cnndsl.training.devices import devices
    from cnndsl.training.prepare import prepare
    from cnndsl.training.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        _photographs(Path(folder))
        settings = Settings(STEPPED, data=folder, batch=64, memory="stream")
        feed = prepare(settings, devices()).feed

        class Nothing:
            def step(self, leaves: list[object], *batch: object) -> tuple[list[object], None]:
                return leaves, None

        feed.run(Nothing(), [], 0, 1)  # type: ignore[arg-type]
        start = time.perf_counter()
        feed.run(Nothing(), [], 1, 16)  # type: ignore[arg-type]
        return 1000 * (time.perf_counter() - start) / (15 * 64)


def read_by_pillow() -> float:
    """Milliseconds of one thread that decodes and resizes the same images, and no more."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        _photographs(Path(folder))
        paths = sorted(Path(folder).rglob("*.jpg"))
        start = time.perf_counter()
        for path in paths:
            with Image.open(path) as image:
                image.convert("RGB").resize((32, 32))
        return 1000 * (time.perf_counter() - start) / len(paths)


# What is measured: its name, our program, the other, and the ratio that it may have at most.
FIGURES: tuple[tuple[str, Callable[[], float], Callable[[], float], float | None], ...] = (
    (f"creating {CREATED}, to layer by layer", create_ours, create_layer_by_layer, 1 / 3),
    (f"creating {CREATED}, to Keras", create_ours, create_keras, None),
    ("host time of a step, to jax.jit over flat leaves", host_ours, host_flat, 2.0),
    ("host time of a step, to nnx.jit", host_ours, host_nnx, None),
    ("compiling a step, to nnx.jit", compile_ours, compile_nnx, None),
    ("reading an image, to Pillow in one thread", read_ours, read_by_pillow, None),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Times what training costs besides computing.")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(globals()[options.one]()))
        return
    rows = []
    for figure, ours, other, most in FIGURES:
        a, b = (_apart(each.__name__) for each in (ours, other))
        rows.append({**row(figure, a / b, most), "ours": round(a, 4), "other": round(b, 4)})
        print(f"{figure}: {a / b:.2f} ({a:.3f} to {b:.3f})", file=sys.stderr, flush=True)
    packages = ("jax", "jaxlib", "flax", "optax", "keras", "grain", "pillow")
    report({"machine": machine(*packages), "figures": rows}, options.output)


def _apart(name: str) -> float:
    call = [sys.executable, __file__, "--one", name]
    return float(output(call, JAX_PLATFORMS="cpu").splitlines()[-1])


def _leaves(model: object) -> list[object]:
    import jax
    from flax import nnx

    return jax.tree.leaves(nnx.as_pure(nnx.state(model, nnx.Param)))


def _program() -> tuple:  # type: ignore[type-arg]
    """The program of a network with plain SGD, its state, and a batch."""
    import numpy as np
    from training_programs import Plain, input_of, synthetic

    from cnndsl.training.create import create
    from cnndsl.training.define import choose, define
    from cnndsl.training.devices import devices
    from cnndsl.training.normalise import Normalise
    from cnndsl.training.step import Program

    shape = input_of(STEPPED)
    normalise = Normalise(shape, (0.5,) * shape[2], (0.25,) * shape[2])
    definition = define(choose(STEPPED))
    program = Program(create(definition.build(), 0), Plain(BATCH), normalise, 100, devices(), 0)
    images, labels = synthetic(BATCH, shape)
    put = program.devices.put_batch
    return program, program.start(), put(images), put(np.asarray(labels) % 10)


def _milliseconds(step: Callable[..., tuple], leaves: object, *batch: object) -> float:  # type: ignore[type-arg]
    import jax

    times = []
    for _ in range(CALLS):
        before = time.perf_counter()
        leaves, metrics = step(leaves, *batch)
        times.append(time.perf_counter() - before)
        jax.block_until_ready((leaves, metrics))
    return 1000 * min(times)


def _photographs(folder: Path) -> None:
    """JPEG files of smooth noise in two classes."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for index in range(PICTURES):
        path = folder / f"class{index % 2}" / f"{index:04}.jpg"
        path.parent.mkdir(exist_ok=True)
        small = Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8))
        small.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(path, quality=90)


if __name__ == "__main__":
    main()
