"""Reads PyTorch's `.pth` and `.pt`, the zip archives and the older form, without PyTorch.

Formats: torch/serialization.py. Tensors are all that comes out: a pickle that names anything else
is refused, and named in the message.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import IO

import ml_dtypes
import numpy as np

from cnndsl.weights.archive import (
    MAX_NUMBERS,
    Archive,
    Raw,
    check_count,
    checked_name,
    checked_shape,
    checked_sizes,
)
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.layer import Shape
from cnndsl.weights.readers.archives import entries
from cnndsl.weights.readers.pickled import FEW_STEPS, Name, Reference, load, table
from cnndsl.weights.readers.pieces import exactly, size_of

MAX_PICKLE = 16 * 2**20  # bytes; a thousand per tensor
MAX_SPREAD = 2  # of the bytes that a view lies in to those that it shows, unless they are few
FEW = 2**16
MAX_SKIPPED = 2**29  # bytes unpacked for tensors that are parts of them
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
    found = entries(path)
    programs = [name for name in found if name.endswith("/data.pkl")]
    if len(programs) != 1:
        raise WeightsError("it is a zip archive, but not PyTorch's: it has no data.pkl, or several")
    root = programs[0].removesuffix("data.pkl")
    order = found.get(f"{root}byteorder")
    if order is not None and order.read(64) != b"little":
        raise WeightsError("it was written on a machine of the other byte order")
    views = _views(load(io.BytesIO(found[programs[0]].read(MAX_PICKLE)), _call))
    start = f"{root}data/"
    data = {name.removeprefix(start): e for name, e in found.items() if name.startswith(start)}

    def values(view: View) -> np.ndarray:
        return _viewed(view, data[view.storage.key].part(*_span(view)))

    sizes = {key: entry.size for key, entry in data.items()}
    archive = _archive(path, "PyTorch archive", views, sizes, values)
    packed = [(view, data[view.storage.key]) for view in views.values()]
    parts = [e.size for view, e in packed if e.deflated and _bytes(view) < e.size]
    if sum(parts) > MAX_SKIPPED:  # for each of them all of its storage is unpacked
        raise WeightsError(
            "its tensors are small parts of what is packed: to read them would take too long",
            "save it again, tensors as they are: `{name: t.clone() for name, t in state.items()}`",
        )
    return archive


def _read_legacy(path: str) -> Archive:
    total = size_of(path)
    with open(path, "rb") as file:
        head = io.BytesIO(file.read(MAX_PICKLE))  # five pickles; the storages follow
        if load(head, _call, FEW_STEPS) != MAGIC:
            raise WeightsError("it is no file of PyTorch")
        load(head, _call, FEW_STEPS)  # the protocol's version
        system = load(head, _call, FEW_STEPS)
        if not isinstance(system, dict) or system.get("little_endian") is not True:
            raise WeightsError("it was written on a machine of the other byte order")
        views = _views(load(head, _call))
        keys = load(head, _call)
        known = {v.storage.key: v.storage for v in views.values()}
        sizes, places = _storages(file, head.tell(), total, keys, known)

    def values(view: View) -> np.ndarray:
        first, last = _span(view)
        with open(path, "rb") as file:
            data = exactly(file, places[view.storage.key] + first, last - first)
        return _viewed(view, data)

    return _archive(path, "PyTorch archive (of before 1.6)", views, sizes, values)


def _storages(
    file: IO[bytes], end: int, total: int, keys: object, known: Mapping[str, Storage]
) -> tuple[dict[str, int], dict[str, int]]:
    """The size in bytes and the place of every storage, in the order of `keys`, from `end` on."""
    sizes: dict[str, int] = {}
    places: dict[str, int] = {}
    for key in keys if isinstance(keys, list) else ():
        numbers = int.from_bytes(exactly(file, end, 8), "little", signed=True)
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
    if len(strides) != len(shape) or not 0 <= view.offset <= MAX_NUMBERS:
        raise WeightsError(f"{name} has strides that no tensor has")
    first, last = _span(view)
    available = min(sizes.get(view.storage.key, -1), _whole(view))
    if max(last, first + _bytes(view)) > available:
        raise WeightsError(f"{name} reaches beyond the file: it is damaged or cut off")
    if last - first > MAX_SPREAD * _bytes(view) + FEW:
        raise WeightsError(f"{name} is spread over {last - first:,} bytes, far more than it has")


def _bytes(view: View) -> int:
    return prod(view.shape) * view.storage.dtype.itemsize


def _whole(view: View) -> int:
    """The bytes of the storage that a view shows something of."""
    return view.storage.numbers * view.storage.dtype.itemsize


def _span(view: View) -> tuple[int, int]:
    """Where the numbers of a view begin and end, in bytes of its storage."""
    steps = ((n - 1) * stride for n, stride in zip(view.shape, view.strides, strict=False))
    numbers = sum(steps) + 1 if prod(view.shape) else 0
    size = view.storage.dtype.itemsize
    return view.offset * size, (view.offset + numbers) * size


def _viewed(view: View, data: bytes | bytearray) -> np.ndarray:
    """The tensor in the buffer that its span fills; numpy checks that it lies inside."""
    if not prod(view.shape):
        return np.empty(view.shape, view.storage.dtype)
    strides = [stride * view.storage.dtype.itemsize for stride in view.strides[: len(view.shape)]]
    values = np.ndarray(view.shape, view.storage.dtype, data, 0, strides)
    return values if len(data) == _bytes(view) else values.copy()
