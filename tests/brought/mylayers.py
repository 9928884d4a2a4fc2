"""Layers as an author may write them, for the specs of these tests."""

import jax
import jax.numpy as jnp
from flax import nnx


class Gated(nnx.Module):
    """A convolution times a gate per channel; of any rank."""

    def __init__(self, in_features, filters, kernel, slope, *, rngs):
        self.conv = nnx.Conv(in_features, filters, kernel, rngs=rngs)
        self.gate = nnx.Param(jnp.full((filters,), 0.5))
        self.seen = nnx.BatchStat(jnp.zeros(()))
        self.slope = slope

    def __call__(self, x):
        return nnx.leaky_relu(self.conv(x), self.slope) * self.gate[...]


class Mixed(nnx.Module):
    """Draws in training."""

    def __init__(self, in_features, *, rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(x)


class Transposed(nnx.Module):
    """Takes no batch: it gives the first axis another place."""

    def __init__(self, in_features, *, rngs):
        pass

    def __call__(self, x):
        return x.T


class Several(nnx.Module):
    def __init__(self, in_features, *, rngs):
        pass

    def __call__(self, x):
        return x, x


class Broken(nnx.Module):
    def __init__(self, in_features, *, rngs):
        pass

    def __call__(self, x):
        raise ValueError("no such day")


class Proud(nnx.Module):
    """Has a dtype of its own, which a network gives another value."""

    def __init__(self, in_features, *, rngs):
        self.dtype = jnp.float32

    def __call__(self, x):
        return x * jnp.ones((), self.dtype.dtype)


def function(in_features, *, rngs):
    return jax.nn.relu
