"""The layers of an archive: its tensors by owner, in flax's layout and under flax's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod

import numpy as np

from cnndsl.weights.archive import Archive, Raw
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.graph import connected
from cnndsl.weights.layer import ROLES, Layer, Shape, Tensor, depthwise
from cnndsl.weights.transposed import KERNEL

IGNORED = ("num_batches_tracked", "count", "seed_generator_state")  # no weights of a layer


def layers_of_archive(archive: Archive) -> list[Layer]:
    """The layers of a file, shapes as flax has them.

    Their order is the file's or, where the file describes its network, one in which they can run.

    Names that end in `weight` mean PyTorch: its kernels are (O, I, H, W) and (O, I), flax's
    (H, W, I, O) and (I, O).

    Raises:
      WeightsError: if two tensors claim one place of a layer.
    """
    owners: dict[str, dict[str, Raw]] = {}
    for raw in archive.tensors:
        name = raw.name.removesuffix(":0").replace("/", ".")
        owner, _, role = name.rpartition(".")
        if role in IGNORED:
            continue
        held = owners.setdefault(owner, {})
        if role in held:
            raise WeightsError(f"{raw.name} and {held[role].name} are one name: which is meant?")
        held[role] = raw
    layers = [Layer(owner, _tensors(raws, archive.keras)) for owner, raws in owners.items()]
    return layers if archive.feeds is None else connected(layers, archive.feeds)


def _tensors(raws: Mapping[str, Raw], keras: bool) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for role, raw in raws.items():
        if role == "weight":
            name, tensor = _torch_weight(raw, set(raws))
        else:
            name, tensor = ROLES.get(role, role), _plain(raw, role)
            tensor = replace(tensor, of_undone=keras and role == KERNEL)
        if name in tensors:
            raise WeightsError(f"{raw.name} and {tensors[name].name} are both a layer's {name}")
        tensors[name] = tensor
    return tensors


def _plain(raw: Raw, role: str) -> Tensor:
    if role == "depthwise_kernel" and len(raw.shape) == 4:
        shape = depthwise(raw.shape)
        return Tensor(raw.name, shape, _floats(raw, lambda values: values.reshape(shape)))
    if role == "layer_scale" and raw.shape[1:] == (1, 1):  # torchvision's (C, 1, 1)
        return Tensor(raw.name, raw.shape[:1], _floats(raw, lambda values: values.reshape(-1)))
    return Tensor(raw.name, raw.shape, _floats(raw, lambda values: values))


def _torch_weight(raw: Raw, roles: set[str]) -> tuple[str, Tensor]:
    """What PyTorch calls `weight`: the kernel of a convolution or a dense layer, or a scale."""
    if 3 <= len(raw.shape) <= 5:  # of a signal, a feature map or a clip
        order = (*range(2, len(raw.shape)), 1, 0)
        shape = _moved(raw.shape, order)
        read = _floats(raw, lambda values: values.transpose(order))
        return KERNEL, Tensor(raw.name, shape, read, of_undone=True)
    if len(raw.shape) == 2:
        read = _floats(raw, lambda values: values.T)
        return KERNEL, Tensor(raw.name, raw.shape[::-1], read, channels_first=True)
    role = "slope" if roles == {"weight"} else "scale"
    return role, Tensor(raw.name, raw.shape, _floats(raw, lambda values: values))


def _moved(shape: Shape, order: tuple[int, ...]) -> Shape:
    return tuple(shape[axis] for axis in order)


def _floats(raw: Raw, laid_out: Callable[[np.ndarray], np.ndarray]) -> Callable[[], np.ndarray]:
    def read() -> np.ndarray:
        if not raw.floating:
            raise WeightsError(f"{raw.name} holds {raw.dtype}, weights are floating point numbers")
        values = raw.read()
        if values.size != prod(raw.shape):
            raise WeightsError(f"{raw.name} does not hold what its shape says")
        return laid_out(np.asarray(values, np.float32).reshape(raw.shape))

    return read
