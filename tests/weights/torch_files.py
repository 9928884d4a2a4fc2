"""Writes PyTorch's archives without PyTorch, honest ones and others."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C


@dataclass(frozen=True)
class Storage:
    key: str
    numbers: int


class FloatStorage:
    """Stands for `torch.FloatStorage` in pickles."""


class LongStorage:
    """Stands for `torch.LongStorage` in pickles."""


def _rebuild_tensor_v2(*arguments: Any) -> None:
    """Stands for the function of that name in `torch._utils`."""


@dataclass(frozen=True)
class Tensor:
    """Pickled as PyTorch pickles a tensor."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        return (
            _rebuild_tensor_v2,
            (self.storage, self.offset, self.shape, self.strides, False, OrderedDict()),
        )


class _Pickler(pickle.Pickler):
    legacy = False

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, Storage):
            parts = ("storage", FloatStorage, value.key, "cpu", value.numbers)
            return (*parts, None) if self.legacy else parts
        return None


@contextmanager
def _torch() -> Any:
    """Modules of PyTorch's names, so that pickles name them."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    torch.FloatStorage, torch.LongStorage, torch._utils = FloatStorage, LongStorage, utils
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    for item, module in (
        (FloatStorage, "torch"),
        (LongStorage, "torch"),
        (_rebuild_tensor_v2, "torch._utils"),
    ):
        item.__module__ = module
    sys.modules |= {"torch": torch, "torch._utils": utils}
    try:
        yield
    finally:
        del sys.modules["torch"], sys.modules["torch._utils"]


def dumped(value: Any, legacy: bool = False) -> bytes:
    """The pickle of a value as `torch.save` writes it."""
    buffer = io.BytesIO()
    with _torch():
        pickler = _Pickler(buffer, protocol=2)
        pickler.legacy = legacy
        pickler.dump(value)
    return buffer.getvalue()


def tensors(arrays: Mapping[str, np.ndarray]) -> OrderedDict[str, Tensor]:
    described = OrderedDict()
    for index, (name, array) in enumerate(arrays.items()):
        strides = tuple(stride // 4 for stride in array.strides)
        described[name] = Tensor(Storage(str(index), array.size), 0, array.shape, strides)
    return described


def write_zip(path: Path, program: bytes, storages: list[bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", program)
        archive.writestr("net/byteorder", "little")
        for index, data in enumerate(storages):
            archive.writestr(f"net/data/{index}", data)
    return path


def save(path: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """As `torch.save(model.state_dict(), path)` does."""
    data = [np.ascontiguousarray(array, np.float32).tobytes() for array in arrays.values()]
    return write_zip(path, dumped(tensors(arrays)), data)


def save_legacy(path: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """The form of before 1.6."""
    described = tensors(arrays)
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    keys = [tensor.storage.key for tensor in described.values()]
    with open(path, "wb") as file:
        for value in (MAGIC, 1001, system, described, keys):
            file.write(dumped(value, legacy=True))
        for array in arrays.values():
            data = np.ascontiguousarray(array, np.float32).tobytes()
            file.write(struct.pack("<q", array.size) + data)
    return path
