"""Reads PyTorch's `.pth` and `.pt`, the zip archives and the older form, without PyTorch.

Formats: torch/serialization.py. Tensors are all that comes out: a pickle that names anything else
is refused, and named in the message.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import IO

import ml_dtypes
import numpy as np

from cnndsl.weights.archive import (
    Archive,
    Raw,
    check_count,
    checked_name,
    checked_shape,
    checked_sizes,
)
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.layer import Shape
from cnndsl.weights.readers.archives import entries, unpacked
from cnndsl.weights.readers.pickled import Name, Reference, load, table

MAX_PICKLE = 64 * 2**20  # bytes
MAGIC = 0x1950A86A20F9469CFC6C
WRAPPED = ("state_dict", "model_state_dict", "model", "net", "ema")  # where checkpoints keep it
DTYPES = {
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


@dataclass(frozen=True)
class Storage:
    """Numbers in a row, of which tensors are views."""

    key: str
    dtype: np.dtype
    numbers: int


@dataclass(frozen=True)
class View:
    """A tensor: `shape` and `strides` in numbers, from `offset` on."""

    storage: Storage
    offset: int
    shape: Shape
    strides: Shape


def read(path: str) -> Archive:
    """Raises: WeightsError: if the file does more than hold tensors, or is damaged."""
    with open(path, "rb") as file:
        zipped = file.read(2) == b"PK"
    return _read_zip(path) if zipped else _read_legacy(path)


def _read_zip(path: str) -> Archive:
    with zipfile.ZipFile(path) as archive:
        found = {entry.filename: entry for entry in entries(archive)}
        program = next((name for name in found if name.endswith("/data.pkl")), None)
        if program is None:
            raise WeightsError("it is a zip archive, but not PyTorch's: it has no data.pkl")
        root = program.removesuffix("data.pkl")
        order = f"{root}byteorder"
        if order in found and unpacked(archive, order, 64) != b"little":
            raise WeightsError("it was written on a machine of the other byte order")
        views = _views(load(unpacked(archive, program, MAX_PICKLE), _call))
    sizes = {name.removeprefix(f"{root}data/"): e.file_size for name, e in found.items()}

    def values(view: View) -> np.ndarray:
        name, size = f"{root}data/{view.storage.key}", sizes[view.storage.key]
        with zipfile.ZipFile(path) as archive:
            return _viewed(view, unpacked(archive, name, size))

    return _archive(path, "PyTorch archive", views, sizes, values)


def _read_legacy(path: str) -> Archive:
    with open(path, "rb") as file:
        if load(file, _call) != MAGIC:
            raise WeightsError("it is no file of PyTorch")
        load(file, _call)  # the protocol's version
        system = load(file, _call)
        if not isinstance(system, dict) or system.get("little_endian") is not True:
            raise WeightsError("it was written on a machine of the other byte order")
        views = _views(load(file, _call))
        keys = load(file, _call)
        sizes, places = _storages(file, keys, {v.storage.key: v.storage for v in views.values()})

    def values(view: View) -> np.ndarray:
        key = view.storage.key
        with open(path, "rb") as file:
            file.seek(places[key])
            return _viewed(view, file.read(sizes[key]))

    return _archive(path, "PyTorch archive (of before 1.6)", views, sizes, values)


def _storages(
    file: IO[bytes], keys: object, known: Mapping[str, Storage]
) -> tuple[dict[str, int], dict[str, int]]:
    """The size in bytes and the place of every storage, in the order of `keys`."""
    sizes: dict[str, int] = {}
    places: dict[str, int] = {}
    end = file.seek(0, 1)
    total = file.seek(0, 2)
    for key in keys if isinstance(keys, list) else ():
        file.seek(end)
        numbers = int.from_bytes(file.read(8), "little", signed=True)
        storage = known.get(key) if isinstance(key, str) else None
        if storage is None or numbers < 0 or key in sizes:
            raise WeightsError("it lists storages that no tensor uses, or twice")
        sizes[key], places[key] = numbers * storage.dtype.itemsize, end + 8
        end += 8 + sizes[key]
        if end > total:
            raise WeightsError("it is cut off: tensors reach beyond its end")
    return sizes, places


def _call(function: Name, arguments: tuple[object, ...]) -> object:
    """What PyTorch's own pickles call."""
    match str(function), arguments:
        case "collections.OrderedDict", ():
            return {}
        case "collections.OrderedDict", (list(items),):
            return table(items)
        case "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor", (
            Reference() as reference,
            int(offset),
            tuple(shape),
            tuple(strides),
            *_,
        ):
            return View(_storage(reference), offset, shape, strides)
        case "torch._utils._rebuild_parameter", (View() as view, *_):
            return view
    raise WeightsError(
        f"its pickle asks to run {str(function)[:100]}, which no tensor needs",
        "nothing was run; save its state_dict alone, or as safetensors, where you trust it",
    )


def _storage(reference: Reference) -> Storage:
    match reference.parts:
        case ("storage", Name("torch", kind), str(key), _, int(numbers), *rest) if (
            kind in DTYPES and numbers >= 0 and rest in ([], [None])
        ):
            return Storage(key, DTYPES[kind], numbers)
    raise WeightsError("a tensor refers to numbers that are none of PyTorch's plain types")


def _views(value: object) -> dict[str, View]:
    """The tensors of a state dict, or of a checkpoint around one."""
    if not isinstance(value, dict):
        raise WeightsError("it holds no state_dict")
    inner = (value.get(key) for key in WRAPPED)
    state = next((wrapped for wrapped in inner if isinstance(wrapped, dict)), value)
    views = {name: view for name, view in state.items() if isinstance(view, View)}
    if not views:
        raise WeightsError("it holds no tensors by name", "save `model.state_dict()`")
    check_count(len(views))
    return views


def _archive(
    path: str,
    kind: str,
    views: Mapping[str, View],
    sizes: Mapping[str, int],
    values: Callable[[View], np.ndarray],
) -> Archive:
    tensors = []
    for name, view in views.items():
        _check(checked_name(name), view, sizes)
        tensors.append(Raw(name, view.shape, view.storage.dtype.name, partial(values, view)))
    return Archive(path, kind, tuple(tensors), ordered=True)


def _check(name: str, view: View, sizes: Mapping[str, int]) -> None:
    """A view must lie inside its storage, and the storage inside the file."""
    shape = checked_shape(name, view.shape)
    strides = checked_sizes(name, view.strides) if shape else ()
    if len(strides) != len(shape) or view.offset < 0:
        raise WeightsError(f"{name} has strides that no tensor has")
    reach = view.offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) + 1
    available = sizes.get(view.storage.key, -1) // view.storage.dtype.itemsize
    if prod(shape) and (reach > available or prod(shape) > available):
        raise WeightsError(f"{name} reaches beyond the file: it is damaged or cut off")


def _viewed(view: View, data: bytes) -> np.ndarray:
    numbers = np.frombuffer(data, view.storage.dtype)[view.offset :]
    strides = [stride * numbers.itemsize for stride in view.strides]
    return np.lib.stride_tricks.as_strided(numbers, view.shape, strides, writeable=False)
