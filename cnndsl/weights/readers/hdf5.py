"""Reads what Keras writes: `.weights.h5`, `.h5` and, around them, `.keras`.

HDF5 can point outside its file, and name plugins that unpack its data. Only plain arrays that lie
in the file are accepted, as they are or packed with deflate.
"""

from __future__ import annotations

import os
import re
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import IO

from cnndsl.weights.archive import Archive, Raw, check_count, checked_name
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.readers.archives import Entry, entries
from cnndsl.weights.readers.hdf5_file import Array, Listing, Region, array, check_apart, listed
from cnndsl.weights.readers.keras_config import MAX_CONFIG, description_of
from cnndsl.weights.readers.pieces import opened, size_of

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"

# The variables of a layer in Keras's order, by the name of its class.
VARIABLES = {
    "conv2d": ("kernel", "bias"),
    "conv2d_transpose": ("kernel", "bias"),
    "dense": ("kernel", "bias"),
    "depthwise_conv2d": ("depthwise_kernel", "bias"),
    "separable_conv2d": ("depthwise/depthwise_kernel", "pointwise/kernel", "pointwise/bias"),
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "layer_normalization": ("gamma", "beta"),
    "group_normalization": ("gamma", "beta"),
}
WITHOUT = ("normalization", "seed_generator", "optimizer")  # hold what is no weight


def read(path: str) -> Archive:
    """Raises: WeightsError: if the file is none of Keras's, or not to be trusted."""
    return _read(path, "Keras weights", Region(partial(opened, path), 0, size_of(path)))


def read_keras(path: str) -> Archive:
    """Raises: WeightsError: if the archive is none of Keras's, or not to be trusted."""
    found = entries(path)
    if WEIGHTS not in found:
        raise WeightsError(f"the archive has no {WEIGHTS}")
    config = found[CONFIG].read(MAX_CONFIG) if CONFIG in found else b""
    archive = _read(path, "Keras model", _region(path, found[WEIGHTS]))
    said = description_of(config)
    return replace(archive, feeds=said.feeds, form=said.form)


def _region(path: str, entry: Entry) -> Region:
    """Where the bytes of a file in an archive lie: there, or unpacked in a file without a name."""
    if not entry.deflated:
        for _ in entry.pieces():  # they have the checksum that the archive lists
            pass
        return Region(partial(opened, path), entry.start, entry.size)
    unpacked = tempfile.TemporaryFile()  # noqa: SIM115 - `again` keeps it
    try:
        for piece in entry.pieces():
            unpacked.write(piece)
        unpacked.flush()
    except BaseException:
        unpacked.close()
        raise

    def again() -> IO[bytes]:
        return open(os.dup(unpacked.fileno()), "rb")

    weakref.finalize(again, unpacked.close)  # when the last tensor goes
    return Region(again, 0, entry.size)


def _read(path: str, kind: str, region: Region) -> Archive:
    listing = listed(region)
    legacy = "/model_weights" if "/model_weights" in listing.groups else ""
    old = _texts(listing, legacy, "layer_names") is not None
    places = list(_legacy(listing, legacy) if old else _vars(listing))
    check_count(len(places))
    arrays = [array(listing, place, name, region) for name, place in places]
    check_apart(arrays)
    tensors = [_raw(name, found, region) for (name, _), found in zip(places, arrays, strict=True)]
    said = description_of("".join(_texts(listing, "", "model_config") or ()))
    return Archive(
        path, kind, tuple(tensors), feeds=said.feeds, form=said.form, ordered=True, keras=True
    )


def _raw(name: str, found: Array, region: Region) -> Raw:
    return Raw(checked_name(name), found.shape, found.dtype.name, partial(found.read, region))


def _natural(name: str) -> tuple[int | str, ...]:
    """conv2d_2 comes before conv2d_10."""
    parts = re.split(r"([0-9]{1,9})", name)
    return tuple(int(part) if i % 2 else part for i, part in enumerate(parts))


def _vars(listing: Listing) -> Iterator[tuple[str, str]]:
    """Names and places in Keras 3's form: `layers/conv2d_1/vars/0`."""
    members = listing.members()
    waiting = [""]
    while waiting:
        place = waiting.pop()
        inside = sorted(members[place], key=_natural)
        waiting += reversed([path for path in inside if path in members])
        if not place.endswith("/vars") or not inside:
            continue
        above = place.split("/")[-2]
        kind = re.sub(r"_\d+$", "", above)
        if kind in WITHOUT:
            continue
        roles = VARIABLES.get(kind)
        if roles and kind == "batch_normalization" and len(inside) == 3:  # without a scale
            roles = roles[1:]
        if roles is None or len(inside) > len(roles):
            raise WeightsError(
                f"{checked_name(above)} is a kind of layer whose weights are not known here",
                "build the model with Keras and call cnndsl.weights.from_keras",
            )
        layer = "".join(_texts(listing, place, "name") or [above])
        for role, path in zip(roles, inside, strict=False):
            yield f"{checked_name(layer)}/{role}", path


def _legacy(listing: Listing, above: str) -> Iterator[tuple[str, str]]:
    """Names and places in the older form, which lists its layers in order."""
    for layer in _names(listing, above, "layer_names"):
        place = f"{above}/{layer}"
        if "/" in layer or place not in listing.groups:
            raise WeightsError(f"{layer} is no group of this file")
        names = _names(listing, place, "weight_names")
        separable = any("pointwise_kernel" in name for name in names)
        for name in names:
            role = name.rpartition("/")[2].partition(":")[0]
            part = {"depthwise_kernel": "depthwise/", "pointwise_kernel": "pointwise/"}
            prefix = part.get(role, "pointwise/") if separable else ""
            if role == "kernel" and re.search(r"depthwise|(^|_)dw(_|conv|$)", layer):
                role = "depthwise_kernel"
            yield f"{layer}/{prefix}{role}", f"{place}/{name.strip('/')}"


def _names(listing: Listing, group: str, attribute: str) -> list[str]:
    """The names that an attribute lists; none where it is missing."""
    return [checked_name(text) for text in _texts(listing, group, attribute) or ()]


def _texts(listing: Listing, group: str, attribute: str) -> Sequence[str] | None:
    """The texts of an attribute, or of those into which Keras divided a long one."""
    held = listing.groups[group]
    if attribute in held:
        return held[attribute]
    parts: list[str] = []
    count = 0
    while f"{attribute}{count}" in held:
        parts += held[f"{attribute}{count}"]
        count += 1
    return parts if count else None
