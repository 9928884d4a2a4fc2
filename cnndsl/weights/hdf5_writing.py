"""Writes the form of `.h5` in which Keras's own weights are published."""

from __future__ import annotations

import os
from collections.abc import Mapping

import h5py
import numpy as np

from cnndsl.weights.replacing import replacing


def write_hdf5(
    path: str | os.PathLike[str], layers: Mapping[str, Mapping[str, np.ndarray]]
) -> None:
    """Writes the weights of layers by role, for `load_weights(path, by_name=True)`.

    Raises:
      OSError: if it cannot be written.
    """
    with replacing(path) as stream, h5py.File(stream, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.15.0"
        for name, arrays in layers.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{role}:0".encode() for role in arrays]
            for role, array in arrays.items():
                group[f"{name}/{role}:0"] = np.ascontiguousarray(array)
