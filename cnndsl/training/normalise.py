"""What images go through on the device before the network sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from cnndsl.training.data.resident import central
from cnndsl.training.data.source import Shape

RGB, BGR = "rgb", "bgr"


@dataclass(frozen=True)
class Normalise:
    """From 0 to 1 and RGB or gray -> as the network takes images; larger ones are cropped.

    Attributes:
      shape: (H, W, C) of the network's input.
      range: what 1 becomes before `mean` and `std`, one of each for every channel.
      channels: the order of colours in which the network takes them.
    """

    shape: Shape
    mean: tuple[float, ...]
    std: tuple[float, ...]
    range: float = 1.0
    channels: str = RGB

    def __call__(self, x: jax.Array) -> jax.Array:
        """(N, H', W', C) from 0 to 1 -> (N, H, W, C)."""
        if x.shape[1:] != self.shape:
            rows, columns = central(self.shape, (x.shape[1], x.shape[2], x.shape[3]))
            x = x[:, rows, columns]
        if self.channels == BGR:
            x = x[..., ::-1]
        return (x * self.range - jnp.array(self.mean)) / jnp.array(self.std)

    def settings(self) -> dict[str, Any]:
        """Plain data, from which `restored` makes it again."""
        return {
            "shape": list(self.shape),
            "range": self.range,
            "mean": list(self.mean),
            "std": list(self.std),
            "channels": self.channels,
        }


def restored(settings: Mapping[str, Any]) -> Normalise:
    return Normalise(
        tuple(settings["shape"]),
        tuple(settings["mean"]),
        tuple(settings["std"]),
        settings["range"],
        settings["channels"],
    )


def published(preprocess: Mapping[str, Any], shape: Shape) -> Normalise:
    """What a network's `PREPROCESS` says."""
    channels = shape[2]
    return Normalise(
        shape,
        _each(preprocess.get("mean", 0.0), channels),
        _each(preprocess.get("std", 1.0), channels),
        float(preprocess.get("range", 1.0)),
        BGR if preprocess.get("channels") == BGR else RGB,
    )


def _each(value: float | Sequence[float], channels: int) -> tuple[float, ...]:
    """One number for each channel."""
    if isinstance(value, int | float):
        return (float(value),) * channels
    return tuple(map(float, value))
