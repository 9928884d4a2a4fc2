"""Reads what Keras writes: `.weights.h5`, `.h5` and, around them, `.keras`.

HDF5 can point outside its file, and name plugins that unpack its data. Only plain datasets that lie
in the file, packed with what comes with HDF5, are accepted; nothing is unpacked before its shape
is wanted.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import prod
from typing import IO

import h5py
import numpy as np

from cnndsl.weights.archive import Archive, Raw, check_count, checked_name, checked_shape
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.readers.archives import entries, unpacked
from cnndsl.weights.readers.keras_config import MAX_CONFIG, feeds_of

CONFIG = "config.json"
MAX_DEPTH = 32
MAX_FILE = 8 * 2**30  # bytes of the weights inside a .keras archive
MAX_CHUNK = 2**28  # bytes that one piece unpacks to
FILTERS = (h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, 32000)

# The variables of a layer in Keras's order, by the name of its class.
VARIABLES = {
    "conv2d": ("kernel", "bias"),
    "dense": ("kernel", "bias"),
    "depthwise_conv2d": ("depthwise_kernel", "bias"),
    "separable_conv2d": ("depthwise/depthwise_kernel", "pointwise/kernel", "pointwise/bias"),
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "layer_normalization": ("gamma", "beta"),
    "group_normalization": ("gamma", "beta"),
}
WITHOUT = ("normalization", "seed_generator")  # hold what is no weight


def read(path: str) -> Archive:
    """Raises: WeightsError: if the file is none of Keras's, or not to be trusted."""
    return _read(path, "Keras weights", lambda: open(path, "rb"))


def read_keras(path: str) -> Archive:
    """Raises: WeightsError: if the archive is none of Keras's, or not to be trusted."""
    with zipfile.ZipFile(path) as archive:
        names = {entry.filename for entry in entries(archive)}
        data = unpacked(archive, "model.weights.h5", MAX_FILE)
        config = unpacked(archive, CONFIG, MAX_CONFIG) if CONFIG in names else b""
    found = _read(path, "Keras model", lambda: io.BytesIO(data))
    return replace(found, feeds=feeds_of(config))


def _read(path: str, kind: str, opened: Callable[[], IO[bytes]]) -> Archive:
    with opened() as stream, h5py.File(stream, "r") as file:
        legacy: h5py.Group = file
        if isinstance(file.get("model_weights", getlink=True), h5py.HardLink):
            legacy = _group(file, "model_weights")
        names = dict(_legacy(legacy) if "layer_names" in legacy.attrs else _vars(file))
        check_count(len(names))
        tensors = [_raw(file, name, place, opened) for name, place in names.items()]
        feeds = feeds_of(_text(file.attrs.get("model_config", "")))
    return Archive(path, kind, tuple(tensors), feeds=feeds, ordered=True)


def _groups(group: h5py.Group, depth: int = 0) -> Iterator[tuple[str, h5py.Group]]:
    """Every group below by its path, once; links that lead elsewhere are refused."""
    if depth > MAX_DEPTH:
        raise WeightsError("its groups lie in one another deeper than those of any network")
    for key in sorted(group, key=_natural):
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise WeightsError(f"{checked_name(key)} is a link: it may lead out of the file")
        item = group[key]
        if isinstance(item, h5py.Group):
            yield str(item.name), item
            yield from _groups(item, depth + 1)


def _natural(name: str) -> tuple[int | str, ...]:
    """conv2d_2 comes before conv2d_10."""
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name))


def _vars(file: h5py.File) -> Iterator[tuple[str, str]]:
    """Names and places in Keras 3's form: `layers/conv2d_1/vars/0`."""
    for count, (place, group) in enumerate(_groups(file)):
        check_count(count)
        if not place.endswith("/vars") or not len(group):
            continue
        above = place.split("/")[-2]
        kind = re.sub(r"_\d+$", "", above)
        if kind in WITHOUT:
            continue
        roles = VARIABLES.get(kind)
        keys = sorted(group, key=_natural)
        if roles and kind == "batch_normalization" and len(keys) == 3:  # without a scale
            roles = roles[1:]
        if roles is None or len(keys) > len(roles):
            raise WeightsError(
                f"{checked_name(above)} is a kind of layer whose weights are not known here",
                "build the model with Keras and call cnndsl.weights.from_keras",
            )
        layer = group.attrs.get("name", above)
        for role, key in zip(roles, keys, strict=False):
            yield f"{checked_name(layer)}/{role}", f"{place}/{key}"


def _legacy(group: h5py.Group) -> Iterator[tuple[str, str]]:
    """Names and places in the older form, which lists its layers in order."""
    for layer in _names(group, "layer_names"):
        if "/" in layer or not isinstance(group.get(layer, getlink=True), h5py.HardLink):
            raise WeightsError(f"{layer} is no group of this file")
        inner = _group(group, layer)
        names = _names(inner, "weight_names")
        separable = any("pointwise_kernel" in name for name in names)
        for name in names:
            role = name.rpartition("/")[2].partition(":")[0]
            part = {"depthwise_kernel": "depthwise/", "pointwise_kernel": "pointwise/"}
            prefix = part.get(role, "pointwise/") if separable else ""
            if role == "kernel" and re.search(r"depthwise|(^|_)dw(_|conv|$)", layer):
                role = "depthwise_kernel"
            yield f"{layer}/{prefix}{role}", f"{inner.name}/{name}"


def _group(parent: h5py.Group, name: str) -> h5py.Group:
    item = parent[name]
    if not isinstance(item, h5py.Group):
        raise WeightsError(f"{name} is no group of this file")
    return item


def _names(group: h5py.Group, attribute: str) -> list[str]:
    """The names that an attribute lists; none where it is missing."""
    listed = group.attrs.get(attribute, ())
    if isinstance(listed, h5py.Empty):
        raise WeightsError(f"{attribute} lists nothing")
    return [checked_name(_text(item)) for item in listed]


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    raise WeightsError("it holds something else where a text belongs")


def _raw(file: h5py.File, name: str, place: str, opened: Callable[[], IO[bytes]]) -> Raw:
    dataset = _dataset(file, place)
    shape = checked_shape(name, tuple(map(int, dataset.shape or ())))

    def values() -> np.ndarray:
        with opened() as stream, h5py.File(stream, "r") as again:
            return _dataset(again, place)[()]

    return Raw(checked_name(name), shape, dataset.dtype.name, values)


def _dataset(file: h5py.File, place: str) -> h5py.Dataset:
    """A plain dataset, reached by plain links."""
    item: object = file
    for part in place.strip("/").split("/"):
        if (
            not isinstance(item, h5py.Group)
            or part not in item
            or not isinstance(item.get(part, getlink=True), h5py.HardLink)
        ):
            raise WeightsError(f"{place[:100]} is missing, or a link that may lead out of the file")
        item = item[part]
    if not isinstance(item, h5py.Dataset):
        raise WeightsError(f"{place[:100]} is no array")
    if item.dtype.hasobject or item.dtype.names:
        raise WeightsError(f"{place[:100]} does not hold numbers")
    if item.is_virtual or item.external:
        raise WeightsError(f"{place[:100]} has its data in another file")
    layout = item.id.get_create_plist()
    used = [layout.get_filter(index)[0] for index in range(layout.get_nfilters())]
    if any(number not in FILTERS for number in used):
        raise WeightsError(f"{place[:100]} is packed in a way that needs a plugin")
    if item.chunks and prod(item.chunks) * item.dtype.itemsize > MAX_CHUNK:
        raise WeightsError(f"{place[:100]} unpacks to pieces larger than any network needs")
    return item
