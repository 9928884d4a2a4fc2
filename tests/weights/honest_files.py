"""One small network in every kind of file, byte for byte the same at every call."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import h5py
import numpy as np
from safetensors.numpy import save

from tests.weights import torch_files

ARRAYS = {
    "conv.weight": np.linspace(-1, 1, 432, dtype=np.float32).reshape(16, 3, 3, 3),
    "conv.bias": np.linspace(0, 1, 16, dtype=np.float32),
    "bn.weight": np.ones(16, np.float32),
    "bn.running_mean": np.zeros(16, np.float32),
    "fc.weight": np.linspace(-2, 2, 1600, dtype=np.float32).reshape(10, 160),
}
KERAS = {"conv2d": [(3, 3, 3, 16), (16,)], "dense": [(160, 10), (10,)], "dense_1": [(10, 4), (4,)]}
CONFIG = {
    "class_name": "Sequential",
    "config": {"name": "net", "layers": [{"config": {"name": name}} for name in KERAS]},
}
Members = Mapping[str, bytes]


def zipped(members: Members, packed: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)  # of 1980
            info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            archive.writestr(info, data)
    return buffer.getvalue()


def torch_zip(program: bytes, storages: list[bytes], packed: bool = False) -> bytes:
    members = {"net/data.pkl": program, "net/byteorder": b"little"}
    return zipped(members | {f"net/data/{i}": data for i, data in enumerate(storages)}, packed)


def torch_members() -> dict[str, bytes]:
    members = {"net/data.pkl": torch_files.dumped(torch_files.tensors(ARRAYS))}
    data = (array.tobytes() for array in ARRAYS.values())
    return members | {f"net/data/{i}": numbers for i, numbers in enumerate(data)}


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array)
    return buffer.getvalue()


def npz_members() -> dict[str, bytes]:
    return {f"{name}.npy": npy(array) for name, array in ARRAYS.items()}


def hdf5(write: Callable[[h5py.File], object], **options: object) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        write(file)
    return buffer.getvalue()


def keras_weights(file: h5py.File, **options: object) -> None:
    """As Keras 3 writes them; `options` are those of every array."""
    for layer, shapes in KERAS.items():
        group = file.create_group(f"layers/{layer}/vars")
        group.attrs["name"] = layer
        for index, shape in enumerate(shapes):
            values = np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
            group.create_dataset(str(index), data=values, **options)


def keras_model(file: h5py.File) -> None:
    """As Keras wrote them before 3."""
    file.attrs["model_config"] = json.dumps(CONFIG)
    above = file.create_group("model_weights")
    above.attrs["layer_names"] = [name.encode() for name in KERAS]
    for layer, shapes in KERAS.items():
        group = above.create_group(layer)
        roles = [f"{layer}/{role}:0" for role in ("kernel", "bias")]
        group.attrs["weight_names"] = [role.encode() for role in roles]
        for role, shape in zip(roles, shapes, strict=True):
            group[role] = np.ones(shape, np.float32)


def keras_archive(weights: bytes, packed: bool = False, config: bytes = b"") -> bytes:
    description = config or json.dumps(CONFIG).encode()
    return zipped({"config.json": description, "model.weights.h5": weights}, packed)


@cache
def honest() -> dict[str, tuple[str, bytes]]:
    """By name: how the file's name ends, and its bytes."""
    with tempfile.TemporaryDirectory() as folder:
        legacy = torch_files.save_legacy(Path(folder, "a.pth"), ARRAYS).read_bytes()
    members = torch_members()
    plain, gzipped = (
        hdf5(lambda file, options=options: keras_weights(file, **options))
        for options in ({}, {"compression": "gzip", "shuffle": True, "chunks": True})
    )
    return {
        "torch": (".pth", zipped(members)),
        "torch, packed": (".pth", zipped(members, packed=True)),
        "torch of before 1.6": (".pth", legacy),
        "safetensors": (".safetensors", save(ARRAYS, {"format": "pt"})),
        "numpy": (".npz", zipped(npz_members())),
        "numpy, packed": (".npz", zipped(npz_members(), packed=True)),
        "hdf5": (".weights.h5", plain),
        "hdf5, packed": (".weights.h5", gzipped),
        "hdf5 of before 3": (".h5", hdf5(keras_model)),
        "hdf5, latest": (".weights.h5", hdf5(keras_weights, libver="latest")),
        "keras": (".keras", keras_archive(plain)),
        "keras, packed": (".keras", keras_archive(gzipped, packed=True)),
    }
