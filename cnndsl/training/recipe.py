"""A recipe as code: the module that a spec's `train { … }` compiles to."""

from __future__ import annotations

from typing import Protocol, cast

import jax
import optax
from flax import nnx

from cnndsl.loading import module_from


class Recipe(Protocol):
    """What the loop asks of a recipe's module."""

    BATCH_SIZE: int
    EPOCHS: int
    EMA_DECAY: float | None

    def schedule(self, steps_per_epoch: int) -> optax.Schedule:
        """The learning rate by step."""
        ...

    def optimizer(
        self, steps_per_epoch: int, model: nnx.Module
    ) -> optax.GradientTransformation: ...

    def loss(
        self, model: nnx.Module, images: jax.Array, labels: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """The mean loss and the logits (N, classes); labels (N,), or (N, classes) if mixed."""
        ...

    def augment(
        self, images: jax.Array, labels: jax.Array, key: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Changed images (N, H, W, C) from 0 to 1, and their labels."""
        ...

    def average(
        self, averages: nnx.State, params: nnx.State, step: jax.Array, decay: float
    ) -> nnx.State:
        """The moving averages after a step; a recipe without EMA_DECAY has no such function."""
        ...


def load_recipe(name: str, code: str) -> Recipe:
    """The module of a recipe's text, which is called `name` in tracebacks."""
    return cast(Recipe, module_from(name, code))
