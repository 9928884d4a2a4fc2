"""What changes while a network is trained, and what a step and a verdict give."""

from __future__ import annotations

from typing import NamedTuple

import jax
import optax
from flax import nnx

Leaves = list[jax.Array]
Rest = tuple[nnx.State, nnx.State]  # batch statistics, random numbers


class State(NamedTuple):
    """All that changes while a network is trained.

    Everything of the network is pure: arrays by path, without flax's variables around them.

    Attributes:
      statistics: of batch norms.
      random: the state of the network's random numbers.
      average: the moving average of parameters and statistics, if the recipe keeps one.
    """

    step: jax.Array
    params: nnx.State
    statistics: nnx.State
    random: nnx.State
    optimizer: optax.OptState
    average: nnx.State | None


class Metrics(NamedTuple):
    """Of one batch of training: the mean loss, and the share of images it got right."""

    loss: jax.Array
    accuracy: jax.Array


class Judged(NamedTuple):
    """Of each image (N,): the likeliest class, how likely its own class is, whether that is among
    the five likeliest, and its cross-entropy."""

    predicted: jax.Array
    probability: jax.Array
    among_five: jax.Array
    loss: jax.Array
