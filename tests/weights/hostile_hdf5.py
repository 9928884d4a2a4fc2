"""HDF5 that points elsewhere, claims what it has not, or unpacks to more than it says."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from random import Random

import h5py
import numpy as np

from tests.weights.honest_files import hdf5, honest, keras_archive, keras_weights

Make = Callable[[Random], tuple[str, bytes]]


def made(rng: Random, write: Callable[[h5py.File], object], **options: object) -> tuple[str, bytes]:
    """A file of weights, or a Keras archive around it."""
    if rng.random() < 0.3:
        options["libver"] = "latest"
    data = hdf5(write, **options)
    if rng.random() < 0.25:
        return ".keras", keras_archive(data, rng.random() < 0.5)
    return rng.choice([".h5", ".weights.h5"]), data


def place(file: h5py.File) -> h5py.Group:
    return file.require_group("layers/dense/vars")


def long_texts(rng: Random) -> tuple[str, bytes]:
    count, size = rng.choice([(1, 10**7), (1, 5 * 10**6), (3_000, 10), (60, 10**5), (3, 10)])
    name = rng.choice(["layer_names", "weight_names", "name", "model_config", "layer_names0"])

    def write(file: h5py.File) -> None:
        keras_weights(file)
        group = rng.choice([file, place(file)])
        group.attrs.create(name, np.array(["a" * size] * count), dtype=h5py.string_dtype())

    return made(rng, write)


def one_text(rng: Random) -> tuple[str, bytes]:
    """Thousands of references to one text: they are made in the bytes of the file."""
    count, size = rng.choice([1_000, 4_000]), rng.choice([10**4, 10**6])
    name = rng.choice(["layer_names", "weight_names", "name", "model_config"])

    def write(file: h5py.File) -> None:
        keras_weights(file)
        group = rng.choice([file, place(file)])
        values = np.array(["a" * size] + [""] * (count - 1), object)
        group.attrs.create(name, values, dtype=h5py.string_dtype())

    return ".h5", referred(hdf5(write), size, count)


def referred(data: bytes, size: int, count: int) -> bytes:
    """Makes all of `count` references those to the first text, of `size` characters.

    A reference has 16 bytes: the length of a text, and where it lies.
    """
    length, empty = size.to_bytes(4, "little"), bytes(4)
    first = data.index(length)
    while data[first + 16 : first + 20] != empty or data[first + 32 : first + 36] != empty:
        first = data.index(length, first + 1)
    last = first + 16 * count
    return data[:first] + data[first : first + 16] * count + data[last:]


def chunks(rng: Random) -> tuple[str, bytes]:
    """Packed pieces that unpack to more or less than they should."""
    shape = rng.choice([(64, 64), (256, 256), (4096, 64)])
    right = int(np.prod(shape)) * 4
    size = rng.choice([right, right + 1, right - 1, 0, 2**26, 2**24])
    stream = zlib.compress(bytes(size), rng.choice([0, 9]) if size < 2**23 else 9)
    stream = rng.choice(
        [stream, stream, stream[: len(stream) // 2], stream + b"x" * 50, b"", b"\xff" * 99]
    )

    def write(file: h5py.File) -> None:
        options = {"compression": "gzip", "shuffle": rng.random() < 0.3}
        array = place(file).create_dataset("0", shape, "f4", chunks=shape, **options)
        array.id.write_direct_chunk((0, 0), stream or b"\0", rng.choice([0, 0, 0, 1, 3]))

    return made(rng, write)


def holes(rng: Random) -> tuple[str, bytes]:
    """Shapes without the numbers, as large as can be claimed."""
    shape = rng.choice([(10,), (2**20, 2**10), (2**28,), (2**40, 2**20), (2**60,), (2**20, 0), ()])
    pieces = rng.choice([None, True, tuple(min(n, 64) or 1 for n in shape) or None])

    def write(file: h5py.File) -> None:
        options = {"chunks": pieces if shape and 0 not in shape else None}
        if pieces and rng.random() < 0.5 and options["chunks"]:
            options["compression"] = "gzip"
        fill = {"fillvalue": 1.0} if rng.random() < 0.3 else {}
        array = place(file).create_dataset("0", shape, "f4", **options, **fill)
        if shape == (2**28,) and options["chunks"]:
            array[: rng.choice([1, 5_000])] = 1

    return made(rng, write)


def elsewhere(rng: Random) -> tuple[str, bytes]:
    """Links, external files, virtual arrays."""
    what = rng.randrange(6)

    def write(file: h5py.File) -> None:
        if rng.random() < 0.5:
            keras_weights(file)
        group = place(file)
        name = rng.choice(["2", "x\x1b[2J"])
        if what == 0:
            group[name] = h5py.ExternalLink("/etc/passwd", "/")
        elif what == 1:
            group[name] = h5py.SoftLink(rng.choice(["/", "/layers", "missing"]))
        elif what == 2:
            group.create_dataset(name, (8,), "u1", external=[("/etc/passwd", 0, 8)])
        elif what == 3:
            layout = h5py.VirtualLayout((8,), "f4")
            layout[:] = h5py.VirtualSource("/etc/passwd", "a", (8,))
            group.create_virtual_dataset(name, layout)
        elif what == 4:
            file["model_weights"] = h5py.ExternalLink("other.h5", "/")
        else:
            file["kind"] = np.dtype("f4")

    return made(rng, write)


def circles(rng: Random) -> tuple[str, bytes]:
    """Groups in themselves, in one another, under many paths, very deep."""
    what = rng.randrange(4)

    def write(file: h5py.File) -> None:
        keras_weights(file)
        if what == 0:
            file["layers/self"] = file[rng.choice(["/", "layers", "layers/dense"])]
        elif what == 1:  # 2**30 paths
            above = file.create_group("g")
            for _ in range(30):
                below = file.create_group(None)
                above["a"], above["b"] = below, below
                above = below
        elif what == 2:
            file.create_group("/".join("d" * rng.choice([30, 100, 3_000])))
        else:
            file["layers/twice"] = file["layers/dense/vars/0"]

    return made(rng, write)


def packings(rng: Random) -> tuple[str, bytes]:
    options = rng.choice(
        [
            {"compression": "lzf"},
            {"scaleoffset": 3},
            {"fletcher32": True},
            {"compression": "gzip", "fletcher32": True, "shuffle": True},
            {"compression": 32001, "allow_unknown_filter": True},
            {"compression": 307, "allow_unknown_filter": True},
        ]
    )

    def write(file: h5py.File) -> None:
        array = place(file).create_dataset("0", (16, 16), "f4", chunks=(8, 16), **options)
        if "allow_unknown_filter" not in options:
            array[:] = np.ones((16, 16))
        else:
            array.id.write_direct_chunk((0, 0), b"x" * 99)

    return made(rng, write)


def types(rng: Random) -> tuple[str, bytes]:
    """Arrays of what are no numbers, or numbers of other machines."""
    odd = [
        np.dtype(">f4"),
        np.dtype("f2"),
        np.dtype(">f8"),
        np.dtype("c8"),
        np.dtype("i8"),
        np.dtype("?"),
    ]
    odd += [
        np.dtype("S4"),
        np.dtype([("a", "f4"), ("b", "i2")]),
        np.dtype(("f4", (3,))),
        np.dtype("V4"),
    ]
    odd += [h5py.string_dtype(), h5py.vlen_dtype(np.float32), h5py.ref_dtype, np.dtype("f16")]
    kind = rng.choice(odd)
    shape = rng.choice([(), (2,), (3, 0), (4, 4), (1,) * 9, None])

    def write(file: h5py.File) -> None:
        if shape is None:
            place(file)["0"] = h5py.Empty(kind)
        else:
            array = place(file).create_dataset("0", shape, kind)
            if np.dtype(kind).kind in "fiub" and shape:
                array[...] = 1

    return made(rng, write)


def odd_float(rng: Random) -> tuple[str, bytes]:
    """Floating point numbers whose bits lie as on no machine."""
    kind = h5py.h5t.IEEE_F32LE.copy()
    change = rng.choice(["bias", "fields", "precision"])
    if change == "bias":
        kind.set_ebias(rng.choice([0, 100, 1000]))
    elif change == "fields":
        kind.set_fields(31, 22, 9, 0, 22)
    else:
        kind.set_precision(32)
        kind.set_norm(h5py.h5t.NORM_NONE)

    def write(file: h5py.File) -> None:
        space = h5py.h5s.create_simple((4, 4))
        h5py.h5d.create(place(file).id, b"0", kind, space)

    return made(rng, write)


def attributes(rng: Random) -> tuple[str, bytes]:
    """Attributes of another type or size than Keras's, and names that drive a terminal."""
    values: list[object] = [
        1,
        1.5,
        np.zeros(10),
        h5py.Empty("f4"),
        "a\x1b[2J",
        b"\xff\xfe",
        ["a", "b"],
    ]
    values += [np.array([b"a/b"]), "../a", "dense\n", "", np.array(["x" * 60_000], "S"), "é" * 300]
    name = rng.choice(["layer_names", "weight_names", "name", "model_config"])

    def write(file: h5py.File) -> None:
        keras_weights(file)
        group = rng.choice([file, place(file), file["layers/dense"]])
        group.attrs[name] = rng.choice(values)

    return made(rng, write)


def names(rng: Random) -> tuple[str, bytes]:
    def write(file: h5py.File) -> None:
        keras_weights(file)
        name = rng.choice(
            ["dense_2\x1b[2J", "lambda", "dense_" + "9" * 5_000, "conv2d_²", "é" * 400, "."]
        )
        if name != ".":
            group = file.create_group(f"layers/{name}/vars")
            group[rng.choice(["0", "1", "\x07", "9" * 5_000])] = np.ones((2, 2), np.float32)

    return made(rng, write)


def many(rng: Random) -> tuple[str, bytes]:
    count = rng.choice([500, 5_000, 25_000])

    def write(file: h5py.File) -> None:
        for index in range(count):
            file.create_group(f"layers/dense_{index}/vars" if count < 9_000 else f"g{index}")

    return ".h5", hdf5(write)


def user_block(rng: Random) -> tuple[str, bytes]:
    data = hdf5(keras_weights)
    return ".h5", bytes(rng.choice([512, 1024, 4096])) + data


def configs(rng: Random) -> tuple[str, bytes]:
    """Descriptions of networks that lie, or are bombs."""
    depth = rng.choice([100, 20_000, 10**6])
    layers = [f'{{"config": {{"name": "l{i}"}}, "inbound_nodes": [[' for i in range(depth // 20)]
    wide = ", ".join(f'["l{i}", 0, 0, {{}}]' for i in range(200))
    nodes = ", ".join(f"{layer}{wide}]]}}" for layer in layers[:2_000])
    texts = [
        b"[" * depth,
        b'{"config": ' * depth,
        b"{}",
        b'{"config": {"layers": [1]}}',
        b"\xff" * depth,
        f'{{"class_name": "Functional", "config": {{"layers": [{nodes}]}}}}'.encode(),
        b'{"config": {"layers": [' + b"{}," * depth + b"{}]}}",
        b'{"class_name": "Sequential", "config": {"layers": [{"config": {"name": ["a"]}}]}}',
    ]
    data = rng.choice(texts)
    return ".keras", keras_archive(honest()["hdf5"][1], rng.random() < 0.5, data)


KINDS: dict[str, tuple[Make, int]] = {
    "hdf5: long texts": (long_texts, 12),
    "hdf5: thousands of references to one text": (one_text, 12),
    "hdf5: packed pieces of other sizes": (chunks, 40),
    "hdf5: holes": (holes, 30),
    "hdf5: links and other files": (elsewhere, 30),
    "hdf5: circles and depths": (circles, 20),
    "hdf5: other filters": (packings, 20),
    "hdf5: other types": (types, 40),
    "hdf5: odd floats": (odd_float, 8),
    "hdf5: odd attributes": (attributes, 40),
    "hdf5: odd names": (names, 20),
    "hdf5: many groups": (many, 5),
    "hdf5: something before it": (user_block, 5),
    "keras: odd descriptions": (configs, 20),
}
