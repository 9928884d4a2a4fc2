"""The layers of a Keras model, in the order in which they run, and their copy into a network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import jax
import numpy as np
from flax import nnx

from cnndsl.weights.assign import Source, assign
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.fill import Filled, fill
from cnndsl.weights.form import form_of
from cnndsl.weights.layer import ROLES, Layer, Shape, Tensor, depthwise
from cnndsl.weights.mapping import Choices
from cnndsl.weights.network import image_shape, network_of
from cnndsl.weights.trace import in_order, trace
from cnndsl.weights.transposed import KERNEL

if TYPE_CHECKING:
    import keras


def from_keras(model: nnx.Module, keras_model: keras.Model, *, skip_head: bool = False) -> Filled:
    """Copies the weights of a Keras model, built on JAX, into a generated network.

    Layers are matched by the structure of the two networks: kind, shapes, and what feeds what.
    All weights are copied or none.

    Args:
      model: the network to fill; its size of images may differ where no weight depends on it.
      keras_model: a functional or sequential model, such as `keras.applications.VGG16()`.
      skip_head: leave the layers that give the logits as they are. A network built with
        `classes=0` needs no such word: it has none.

    Raises:
      WeightsError: if a layer of one has no counterpart in the other, or the two compute other
        things with the same weights; the text says which.
    """
    import keras

    if keras.backend.backend() != "jax":
        raise WeightsError(
            f"Keras runs on {keras.backend.backend()}, not on JAX",
            "set KERAS_BACKEND=jax in the environment before keras is imported",
        )
    shape = tuple(keras_model.input_shape[1:])
    if None in shape:  # it takes images of any size
        shape = image_shape(model)
    theirs = keras_source(keras_model, shape)
    matching = assign(network_of(model, shape), theirs, Choices(), skip_head)
    return fill(model, matching)


def keras_source(keras_model: keras.Model, image: Shape) -> Source:
    """The layers with weights of a Keras model, shapes as flax has them, and its form.

    What Keras does to pixels before the first layer (`Normalization`) is no part of a network here.
    """
    import keras

    outer = {id(v): layer for layer in _leaves(keras_model) for v in layer.variables}
    without = (keras.layers.Normalization, keras.layers.Dropout)  # a dropout holds a seed
    variables = [*keras_model.trainable_variables, *keras_model.non_trainable_variables]
    grouped: dict[str, dict[str, Tensor]] = {}
    indices: dict[str, int] = {}
    owners: list[int | None] = []
    for variable in variables:
        layer = outer.get(id(variable))
        if layer is None:
            raise WeightsError(f"{variable.path} belongs to no layer of {keras_model.name}")
        if isinstance(layer, without):
            owners.append(None)
            continue
        name = layer.path or layer.name
        if isinstance(layer, keras.layers.SeparableConv2D):
            part = "depthwise" if variable.name == "depthwise_kernel" else "pointwise"
            name = f"{name}.{part}"
        own_name = _name(layer, variable)
        role = ROLES.get(own_name, own_name)
        grouped.setdefault(name, {})[role] = _tensor(layer, variable)
        owners.append(indices.setdefault(name, len(indices)))

    trainable = len(keras_model.trainable_variables)

    def run(values: list[jax.Array], x: jax.Array) -> object:
        outputs, *_ = keras_model.stateless_call(
            values[:trainable], values[trainable:], x, training=False
        )
        return outputs

    batch = jax.ShapeDtypeStruct((1, *image), np.float32)
    values = [jax.ShapeDtypeStruct(v.shape, v.dtype) for v in variables]
    layers = [Layer(name, tensors) for name, tensors in grouped.items()]
    traced = trace(run, values, owners, batch)
    placed = tuple(in_order(layers, traced))
    return Source(placed, form=form_of(placed, traced.pools))


def _leaves(keras_model: keras.Model) -> list[keras.layers.Layer]:
    """Every layer that holds variables itself; models inside models are opened."""
    found: list[keras.layers.Layer] = []
    for layer in keras_model._flatten_layers(include_self=False, recursive=True):
        if layer.variables and not list(layer._flatten_layers(include_self=False)):
            found.append(layer)
    return found


def _name(layer: keras.layers.Layer, variable: keras.Variable) -> str:
    """The variable's name, or its attribute's where it has none, as in ConvNeXt's LayerScale."""
    unnamed = re.fullmatch(r"variable(_\d+)?", variable.name)
    attributes = (name for name, value in vars(layer).items() if value is variable)
    return next(attributes, variable.name) if unnamed else variable.name


def _tensor(layer: keras.layers.Layer, variable: keras.Variable) -> Tensor:
    import keras

    shape: Shape = tuple(variable.shape)
    undoing = (
        keras.layers.Conv1DTranspose,
        keras.layers.Conv2DTranspose,
        keras.layers.Conv3DTranspose,
    )
    if isinstance(layer, undoing) and variable.name == KERNEL:
        return Tensor(variable.path, shape, lambda: np.asarray(variable.value), of_undone=True)
    depth = isinstance(layer, keras.layers.DepthwiseConv2D) and variable.name == "kernel"
    if depth or variable.name == "depthwise_kernel":
        shape = depthwise(shape)
    return Tensor(variable.path, shape, lambda: np.asarray(variable.value).reshape(shape))
