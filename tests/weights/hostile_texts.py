"""Headers of safetensors and descriptions of numpy that no writer of theirs writes."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from random import Random

import numpy as np

from tests.weights.honest_files import npy, zipped

Make = Callable[[Random], tuple[str, bytes]]
NUMBERS = [0, 1, 2, -1, -(2**31), 2**31, 2**36, 2**40, 2**63, 10**30, 1.5, 1e308, True, None, "2"]
TEXTS = ["", "a", "F32", "f4", "OBJ", "C64", "F8_E4M3", "\x1b[31m", "a" * 5_000, "\ud800", "é" * 9]


def safetensors(header: object, data: bytes = b"") -> tuple[str, bytes]:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return ".safetensors", struct.pack("<Q", len(text)) + text + data


def tensor(first: int, last: int, **more: object) -> dict[str, object]:
    return {"dtype": "F32", "shape": [(last - first) // 4], "data_offsets": [first, last]} | more


def overlaps_and_holes(rng: Random) -> tuple[str, bytes]:
    spans = [sorted(4 * rng.randrange(20) for _ in range(2)) for _ in range(rng.randrange(2, 6))]
    return safetensors({f"t{i}": tensor(*span) for i, span in enumerate(spans)}, bytes(80))


def gapless(rng: Random) -> tuple[str, bytes]:
    """As it should be but for what follows or precedes."""
    sizes = [4 * rng.randrange(1, 9) for _ in range(5)]
    start = rng.choice([0, 0, 4])
    header, place = {}, start
    for index, size in enumerate(sizes):
        header[f"t{index}"] = tensor(place, place + size)
        place += size
    return safetensors(header, bytes(place + rng.choice([0, 1, 4, 1000])))


def duplicate_keys(rng: Random) -> tuple[str, bytes]:
    entry = json.dumps(tensor(0, 8))
    inner = entry[:-1] + f', "shape": [{rng.choice([2, 1, 4])}]}}'
    texts = [f'{{"a": {entry}, "a": {entry}}}', f'{{"a": {inner}}}']
    texts.append(f'{{"__metadata__": {{"x": "1", "x": "2"}}, "a": {entry}}}')
    return safetensors(rng.choice(texts).encode(), bytes(8))


def odd_entries(rng: Random) -> tuple[str, bytes]:
    anything = [*NUMBERS, *TEXTS, [], {}, [[0]], [0, 8, 16], {"a": 1}]
    entry = tensor(0, 8)
    key = rng.choice(["dtype", "shape", "data_offsets", "other"])
    entry[key] = rng.choice(anything)
    if key == "shape" and rng.random() < 0.6:
        entry[key] = [rng.choice(NUMBERS) for _ in range(rng.choice([1, 2, 8, 9, 40]))]
    if key == "data_offsets" and rng.random() < 0.6:
        entry[key] = [rng.choice(NUMBERS), rng.choice(NUMBERS)]
    return safetensors({rng.choice(["a", "a", *TEXTS]): entry}, bytes(8))


def odd_headers(rng: Random) -> tuple[str, bytes]:
    depth = rng.choice([10, 900, 20_000, 400_000])
    return safetensors(
        rng.choice(
            [
                b"[" * depth,
                b'{"a":' * depth,
                b'{"a":' * depth + b"1" + b"}" * depth,
                b"[" + b"[]," * depth + b"[]]",
                b'{"a": ' + b"9" * depth + b"}",
                b'{"a": 1e' + b"9" * min(depth, 5000) + b"}",
                b'{"a": NaN}',
                b'"' + b"\\ud800" * depth + b'"',
                b'{"' + b"a" * depth + b'": {}}',
                b"\xff\xfe{}",
                b"\0" * depth,
                b"null",
            ]
        )
    )


def odd_lengths(rng: Random) -> tuple[str, bytes]:
    """The header claims to be as long as it is not."""
    _, data = safetensors({"a": tensor(0, 8)}, bytes(8))
    claimed = rng.choice([0, 1, len(data) - 8, len(data), 2**20, 2**27, 2**40, 2**63, 2**64 - 1])
    return ".safetensors", struct.pack("<Q", claimed) + data[8:]


def large_headers(rng: Random) -> tuple[str, bytes]:
    count = rng.choice([15_000, 30_000, 60_000])
    item = rng.choice([tensor(0, 0), [], {}, "a", 1.5, "\U0001f600"])
    return safetensors({f"t{number}": item for number in range(count)})


def metadata(rng: Random) -> tuple[str, bytes]:
    said = {rng.choice(TEXTS): rng.choice([*TEXTS, "\r\x1b]0;a\x07", "\u202ea\u2028b"])}
    if rng.random() < 0.3:
        said = rng.choice([{"a": 1}, [], "a", None, {"a": {}}, {"a": "b" * 10**6}])
    return safetensors({"__metadata__": said, "a": tensor(0, 8)}, bytes(8))


def described(text: str, data: bytes = bytes(64), version: int = 1) -> tuple[str, bytes]:
    """One array behind a description that may be anything."""
    encoded = text.encode("latin-1", "replace")
    length = struct.pack("<H" if version == 1 else "<I", len(encoded) & 0xFFFF)
    return ".npz", zipped({"a.npy": b"\x93NUMPY" + bytes([version, 0]) + length + encoded + data})


def odd_descriptions(rng: Random) -> tuple[str, bytes]:
    depth = rng.choice([5, 500, 9_000, 60_000])
    texts = [
        "(" * depth, "[" * depth + "]" * depth, "-" * depth + "1", "{'descr': '<f4'", "'''", "\\",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (", "0x" * depth, " \n\t\n 1\n  2",
        "{" * depth, "not " * depth + "1", "1+" * depth + "1", "lambda: 0", "__import__('os')",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4L, 4L), }", "\x00" * depth, "",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1," * depth + "), }",
        "{'descr': '<f4', 'fortran_order': 1, 'shape': (4,), }", "f'{1}'", "a" * depth,
        "{'descr': '<f4', 'descr': '<f4', 'shape': (4,), }",
    ]  # fmt: skip
    return described(rng.choice(texts), version=rng.choice([1, 1, 2, 3]))


def odd_types(rng: Random) -> tuple[str, bytes]:
    kinds = [
        "<f4",
        ">f4",
        "|O",
        "<c8",
        "<U4",
        "|S4",
        "|V4",
        "<m8[ns]",
        "<f16",
        "<f3",
        "|b1",
        "f4,f4",
    ]
    kinds += ["<f4" * 50, "(1000000,)f4", "", "<i8", "=f4", "\x1b[0m", "|O8", ">f8", "<f2", "e"]
    shape = ", ".join(str(rng.choice([0, 1, 2, 4, 16, 2**40])) for _ in range(rng.randrange(4)))
    order = rng.choice(["True", "False"])
    kind = rng.choice([repr(rng.choice(kinds)), "[('a', '<f4')]", "None", "'<f4'"])
    text = f"{{'descr': {kind}, 'fortran_order': {order}, 'shape': ({shape},), }}"
    return described(text.replace("(,)", "()"), bytes(rng.choice([0, 16, 64, 100])))


def short_or_long(rng: Random) -> tuple[str, bytes]:
    data = npy(np.ones(rng.choice([1, 10, 1000]), np.float32))
    cut = rng.choice([data[: rng.randrange(len(data))], data + bytes(rng.choice([1, 4, 5000]))])
    return ".npz", zipped({"a.npy": cut}, rng.random() < 0.5)


KINDS: dict[str, tuple[Make, int]] = {
    "safetensors: overlaps and holes": (overlaps_and_holes, 40),
    "safetensors: bytes before or behind": (gapless, 20),
    "safetensors: duplicate keys": (duplicate_keys, 12),
    "safetensors: odd entries": (odd_entries, 90),
    "safetensors: odd headers": (odd_headers, 40),
    "safetensors: odd lengths": (odd_lengths, 15),
    "safetensors: large headers": (large_headers, 12),
    "safetensors: odd metadata": (metadata, 25),
    "numpy: odd descriptions": (odd_descriptions, 50),
    "numpy: odd types": (odd_types, 50),
    "numpy: short or long": (short_or_long, 20),
}
