"""Files of every kind are read as they were written, and hostile ones are refused in words."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

from cnndsl.weights.errors import WeightsError
from cnndsl.weights.readers import read
from cnndsl.weights.sorting import layers_of_archive
from tests.weights import torch_files
from tests.weights.torch_files import Storage, Tensor, dumped, tensors, write_zip

pytestmark = pytest.mark.xla

ARRAYS = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(4, 3, 2, 1),
    "fc.bias": np.ones(5, np.float32),
}


def same(path: Path, arrays: dict[str, np.ndarray]) -> None:
    archive = read(path)
    assert [t.name for t in archive.tensors] == list(arrays)
    for tensor in archive.tensors:
        assert tensor.shape == arrays[tensor.name].shape
        np.testing.assert_array_equal(tensor.read(), arrays[tensor.name])


def refused(path: Path, *words: str) -> None:
    """Opening the file, or reading what it lists, ends in a message that names the file."""
    with pytest.raises(WeightsError) as caught:
        for layer in layers_of_archive(read(path)):
            for tensor in layer.tensors.values():
                tensor.read()
    for word in words:
        assert word in str(caught.value)
    assert len(str(caught.value)) < 500


class Runs:
    """Pickled as a call of `os.system`."""

    def __init__(self, command: str):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


# --- safetensors ------------------------------------------------------------------------


def test_safetensors(tmp_path):
    path = tmp_path / "net.safetensors"
    save_file(ARRAYS, path, metadata={"format": "pt"})
    same(path, ARRAYS)
    assert read(path).metadata == {"format": "pt"}


def header(path: Path, entries: object, data: bytes = b"") -> Path:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
BAD_HEADERS = {
    "no JSON": (b"{", "no JSON"),
    "no table": ([], "no table"),
    "deeply nested": (b"[" * 50_000, "no JSON"),
    "all too deeply nested": (b"[" * 100_000, "more than any network needs"),
    "outside the file": ({"a": F32 | {"data_offsets": [0, 80]}}, "outside the file"),
    "before the file": ({"a": F32 | {"data_offsets": [-8, 0]}}, "outside the file"),
    "too large a shape": ({"a": F32 | {"shape": [2**40, 2**40]}}, "sizes"),
    "negative size": ({"a": F32 | {"shape": [-2]}}, "sizes"),
    "other length": ({"a": F32 | {"shape": [3]}}, "shape needs"),
    "unknown type": ({"a": F32 | {"dtype": "OBJ"}}, "unknown type"),
    "control characters": ({"a\x1b[2J": F32}, "no name"),
}


@pytest.mark.parametrize("case", BAD_HEADERS)
def test_bad_safetensors(tmp_path, case):
    entries, word = BAD_HEADERS[case]
    refused(header(tmp_path / "a.safetensors", entries, b"\0" * 8), "a.safetensors", word)


def test_a_header_of_a_terabyte(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", 2**40) + b"{}")
    refused(path, "1,099,511,627,776 bytes")


def test_integers_are_no_weights(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"conv.kernel": np.zeros((1, 1, 2, 2), np.int32)}, path)
    refused(path, "conv.kernel holds int32")


# --- PyTorch ----------------------------------------------------------------------------


@pytest.mark.parametrize("save", [torch_files.save, torch_files.save_legacy])
def test_torch(tmp_path, save):
    same(save(tmp_path / "net.pth", ARRAYS), ARRAYS)


def test_a_checkpoint_around_a_state_dict(tmp_path):
    program = dumped({"epoch": 3, "state_dict": tensors(ARRAYS)})
    data = [array.tobytes() for array in ARRAYS.values()]
    same(write_zip(tmp_path / "net.pth", program, data), ARRAYS)


def test_a_transposed_tensor(tmp_path):
    view = Tensor(Storage("0", 6), 0, (3, 2), (1, 3))
    numbers = np.arange(6, dtype=np.float32)
    path = write_zip(tmp_path / "net.pth", dumped(OrderedDict(a=view)), [numbers.tobytes()])
    same(path, {"a": numbers.reshape(2, 3).T})


def test_a_convolution_stored_column_by_column(tmp_path):
    shape, strides = (480, 80, 1, 1), (1, 480, 38400, 38400)  # as EfficientNet-Lite's are
    view = Tensor(Storage("0", 38400), 0, shape, strides)
    numbers = np.arange(38400, dtype=np.float32)
    path = write_zip(tmp_path / "net.pth", dumped(OrderedDict(a=view)), [numbers.tobytes()])
    same(path, {"a": numbers.reshape(shape, order="F")})


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_that_runs_commands(tmp_path, protocol):
    mark = tmp_path / "ran"
    program = pickle.dumps({"state_dict": Runs(f"touch {mark}")}, protocol)
    refused(write_zip(tmp_path / "net.pth", program, []), "asks to run", "system")
    (tmp_path / "old.pth").write_bytes(program)
    refused(tmp_path / "old.pth", "asks to run", "system")
    assert not mark.exists()


@pytest.mark.parametrize(
    "program",
    [
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"(S'1'\nibuiltins\neval\n.",  # INST
        b"ctorch._utils\n_rebuild_tensor_v2\n)\x81.",  # NEWOBJ
        b"\x80\x02\x82\x01.",  # EXT1
    ],
)
def test_other_ways_to_call(tmp_path, program):
    refused(write_zip(tmp_path / "net.pth", program, []), "its pickle")


@pytest.mark.parametrize(
    "program",
    [
        b"",
        b".",
        b"(",
        b"}\x94",
        b"h\x05.",  # a memo that was never filled
        b"}]K\x01s.",  # a list as a key
        b"}" + b")\x85" + b"\x85" * 200_000 + b"K\x01s.",  # a key of 200,000 tuples
        b"\x8b\xff\xff\xff\x7f" + b"1",  # a number of two gigabytes
        dumped(OrderedDict(a=1))[:20],
    ],
)
def test_damaged_pickles(tmp_path, program):
    refused(write_zip(tmp_path / "net.pth", program, []), "damaged")


VIEWS = {
    "beyond the storage": (0, (2, 4), (4, 1)),
    "offset": (4, (2,), (1,)),
    "negative offset": (-1, (2,), (1,)),
    "repeated": (0, (2**30,), (0,)),
    "huge": (0, (2**40, 2**40), (1, 1)),
    "negative stride": (0, (4,), (-1,)),
    "other rank": (0, (4,), (1, 1)),
}


@pytest.mark.parametrize("case", VIEWS)
def test_views_outside_their_storage(tmp_path, case):
    program = dumped(OrderedDict(a=Tensor(Storage("0", 4), *VIEWS[case])))
    refused(write_zip(tmp_path / "net.pth", program, [b"\0" * 16]), "a ")


def test_a_storage_that_is_missing(tmp_path):
    refused(write_zip(tmp_path / "net.pth", dumped(tensors(ARRAYS)), []), "beyond the file")


@pytest.mark.parametrize("save", [torch_files.save, torch_files.save_legacy])
@pytest.mark.parametrize("kept", [0, 10, 0.5, -1])
def test_truncated_torch(tmp_path, save, kept):
    path = save(tmp_path / "net.pth", ARRAYS)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    refused(path, "net.pth")


def test_a_zip_bomb(tmp_path):
    path = tmp_path / "net.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", b"\0" * 2**27)
    refused(path, "net/data.pkl")


# --- numpy ------------------------------------------------------------------------------


def test_npz(tmp_path):
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "net.npz", **ARRAYS)
        same(tmp_path / "net.npz", ARRAYS)


def test_npz_of_objects(tmp_path):
    mark = tmp_path / "ran"
    np.savez(tmp_path / "net.npz", a=np.array([Runs(f"touch {mark}")], object))
    refused(tmp_path / "net.npz", "Python objects")
    assert not mark.exists()


def npy(tmp_path: Path, data: bytes) -> Path:
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
        archive.writestr("a.npy", data)
    return tmp_path / "net.npz"


def test_npz_that_claims_more_than_it_has(tmp_path):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "<f4", "fortran_order": False, "shape": (2**30,)}
    )
    refused(npy(tmp_path, buffer.getvalue()), "shorter")
    refused(npy(tmp_path, b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535), "no numpy array")
    refused(npy(tmp_path, b"text"), "no numpy array")


def test_truncated_npz(tmp_path):
    np.savez(tmp_path / "net.npz", **ARRAYS)
    data = (tmp_path / "net.npz").read_bytes()
    (tmp_path / "net.npz").write_bytes(data[:-40])
    refused(tmp_path / "net.npz", "damaged")


# --- HDF5 -------------------------------------------------------------------------------


def h5(path: Path, **variables: np.ndarray) -> Path:
    """One dense layer as Keras 3 writes it."""
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = "head"
        for name, values in variables.items():
            group[name] = values
    return path


def test_keras_weights(tmp_path):
    kernel = np.ones((2, 3), np.float32)
    path = h5(tmp_path / "net.weights.h5", **{"0": kernel, "1": kernel[0]})
    same(path, {"head/kernel": kernel, "head/bias": kernel[0]})
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.write(path, "model.weights.h5")
    same(tmp_path / "net.keras", {"head/kernel": kernel, "head/bias": kernel[0]})


def test_keras_of_before_3(tmp_path):
    kernel = np.ones((3, 3, 4, 1), np.float32)
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.attrs["layer_names"] = [b"input", b"conv_dw_1"]
        file.create_group("input").attrs["weight_names"] = []
        group = file.create_group("conv_dw_1")
        group.attrs["weight_names"] = [b"conv_dw_1/depthwise_kernel:0"]
        group["conv_dw_1/depthwise_kernel:0"] = kernel
    (layer,) = layers_of_archive(read(tmp_path / "net.h5"))
    assert layer.label == (("kernel", (3, 3, 1, 4)),)


def test_links_out_of_the_file(tmp_path):
    other = h5(tmp_path / "other.h5", **{"0": np.ones((2, 3), np.float32)})
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file["layers"] = h5py.ExternalLink(str(other), "/layers")
    refused(tmp_path / "net.h5", "link")
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file["model_weights"] = h5py.ExternalLink(str(other), "/layers")
    refused(tmp_path / "net.h5", "link")
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.create_group("layers/dense/vars")["0"] = h5py.SoftLink("/layers")
    refused(tmp_path / "net.h5", "link")


def test_data_in_another_file(tmp_path):
    (tmp_path / "secret").write_bytes(b"\0" * 24)
    with h5py.File(tmp_path / "net.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        outside = [(str(tmp_path / "secret"), 0, 24)]
        group.create_dataset("0", (2, 3), "f4", external=outside)
    refused(tmp_path / "net.h5", "another file")


def test_an_hdf5_bomb(tmp_path):
    with h5py.File(tmp_path / "net.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        group.create_dataset("0", (2**40, 2**10), "f4", chunks=(2**10, 2**10), compression="gzip")
    refused(tmp_path / "net.h5", "pieces")
    with h5py.File(tmp_path / "net.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        group.create_dataset("0", (2**40, 2**10), "f4")
    refused(tmp_path / "net.h5", "sizes")
    with h5py.File(tmp_path / "net.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        shape = (2**14, 2**14)
        group.create_dataset("0", shape, "f4", chunks=shape, compression="gzip")
    refused(tmp_path / "net.h5", "holes")


def test_groups_that_hold_themselves(tmp_path):
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file["layers/a"] = file["/"]
        file["layers/b"] = file["/"]
    refused(tmp_path / "net.h5", "circle")
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.create_group("/".join("a" * 40))
    refused(tmp_path / "net.h5", "deeper")


def test_hdf5_that_holds_no_numbers(tmp_path):
    path = h5(tmp_path / "net.h5", **{"0": np.array(["text"], h5py.string_dtype())})
    refused(path, "does not hold numbers")
    with h5py.File(path, "w") as file:
        file["layers/lambda/vars/0"] = np.ones(2, np.float32)
    refused(path, "kind of layer")
    path.write_bytes(path.read_bytes()[:200])
    refused(path, "net.h5")


# --- all --------------------------------------------------------------------------------


def test_the_order_of_a_file_counts_where_its_kind_keeps_it(tmp_path):
    save_file(ARRAYS, tmp_path / "a.safetensors")
    np.savez(tmp_path / "a.npz", **ARRAYS)
    torch_files.save(tmp_path / "a.pth", ARRAYS)
    torch_files.save_legacy(tmp_path / "b.pth", ARRAYS)
    h5(tmp_path / "a.weights.h5", **{"0": np.ones((2, 3), np.float32)})
    ordered = {path.name for path in tmp_path.iterdir() if read(path).ordered}
    assert ordered == {"a.pth", "b.pth", "a.weights.h5"}


def test_files_that_are_none(tmp_path):
    (tmp_path / "a.txt").write_text("")
    refused(tmp_path / "a.txt", "kind of file")
    refused(tmp_path / "none.pth", "no such file")
    for suffix in ("safetensors", "pth", "h5", "keras", "npz", "weights.h5"):
        path = tmp_path / f"a.{suffix}"
        for data in (b"", b"\0", b"PK\x03\x04" * 20, np.random.default_rng(0).bytes(300)):
            path.write_bytes(data)
            refused(path, path.name)
