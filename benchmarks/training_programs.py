"""The programs that `training.py` times: ours, a twin by hand, Keras's and PyTorch's.

Each is a function that makes a step on synthetic images, which lie on the device. A step returns
something that can be waited for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from cnndsl import zoo
from cnndsl.training.changes import Changes
from cnndsl.training.create import create
from cnndsl.training.define import choose, define
from cnndsl.training.devices import devices
from cnndsl.training.normalise import Normalise
from cnndsl.training.prepare import prepare
from cnndsl.training.recipe import Recipe
from cnndsl.training.settings import Settings
from cnndsl.training.step import Program

CLASSES = 1000
RATE, MOMENTUM = 0.1, 0.9


@dataclass(frozen=True)
class Timed:
    """A step to time: `run` makes one, `wait` waits until the last is over.

    `flops` and `bytes` are what the compiler says that a step computes and moves.
    """

    run: Callable[[], object]
    wait: Callable[[], object]
    flops: float | None = None
    bytes: float | None = None


def input_of(name: str) -> tuple[int, int, int]:
    """(H, W, C) of the images of a model of the zoo."""
    height, width, channels = zoo.find(name).input
    return height, width, channels


def synthetic(batch: int, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Images (batch, H, W, C) uint8 and labels (batch,)."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (batch, *shape), np.uint8)
    return images, rng.integers(0, CLASSES, batch).astype(np.int32)


@dataclass(frozen=True)
class Plain(Recipe):
    """A recipe of as little as the others do: SGD with momentum, cross-entropy, no augmentation."""

    BATCH_SIZE: int
    EPOCHS: int = 1
    EMA_DECAY: float | None = None

    def schedule(self, steps_per_epoch: int) -> optax.Schedule:
        return optax.constant_schedule(RATE)

    def optimizer(self, steps_per_epoch: int, model: nnx.Module) -> optax.GradientTransformation:
        return optax.sgd(RATE, MOMENTUM)

    def loss(
        self, model: nnx.Module, images: jax.Array, labels: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        logits = model(images).astype(jnp.float32)  # type: ignore[operator]
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean(), logits

    def augment(
        self, images: jax.Array, labels: jax.Array, key: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        return images, labels

    def average(
        self, averages: nnx.State, params: nnx.State, step: jax.Array, decay: float
    ) -> nnx.State:
        return averages


def ours(name: str, batch: int, dtype: str) -> Timed:
    """The step of `cnndsl train` with a recipe of as little as the others do."""
    return _step(name, batch, dtype, plain=True)


def with_recipe(name: str, batch: int, dtype: str) -> Timed:
    """The step of `cnndsl train` with the recipe of the zoo: its augmentation, averages, heads."""
    return _step(name, batch, dtype, plain=False)


def _step(name: str, batch: int, dtype: str, plain: bool) -> Timed:
    definition = define(choose(name), CLASSES, Changes(batch=batch, epochs=1))
    shape = definition.input_shape
    channels = shape[2]
    chosen = jnp.dtype(dtype)
    recipe: Recipe = definition.recipe
    if plain:
        recipe = Plain(batch)
    program = Program(
        create(definition.build(dtype=chosen), 0),
        recipe,
        Normalise(shape, (0.5,) * channels, (0.25,) * channels),
        5000,
        devices(),
        0,
    )
    images, labels = map(program.devices.put_batch, synthetic(batch, shape))
    leaves = program.start()
    compiled = program.step.lower(leaves, images, labels).compile()  # type: ignore[attr-defined]

    def run() -> object:
        nonlocal leaves
        leaves, metrics = compiled(leaves, images, labels)
        return metrics

    flops, moved = _costs(compiled)
    return Timed(run, lambda: jax.block_until_ready(leaves), flops, moved)


def on_data(name: str, batch: int, dtype: str, data: str) -> Timed:
    """The same step with images that are read, decoded and sent while the device computes."""
    workers = min(8, os.cpu_count() or 1) if jax.default_backend() != "cpu" else 0
    settings = Settings(
        name, data=data, batch=batch, epochs=1, dtype=dtype, memory="stream", workers=workers
    )
    prepared = prepare(settings, devices())
    leaves, done = prepared.program.start(), 0

    def run() -> object:
        nonlocal leaves, done
        leaves, metrics = prepared.feed.run(prepared.program, leaves, done, done + 1)
        done += 1
        return metrics

    return Timed(run, lambda: jax.block_until_ready(leaves))


def by_nnx_jit(name: str, batch: int, dtype: str) -> Timed:
    """The same network under `nnx.jit` and `nnx.Optimizer`, as flax's guides write a step."""
    model = zoo.create(name, dtype=jnp.dtype(dtype), rngs=nnx.Rngs(0))
    return _timed_nnx(model, batch, zoo.find(name).input)


def by_hand(name: str, batch: int, dtype: str) -> Timed:
    """A network written by hand, in a step written by hand."""
    from training_twins import twin

    model = twin(name)(CLASSES, dtype=jnp.dtype(dtype), rngs=nnx.Rngs(0))
    model.train()
    graph, params, rest = nnx.split(model, nnx.Param, ...)
    optimizer = optax.sgd(RATE, MOMENTUM)
    state, tree = jax.tree.flatten((params, rest, optimizer.init(params)))
    images, labels = map(jnp.asarray, synthetic(batch, input_of(name)))

    @partial(jax.jit, donate_argnums=0)
    def step(
        state: list[jax.Array], images: jax.Array, labels: jax.Array
    ) -> tuple[list[jax.Array], jax.Array]:
        params, rest, memory = jax.tree.unflatten(tree, state)

        def loss_of(params: nnx.State) -> tuple[jax.Array, nnx.State]:
            model = nnx.merge(graph, params, rest, copy=True)
            logits = model(images.astype(jnp.float32) / 255).astype(jnp.float32)
            losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
            return losses.mean(), nnx.state(model, nnx.Not(nnx.Param))

        (loss, changed), gradients = jax.value_and_grad(loss_of, has_aux=True)(params)
        updates, memory = optimizer.update(gradients, memory, params)
        params = optax.apply_updates(params, updates)
        return jax.tree.leaves((params, changed, memory)), loss

    def run() -> object:
        nonlocal state
        state, loss = step(state, images, labels)
        return loss

    return Timed(run, lambda: jax.block_until_ready(state))


def by_keras(name: str, batch: int, dtype: str) -> Timed:
    """Keras's application of that name on JAX, in its own training step."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    keras.mixed_precision.set_global_policy("mixed_bfloat16" if dtype == "bfloat16" else "float32")
    model = getattr(keras.applications, name)(weights=None, classifier_activation=None)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(RATE, MOMENTUM), loss)
    images, labels = synthetic(batch, tuple(model.input_shape[1:]))
    pixels, targets = jnp.asarray(images, jnp.float32) / 255, jnp.asarray(labels)
    last: list[object] = []

    def run() -> object:
        last[:] = [model.train_on_batch(pixels, targets)]
        return last[0]

    return Timed(run, lambda: last)


def by_torch(name: str, batch: int, dtype: str) -> Timed:
    """torchvision's network under torch.compile, channels last.

    Raises:
      ModuleNotFoundError: if torch or torchvision is not installed.
    """
    import torch  # type: ignore[import-not-found, unused-ignore]
    import torchvision  # type: ignore[import-not-found, unused-ignore]

    names = {"MobileNetV2": "mobilenet_v2", "EfficientNetB0": "efficientnet_b0"}
    names["InceptionV3"] = "inception_v3"
    device = "cuda" if torch.cuda.is_available() else "cpu"
    extra = {"aux_logits": False} if name == "InceptionV3" else {}
    model = getattr(torchvision.models, names.get(name, name.lower()))(weights=None, **extra)
    model = model.to(device, memory_format=torch.channels_last)
    images, labels = synthetic(batch, input_of(name))
    pixels = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float().div_(255)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    targets = torch.from_numpy(labels).long().to(device)
    optimizer = torch.optim.SGD(model.parameters(), RATE, MOMENTUM)
    computes = torch.bfloat16 if dtype == "bfloat16" else torch.float32
    compiled = torch.compile(model)

    def run() -> object:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, computes, enabled=computes is not torch.float32):
            loss = torch.nn.functional.cross_entropy(compiled(pixels), targets)
        loss.backward()
        optimizer.step()
        return loss

    return Timed(run, torch.cuda.synchronize if device == "cuda" else lambda: None)


def _timed_nnx(model: nnx.Module, batch: int, shape: tuple[int, ...]) -> Timed:
    height, width, channels = shape
    optimizer = nnx.Optimizer(model, optax.sgd(RATE, MOMENTUM), wrt=nnx.Param)
    images, labels = map(jnp.asarray, synthetic(batch, (height, width, channels)))

    @nnx.jit
    def step(
        model: nnx.Module, optimizer: nnx.Optimizer, images: jax.Array, labels: jax.Array
    ) -> jax.Array:
        def loss_of(model: nnx.Module) -> jax.Array:
            logits = model(images.astype(jnp.float32) / 255).astype(jnp.float32)  # type: ignore[operator]
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        loss, gradients = nnx.value_and_grad(loss_of)(model)
        optimizer.update(model, gradients)
        return loss

    last: list[jax.Array] = []

    def run() -> object:
        last[:] = [step(model, optimizer, images, labels)]
        return last[0]

    return Timed(run, lambda: jax.block_until_ready(last))


def _costs(compiled: jax.stages.Compiled) -> tuple[float | None, float | None]:
    """The operations and the bytes of a compiled step, where the backend counts them."""
    found = compiled.cost_analysis() or {}
    return found.get("flops"), found.get("bytes accessed")
