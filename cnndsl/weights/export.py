"""Our weights under the names, and in the shapes, of torchvision, timm and Keras."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
from flax import nnx

from cnndsl.weights.errors import WeightsError
from cnndsl.weights.known import names_of
from cnndsl.weights.layer import Layer, Shape
from cnndsl.weights.layouts import SOURCES, Layout, of_source
from cnndsl.weights.network import Network, dotted, network_of, weights_of
from cnndsl.weights.torch_writing import write_torch
from cnndsl.weights.writing import write

KERAS = "keras"
SUFFIXES = {
    KERAS: (".h5",),
    "torchvision": (".safetensors", ".pth"),
    "timm": (".safetensors", ".pth"),
}
_TORCH = {"scale": "weight", "mean": "running_mean", "var": "running_var"}
LAYER_SCALES = {"layer_scale": 2}  # how many axes of one follow that of the channels
_KERAS = {"scale": "gamma", "bias": "beta", "mean": "moving_mean", "var": "moving_variance"}

Tensors = dict[str, np.ndarray]


def export(model: nnx.Module, path: str | os.PathLike[str], layout: str) -> Layout:
    """Writes the weights of a network as a library has them.

    Args:
      path: `.safetensors` or `.pth` for torchvision and timm, `.h5` for Keras, which reads it with
        `load_weights(path, by_name=True)`.
      layout: torchvision, timm or keras.

    Returns:
      The layout, such as `torchvision resnet`.

    Raises:
      WeightsError: if the library has no such network, or the file's name no such ending.
      OSError: if it cannot be written.
    """
    name = os.fspath(path)
    if layout not in SOURCES:
        raise WeightsError(f"there is no layout of {layout}", f"there are {', '.join(SOURCES)}")
    if not name.endswith(SUFFIXES[layout]) or name.endswith(".weights.h5"):
        endings = " or ".join(SUFFIXES[layout])
        raise WeightsError(f"{layout} has its weights in files that end in {endings}")
    network = network_of(model)
    chosen = layout_of(network, layout)
    tensors = exported(model, network, chosen)
    if layout == KERAS:
        from cnndsl.weights.hdf5_writing import write_hdf5

        write_hdf5(path, by_layer(tensors))
    elif name.endswith(".pth"):
        write_torch(path, tensors)
    else:
        write(path, tensors, {"format": "pt"})
    return chosen


def layout_of(network: Network, source: str) -> Layout:
    """The layout of a library that has a name for every layer of a network.

    Raises:
      WeightsError: if there is none, or the library's network computes something else.
    """
    fitting = [
        found for found in of_source(source) if names_of(found, network.name, network.layers)
    ]
    fitting.sort(key=lambda found: network.name not in found.models)  # some differ in shapes alone
    if not fitting:
        raise WeightsError(f"{source} has no network with the layers of {network.name}")
    for layout in fitting:
        if not layout.form.differences(network.form):
            return layout
    differences = fitting[0].form.differences(network.form)
    raise WeightsError(
        f"{fitting[0].name} has {', '.join(one for one, _ in differences)}; {network.name} has "
        f"{', '.join(other for _, other in differences)}: there it would compute something else"
    )


def exported(model: nnx.Module, network: Network, layout: Layout) -> Tensors:
    """The tensors of a network, by the names of a layout and as its library lays them out.

    Layers of Keras end in `/`: `conv1/kernel`.
    """
    names = names_of(layout, network.name, network.layers)
    if names is None:
        raise ValueError(f"{layout.name} has no names for {network.name}")
    values = {dotted(path): v.get_value() for path, v in weights_of(model).items()}
    keras = KERAS in layout.sources
    found: Tensors = {}
    for layer in network.layers:
        name = names[layer.name]
        arrays = {
            role: np.asarray(values[tensor.name], np.float32)
            for role, tensor in layer.tensors.items()
        }
        made = _keras(name, arrays, layout) if keras else _torch(name, layer, arrays, layout)
        found |= {f"{name}{'/' if keras else '.'}{role}": array for role, array in made.items()}
    return found


def _torch(name: str, layer: Layer, arrays: Mapping[str, np.ndarray], layout: Layout) -> Tensors:
    norm = "mean" in arrays
    found = {}
    for role, array in _sorted(arrays).items():
        if role == "kernel":
            if name in layout.convolved:
                array = array.reshape(1, 1, *array.shape)
            elif name.endswith(layout.dense):
                array = array.reshape(array.shape[-2:])
            elif name.endswith(layout.flat):
                array = array.squeeze(1)
            found["weight"] = np.ascontiguousarray(_torch_kernel(array, layer.flattened))
        elif role == "scale" and len(arrays) == 1:
            found[layout.scale] = array.reshape(-1, *(1,) * LAYER_SCALES.get(layout.scale, 0))
        else:
            found[_TORCH.get(role, role)] = array
    if norm:
        found["num_batches_tracked"] = np.zeros((), np.int64)
    return found


def _torch_kernel(kernel: np.ndarray, flattened: Shape | None) -> np.ndarray:
    """(O, I, H, W), or with other axes behind, or (O, I); the rows of a flattened map are in
    (C, H, W) order.
    """
    if kernel.ndim > 2:
        return kernel.transpose(kernel.ndim - 1, kernel.ndim - 2, *range(kernel.ndim - 2))
    if flattened is not None:
        rows = kernel.reshape(*flattened, -1)
        kernel = np.moveaxis(rows, -2, 0).reshape(kernel.shape)
    return kernel.T


def _keras(name: str, arrays: Mapping[str, np.ndarray], layout: Layout) -> Tensors:
    norm = "mean" in arrays
    found = {}
    for role, array in _sorted(arrays).items():
        if role == "kernel" and array.ndim == 4 and array.shape[2] == 1:  # depthwise
            found["depthwise_kernel"] = array.transpose(0, 1, 3, 2)
        elif role == "kernel" and name in layout.convolved:
            found["kernel"] = array.reshape(1, 1, *array.shape)
        else:
            found[_KERAS[role] if norm else role] = array
    return found


def _sorted(arrays: Mapping[str, np.ndarray]) -> Tensors:
    """In the order in which libraries have them."""
    order = ("kernel", "scale", "bias", "mean", "var")
    return {role: arrays[role] for role in sorted(arrays, key=order.index)}


def by_layer(tensors: Mapping[str, np.ndarray]) -> dict[str, Tensors]:
    """Tensors by Keras's layers; the two halves of a separable convolution are one of them."""
    found: dict[str, Tensors] = {}
    for name, array in tensors.items():
        layer, _, role = name.rpartition("/")
        layer, _, half = layer.partition(".")
        found.setdefault(layer, {})[f"{half}_kernel" if half else role] = array
    return found
