"""Archives that do harm are refused: in words, in little memory and time, and nothing is left."""

from __future__ import annotations

import json
import os
import re
import resource
import stat
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

from cnndsl.cli import main
from cnndsl.weights import WeightsError, save
from cnndsl.weights.readers import read
from cnndsl.weights.sorting import layers_of_archive
from tests.weights import torch_files
from tests.weights.honest_files import KERAS, honest, keras_archive, keras_weights, npy, zipped
from tests.weights.hostile_hdf5 import referred
from tests.weights.torch_files import Storage, Tensor, dumped, write_zip

pytestmark = pytest.mark.xla
ROOT = Path(__file__).parents[2]
MEGABYTE = 2**20


def refused(path: Path, *words: str) -> None:
    """Opening the file, or reading what it lists, ends in one message that names the file."""
    with pytest.raises(WeightsError) as caught:
        for tensor in read(path).tensors:
            tensor.read()
    assert str(caught.value).startswith(f"{path.name}: ")
    assert str(caught.value).isprintable()
    for word in words:
        assert word in str(caught.value)


@contextmanager
def little_memory(most: int) -> Iterator[None]:
    """Fails where Python and numpy together take more than `most` bytes."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most, f"{peak:,} bytes"


def examined(number: int, processes: int) -> str:
    """What `python -m tests.weights.hostile` prints of so many archives; all must end well."""
    command = [sys.executable, "-m", "tests.weights.hostile", str(number), str(processes)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_part_of_the_hostile_archives():
    found = examined(150, 2)
    assert re.search(r"^all +150 ", found, re.M)


@pytest.mark.slow
def test_all_hostile_archives():
    found = examined(2_000, os.cpu_count() or 1)
    print(found)
    assert re.search(r"^all +2000 ", found, re.M)


@pytest.mark.parametrize("name", honest())
def test_honest_archives_are_read(name, tmp_path):
    suffix, data = honest()[name]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)
    archive = read(path)
    assert sum(tensor.size for tensor in archive.tensors) > 4_000
    for tensor in archive.tensors:
        values = tensor.read()
        assert (values.shape, values.dtype.name) == (tensor.shape, tensor.dtype)
        assert np.isfinite(values).all()
    assert layers_of_archive(archive)


# --- zip archives -----------------------------------------------------------------------


def patched(path: Path, old: bytes, new: bytes, count: int = -1) -> Path:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, count))
    return path


def test_an_entry_shorter_than_it_claims_behind_a_large_view(tmp_path):
    """A view beyond the bytes that are there ended the process."""
    numbers = 2**27
    program = dumped(OrderedDict(a=Tensor(Storage("0", numbers), 0, (numbers,), (1,))))
    path = write_zip(tmp_path / "a.pth", program, [bytes(404)])
    sizes = struct.pack("<II", 404, 404)
    patched(path, sizes, struct.pack("<II", 404, 4 * numbers))
    refused(path, "lies about the size")
    patched(path, struct.pack("<II", 404, 4 * numbers), struct.pack("<II", *[4 * numbers] * 2))
    refused(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", program)
        archive.writestr("net/data/0", np.random.default_rng(0).bytes(10**6))
    patched(path, struct.pack("<I", 10**6), struct.pack("<I", 4 * numbers))
    refused(path, "damaged")


def test_a_storage_of_zeros_behind_a_small_view(tmp_path):
    size = 2**26
    program = dumped(OrderedDict(a=Tensor(Storage("0", size // 4), size // 8, (3,), (1,))))
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", program)
        archive.writestr("net/data/0", bytes(size))
    with little_memory(20 * MEGABYTE):
        (tensor,) = read(tmp_path / "a.pth").tensors
        np.testing.assert_array_equal(tensor.read(), np.zeros(3))


def test_many_small_views_of_a_packed_storage(tmp_path):
    size = 2**24
    state = {f"t{i}": Tensor(Storage("0", size // 4), i, (3,), (1,)) for i in range(1_000)}
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", dumped(state))
        archive.writestr("net/data/0", bytes(size))
    refused(tmp_path / "a.pth", "small parts")


def test_a_part_of_a_storage_is_checked_and_then_read_alone(tmp_path):
    state = {f"t{i}": Tensor(Storage("0", 4_000), 1_000 * i, (1_000,), (1,)) for i in range(4)}
    numbers = np.arange(4_000, dtype=np.float32)
    path = write_zip(tmp_path / "a.pth", dumped(state), [numbers.tobytes()])
    for index, tensor in enumerate(read(path).tensors):
        np.testing.assert_array_equal(tensor.read(), numbers.reshape(4, -1)[index])
    place = path.read_bytes().index(numbers.tobytes())
    data = bytearray(path.read_bytes())
    data[place + 15_000] ^= 1  # in the last tensor
    path.write_bytes(data)
    first, *_ = read(path).tensors
    with pytest.raises(WeightsError, match="damaged"):
        first.read()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_pack(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", method) as archive:
        archive.writestr("a.npy", npy(np.ones(3)))
    refused(tmp_path / "a.npz", "a.npy is packed in a way that no weights are")


def test_overlapping_and_duplicate_entries(tmp_path):
    path = tmp_path / "a.npz"
    data = npy(np.ones(3))
    path.write_bytes(zipped({"a.npy": data, "b.npy": data}))
    second = path.read_bytes().rindex(b"PK\3\4")
    patched(path, struct.pack("<I", second) + b"b.npy", struct.pack("<I", 0) + b"b.npy")
    refused(path, "two things of b.npy")
    path.write_bytes(zipped({"a.npy": data, "b.npy": data}))
    inside = zipped({"b.npy": data})  # an archive stored in an entry, whose file is listed too
    path.write_bytes(zipped({"a.npy": inside, "b.npy": data}))
    second = path.read_bytes().rindex(b"PK\3\4")
    patched(path, struct.pack("<I", second) + b"b.npy", struct.pack("<I", 35) + b"b.npy")
    refused(path, "lie in one another")
    path.write_bytes(zipped({"a.npy": data, "b.npy": data}).replace(b"b.npy", b"a.npy"))
    refused(path, "two files of one name")
    path.write_bytes(zipped({"a.npy": data, "a": data}))
    refused(path, "two tensors a")


def test_damaged_streams(tmp_path):
    for suffix, name in (
        (".npz", "numpy, packed"),
        (".pth", "torch, packed"),
        (".keras", "keras, packed"),
    ):
        data = bytearray(honest()[name][1])
        data[len(data) // 3] ^= 255
        path = tmp_path / f"a{suffix}"
        path.write_bytes(data)
        refused(path, "damaged")


# --- pickles ----------------------------------------------------------------------------


def test_copies_of_an_ordered_dict(tmp_path):
    """Forty bytes each made a copy of a list of 100,000 pairs."""
    pairs = b"".join(b"X\4\0\0\0%04xK\1\x86" % number for number in range(20_000))
    program = b"\x80\x02ccollections\nOrderedDict\nq\0](" + pairs + b"eq\1("
    program += b"h\0h\1\x85R" * 1_000 + b"l."
    path = write_zip(tmp_path / "a.pth", program, [])
    with little_memory(50 * MEGABYTE):
        refused(path, "more steps")


def test_a_pickle_of_very_many_steps(tmp_path):
    path = write_zip(tmp_path / "a.pth", b"]" + b"}0" * 600_000 + b".", [])
    refused(path, "more steps")


def test_a_text_longer_than_the_file(tmp_path):
    old = b"".join(dumped(value) for value in (torch_files.MAGIC, 1001))
    (tmp_path / "a.pth").write_bytes(old + b"\x80\x02B" + struct.pack("<I", 2**31 - 1))
    with little_memory(50 * MEGABYTE):
        refused(tmp_path / "a.pth", "damaged")


def test_views_of_a_whole_storage_by_many_names(tmp_path):
    view = Tensor(Storage("0", 2**20), 0, (2**20,), (1,))
    state = {f"t{i}": view for i in range(5_000)}
    path = write_zip(tmp_path / "a.pth", dumped(state), [bytes(2**22)])
    refused(path, "claim to hold 20,971,520,000")


def test_what_a_pickle_names_is_printed_escaped(tmp_path):
    path = write_zip(tmp_path / "a.pth", b"c\x1b[2J\nsystem\n)R.", [])
    refused(path, r"\x1b[2J.system")


# --- safetensors ------------------------------------------------------------------------


def safetensors(path: Path, header: object, data: bytes) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def floats(first: int, last: int) -> dict[str, object]:
    return {"dtype": "F32", "shape": [(last - first) // 4], "data_offsets": [first, last]}


@pytest.mark.parametrize(
    ("spans", "size", "words"),
    [
        ([(0, 8), (4, 12)], 12, "share bytes"),
        ([(0, 8), (0, 8)], 8, "share bytes"),
        ([(0, 8), (12, 20)], 20, "leave bytes between"),
        ([(4, 8)], 8, "leave bytes"),
        ([(0, 8)], 12, "4 bytes at its end belong to no tensor"),
    ],
)
def test_overlaps_and_holes(tmp_path, spans, size, words):
    header = {f"t{index}": floats(*span) for index, span in enumerate(spans)}
    refused(safetensors(tmp_path / "a.safetensors", header, bytes(size)), words)


def test_duplicate_keys(tmp_path):
    entry = json.dumps(floats(0, 8))
    for text in (f'{{"a": {entry}, "a": {entry}}}', f'{{"a": {entry[:-1]}, "dtype": "F32"}}}}'):
        path = safetensors(tmp_path / "a.safetensors", text.encode(), bytes(8))
        refused(path, "twice")


def test_metadata_is_printed_escaped(tmp_path, capsys):
    said = {"form\x1b]0;at\x07": "pt\x1b[2J\u202e\x9b\x7fé"}
    header = {"__metadata__": said, "a.bias": floats(0, 8)}
    path = safetensors(tmp_path / "a.safetensors", header, bytes(8))
    assert main(["weights", "inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert r"form\x1b]0;at\x07: pt\x1b[2J\u{202e}\x9b\x7fé" in shown
    assert shown.replace("\n", "").isprintable()
    assert main(["weights", "inspect", str(path), "--json"]) == 0
    shown = capsys.readouterr().out
    assert shown.replace("\n", "").isprintable()
    assert json.loads(shown)["metadata"] == said


# --- numpy ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "(" * 60_000,
        "'''",
        "{'descr': '<f4'",
        "\\",
        "-" * 9_000 + "1",
        " 1\n  2\n 3",
        "__import__('os')",
    ],
)
def test_descriptions_that_are_none(tmp_path, text):
    """TokenError, MemoryError, IndentationError, …: what evaluating them gave."""
    data = b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text.encode() + bytes(64)
    (tmp_path / "a.npz").write_bytes(zipped({"a.npy": data}))
    refused(tmp_path / "a.npz", "no numpy array")


def test_a_description_of_gigabytes(tmp_path):
    data = b"\x93NUMPY\x02\0" + struct.pack("<I", 2**31) + b"{" + bytes(2**26)
    (tmp_path / "a.npz").write_bytes(zipped({"a.npy": data}, packed=True))
    with little_memory(10 * MEGABYTE):
        refused(tmp_path / "a.npz", "no numpy array")


@pytest.mark.parametrize("change", [-4, 4])
def test_arrays_of_another_length(tmp_path, change):
    data = npy(np.ones(10, np.float32))
    data = data[:change] if change < 0 else data + bytes(change)
    (tmp_path / "a.npz").write_bytes(zipped({"a.npy": data}))
    refused(tmp_path / "a.npz", "shorter" if change < 0 else "longer")


@pytest.mark.parametrize("kind", ["<c8", "<U4", "|V4", "<m8[s]", "<f16", "<f4,<f4", "\x1b[2J"])
def test_types_that_no_weights_have(tmp_path, kind):
    data = npy(np.ones(4, np.float32)).replace(b"'<f4'", f"'{kind}'".encode())
    data = data[:8] + struct.pack("<H", data.index(b"\n") - 9) + data[10:]
    (tmp_path / "a.npz").write_bytes(zipped({"a.npy": data}))
    refused(tmp_path / "a.npz", "unknown type")


def test_numbers_of_other_machines(tmp_path):
    values = np.arange(6, dtype=">f4").reshape(2, 3)
    np.savez(tmp_path / "a.npz", a=values, b=np.asfortranarray(values))
    for tensor in read(tmp_path / "a.npz").tensors:
        np.testing.assert_array_equal(tensor.read(), values)


# --- HDF5 -------------------------------------------------------------------------------


def test_thousands_of_references_to_one_text(tmp_path):
    size, count = 10**6, 4_000
    with h5py.File(tmp_path / "a.h5", "w") as file:
        values = np.array(["a" * size] + [""] * (count - 1), object)
        file.attrs.create("layer_names", values, dtype=h5py.string_dtype())
    data = (tmp_path / "a.h5").read_bytes()
    (tmp_path / "a.h5").write_bytes(referred(data, size, count))
    with little_memory(100 * MEGABYTE):
        refused(tmp_path / "a.h5", "damaged")


def one_chunk(path: Path, data: bytes, left_out: int = 0, **options: object) -> Path:
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/dense/vars")
        array = group.create_dataset("0", (512, 512), "f4", chunks=(512, 512), **options)
        array.id.write_direct_chunk((0, 0), data, left_out)
    return path


def test_a_chunk_that_inflates_past_its_size(tmp_path):
    import zlib

    bomb = one_chunk(tmp_path / "a.h5", zlib.compress(bytes(200 * MEGABYTE)), compression="gzip")
    with little_memory(40 * MEGABYTE):
        refused(bomb, "more than it should")
    refused(one_chunk(tmp_path / "b.h5", zlib.compress(bytes(99)), compression="gzip"), "as large")
    refused(one_chunk(tmp_path / "c.h5", b"\xff" * 99, compression="gzip"), "damaged")
    refused(one_chunk(tmp_path / "d.h5", bytes(99)), "99 bytes, not what")
    # What deflate does not make smaller lies there as it is, and is marked so.
    raw = one_chunk(tmp_path / "f.h5", bytes(MEGABYTE), 1, compression="gzip")
    assert not read(raw).tensors[0].read().any()
    right = one_chunk(tmp_path / "e.h5", zlib.compress(bytes(MEGABYTE)), compression="gzip")
    assert not read(right).tensors[0].read().any()


@pytest.mark.parametrize("shuffle", [False, True])
def test_packed_arrays_are_read(tmp_path, shuffle):
    options = {"compression": "gzip", "shuffle": shuffle, "chunks": (2, 3, 2, 16)}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("layers/conv2d/vars")
        values = np.random.default_rng(0).normal(size=(3, 3, 3, 40)).astype(np.float32)
        group.create_dataset("0", data=values, **options)
    np.testing.assert_array_equal(read(tmp_path / "a.h5").tensors[0].read(), values)


def test_shapes_without_numbers(tmp_path):
    for chunks in (None, (64, 64)):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            place = file.create_group("layers/dense/vars")
            place.create_dataset("0", (2**13, 2**13), "f4", chunks=chunks)
        refused(tmp_path / "a.h5", "holes")


def test_groups_under_very_many_paths(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        keras_weights(file)
        above = file.create_group("g")
        for _ in range(30):
            below = file.create_group(None)
            above["a"], above["b"] = below, below
            above = below
    refused(tmp_path / "a.h5", "second link")


@pytest.mark.parametrize(
    "options", [{"compression": "lzf"}, {"scaleoffset": 2}, {"fletcher32": True}]
)
def test_other_filters(tmp_path, options):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        keras_weights(file, **options)
    refused(tmp_path / "a.h5", "needs a plugin")


def test_a_list_of_names_that_keras_divided(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["layer_names0"] = [b"dense"]
        file.attrs["layer_names1"] = [b"dense_1"]
        for layer in ("dense", "dense_1"):
            group = file.create_group(layer)
            group.attrs["weight_names"] = [b"kernel:0"]
            group["kernel:0"] = np.ones(KERAS[layer][0], np.float32)
    names = [tensor.name for tensor in read(tmp_path / "a.h5").tensors]
    assert names == ["dense/kernel", "dense_1/kernel"]


def test_what_an_optimizer_keeps_is_left_out(tmp_path):
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        keras_weights(file)
        file["optimizer/vars/0"] = np.ones(3, np.float32)
    assert len(read(tmp_path / "a.weights.h5").tensors) == 6


def test_a_description_with_more_edges_than_any_network(tmp_path):
    """Each of 5,000 sums receives all layers before it."""
    dense = [f"dense_{index}" for index in range(500)]

    def node(name: str, *origins: str) -> dict[str, object]:
        inbound = [[[origin, 0, 0, {}] for origin in origins]] if origins else []
        return {"config": {"name": name}, "inbound_nodes": inbound}

    layers = [node("image"), *(node(name, "image") for name in dense), node("sum_0", *dense)]
    layers += [node(f"sum_{i}", f"sum_{i - 1}", "dense_0") for i in range(1, 5_000)]
    config = {"class_name": "Functional", "config": {"layers": layers}}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in dense:
            file[f"layers/{name}/vars/0"] = np.ones((1, 1), np.float32)
    weights = (tmp_path / "a.h5").read_bytes()
    path = tmp_path / "a.keras"
    path.write_bytes(keras_archive(weights, config=json.dumps(config).encode()))
    archive = read(path)
    assert archive.feeds is not None
    with little_memory(100 * MEGABYTE):
        assert all(layer.feeds is None for layer in layers_of_archive(archive))


def test_a_library_that_ends_its_process(tmp_path, monkeypatch):
    """Where HDF5's own code fails, it fails in another process."""
    from cnndsl.weights.readers import hdf5_file

    (tmp_path / "crash.py").write_text("import os\nos.abort()\n")
    monkeypatch.setattr(hdf5_file, "PROGRAM", tmp_path / "crash.py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        keras_weights(file)
    refused(tmp_path / "a.h5", "cannot be read")


# --- all --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.pth", "a.npz", "a.h5", "a.keras", "a.safetensors"])
def test_pipes_devices_and_folders(tmp_path, name):
    path = tmp_path / name
    os.mkfifo(path)
    refused(path, "no such file")
    path.unlink()
    path.symlink_to("/dev/zero")
    refused(path, "no such file")
    path.unlink()
    path.mkdir()
    refused(path, "no such file")


def test_too_little_memory_is_said(tmp_path, monkeypatch):
    from cnndsl.weights.readers import safetensors as module

    def fails(*arguments: object, **named: object) -> None:
        raise MemoryError

    (tmp_path / "a.safetensors").write_bytes(honest()["safetensors"][1])
    first = read(tmp_path / "a.safetensors").tensors[0]
    monkeypatch.setattr(module.np, "fromfile", fails)
    with pytest.raises(WeightsError, match="more memory than there is"):
        first.read()


# --- writing ----------------------------------------------------------------------------


@contextmanager
def small_disk(most: int) -> Iterator[None]:
    """Files end at `most` bytes, as they do where the disk is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_leaves_what_was_there(plain, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"old")
    with pytest.raises(OSError), small_disk(1_000):
        save(plain, path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"old"


def test_devices_are_not_replaced(plain, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="device or a pipe"):
        save(plain, pipe)
    assert [p.name for p in tmp_path.iterdir()] == ["pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
