"""PyTorch's archives whose pickles do what no tensor needs, or whose tensors are none."""

from __future__ import annotations

import os
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from random import Random

import numpy as np

from tests.weights import torch_files
from tests.weights.honest_files import ARRAYS, torch_members, torch_zip
from tests.weights.torch_files import Storage, Tensor, dumped

Make = Callable[[Random], tuple[str, bytes]]
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
GLOBALS = [
    "os system",
    "builtins eval",
    "builtins exec",
    "torch load",
    "numpy.core.multiarray scalar",
]
GLOBALS += [
    "\x1b[2J \x1b[31m",
    "a" * 3_000 + " b",
    "torch._utils _rebuild_qtensor",
    "collections Counter",
]
OPCODES = [bytes([code.code.encode("latin-1")[0]]) for code in __import__("pickletools").opcodes]


class Runs:
    """Pickled as a call."""

    def __init__(self, function: Callable[..., object], *arguments: object):
        self.parts = function, arguments

    def __reduce__(self):
        return self.parts


def legacy(state: bytes, keys: object = (), data: bytes = b"", *others: object) -> bytes:
    """The form of before 1.6 around the pickle of a state dict."""
    first = others or (torch_files.MAGIC, 1001, SYSTEM)
    start = b"".join(dumped(value, legacy=True) for value in first)
    return start + state + dumped(list(keys), legacy=True) + data


def either(rng: Random, program: bytes, storages: tuple[bytes, ...] = ()) -> tuple[str, bytes]:
    """The program in an archive of one of the two forms."""
    if rng.random() < 0.3:
        return ".pth", legacy(program)
    return rng.choice([".pth", ".pt"]), torch_zip(program, list(storages), rng.random() < 0.3)


def calls(rng: Random) -> tuple[str, bytes]:
    protocol = rng.randrange(6)
    value = rng.choice(
        [
            Runs(os.system, "touch ran"),
            Runs(eval, "1"),
            Runs(getattr, "a", "b"),
            Runs(open, "ran", "w"),
        ]
    )
    inside = rng.choice([value, {"state_dict": value}, OrderedDict(a=value), [value] * 3])
    if rng.random() < 0.5:
        return either(rng, pickle.dumps(inside, protocol))
    name = rng.choice(GLOBALS).replace(" ", "\n").encode()
    ends = [b"(S'1'\ntR.", b")R.", b")\x81.", b"(S'1'\ni" + name + b"\n.", b"}b.", b")}\x92."]
    return either(rng, b"\x80\x02c" + name + b"\n" + rng.choice(ends))


def copies(rng: Random) -> tuple[str, bytes]:
    """A list of pairs, made an OrderedDict again and again."""
    items, times = rng.choice([(1_000, 1_000), (20_000, 5_000), (100_000, 4_000), (50, 20)])
    pairs = b"".join(b"X\4\0\0\0%04xK\1\x86" % (number & 0xFFFF) for number in range(items))
    start = b"\x80\x02ccollections\nOrderedDict\nq\0](" + pairs + b"eq\1"
    return either(rng, start + b"(" + b"h\0h\1\x85R" * times + b"l.")


def many_steps(rng: Random) -> tuple[str, bytes]:
    count = rng.choice([10_000, 300_000, 3_000_000])
    step = rng.choice(
        [b"}", b"]", b"N0", b"K\1", b"(1", b"}\x94", b"(t", b"]\x94h\0", b")\x85", b"N2"]
    )
    return either(rng, b"\x80\x04]\x94" + step * count + b".")


def large_texts(rng: Random) -> tuple[str, bytes]:
    size = rng.choice([10**5, 4 * 10**6, 15 * 10**6])
    forms = [
        b"X" + struct.pack("<I", size) + b"a" * size,
        b"X" + struct.pack("<I", size) + "\U0001f600".encode() + b"a" * (size - 4),
        b"B" + struct.pack("<I", 2**31) + b"a",
        b"\x8e" + struct.pack("<Q", 2**62) + b"a",
        b"\x8d" + struct.pack("<Q", 2**40) + b"a",
        b"\x8b" + struct.pack("<i", size) + b"\x7f" * size,
        b"\x8b" + struct.pack("<i", -5),
        b"V" + b"\\u0041" * (size // 6) + b"\n",
        b"I" + b"9" * size + b"\n",
        b"L" + b"9" * size + b"L\n",
        b"F" + b"1" * size + b"\n",
        b"S'" + b"\\x41" * (size // 4) + b"'\n",
        b"a" * size,
    ]
    return either(rng, b"}" + rng.choice(forms) + b"K\1s.")


def nested(rng: Random) -> tuple[str, bytes]:
    depth = rng.choice([100, 30_000, 300_000])
    inside = rng.choice(
        [b")" + b"\x85" * depth, b"]" * depth + b"a" * (depth - 1), b"}q\0" + b"h\0" * depth]
    )
    return either(rng, b"}" + inside + rng.choice([b"K\1s.", b".", b"}s."]))


def soup(rng: Random) -> tuple[str, bytes]:
    """A pickle that begins well and goes on at random."""
    honest = torch_members()["net/data.pkl"]
    made = bytearray(honest[: rng.randrange(len(honest))])
    for _ in range(rng.randrange(1, 60)):
        made += rng.choice(OPCODES) + rng.randbytes(rng.choice([0, 0, 1, 2, 4]))
    return either(rng, bytes(made) + b".")


def damaged(rng: Random) -> tuple[str, bytes]:
    """Flips in the pickle alone, with the checksum that it then has."""
    members = torch_members()
    program = bytearray(members.pop("net/data.pkl"))
    for _ in range(rng.choice([1, 1, 2, 5])):
        program[rng.randrange(len(program))] = rng.randrange(256)
    return ".pth", torch_zip(bytes(program), list(members.values()))


def views(rng: Random) -> tuple[str, bytes]:
    """Shapes, strides and offsets of all sizes over a storage of sixteen numbers."""
    sizes = [0, 1, 2, 3, 4, 16, 17, -1, 2**20, 2**31, 2**36, 2**62, 2**64, 10**40]
    rank = rng.choice([0, 1, 1, 2, 2, 4, 9, 1000])
    few = rng.choice([sizes[:5], sizes[:6], sizes])
    shape = tuple(rng.choice(few) for _ in range(rank))
    strides = tuple(rng.choice(few) for _ in range(rank if rng.random() < 0.9 else rank + 1))
    claimed = rng.choice([16, 16, 16, 4, 2**40, 0])
    view = Tensor(Storage("0", claimed), rng.choice(few), shape, strides)
    program = dumped(OrderedDict(a=view))
    if rng.random() < 0.4:
        numbers = rng.choice([16, 16, 0, 2**40, -1])
        data = struct.pack("<q", numbers) + bytes(64)
        program = dumped(OrderedDict(a=view), legacy=True)
        return ".pth", legacy(program, ["0"], data)
    return ".pth", torch_zip(program, [bytes(64)], rng.random() < 0.5)


def small_parts(rng: Random) -> tuple[str, bytes]:
    """Small tensors of one large storage, stored or packed."""
    size = rng.choice([2**16, 2**20, 2**24])
    count = rng.choice([1, 30, 2_000, 10_000])
    storage = Storage("0", size)
    step = rng.choice([0, 1, 7])
    wide = rng.choice([1, 1, 30_000])
    state = {
        f"t{i}": Tensor(storage, (i * step) % (size // 2), (2,), (wide,)) for i in range(count)
    }
    return ".pth", torch_zip(dumped(state), [bytes(4 * size)], rng.random() < 0.7)


def shared_whole(rng: Random) -> tuple[str, bytes]:
    """Many tensors that are all one storage."""
    size, count = rng.choice([(2**20, 5_000), (2**24, 300), (2**10, 50), (2**22, 3)])
    view = Tensor(Storage("0", size), 0, (size,), (1,))
    data = np.zeros(size, np.float32).tobytes()
    return ".pth", torch_zip(dumped({f"t{i}": view for i in range(count)}), [data])


def odd_names(rng: Random) -> tuple[str, bytes]:
    names = [
        "a\x1b[2J.weight",
        "",
        "a" * 2_000,
        1,
        2**70,
        None,
        b"a",
        ("a",),
        "a\nb",
        "\u202e",
        "a/b",
        "a.b",
    ]
    described = list(torch_files.tensors(ARRAYS).values())
    chosen = rng.sample(names, 3)
    return either(rng, dumped(dict(zip(chosen, described, strict=False))))


def odd_wholes(rng: Random) -> tuple[str, bytes]:
    """What is no state dict, and archives of the older form that go wrong early."""
    values = [
        1,
        None,
        [],
        {},
        "a",
        {"a": 1},
        {"state_dict": {}},
        {"state_dict": 1, "a": []},
        Storage("0", 4),
    ]
    if rng.random() < 0.5:
        return either(rng, dumped(rng.choice(values)))
    state = dumped(torch_files.tensors(ARRAYS), legacy=True)
    wrong = [(1,), (torch_files.MAGIC, 1001, {"little_endian": False}), (torch_files.MAGIC,), ([],)]
    others = rng.choice([*wrong, (torch_files.MAGIC, 1001, SYSTEM)])
    keys = rng.choice([["0", "0"], [1], "01", ["9"], [["0"]], {}])
    numbers = rng.choice([1, -1, 2**40, 2**62])
    return ".pth", legacy(state, keys, struct.pack("<q", numbers) + bytes(80), *others)


KINDS: dict[str, tuple[Make, int]] = {
    "pickle: calls": (calls, 60),
    "pickle: copies of an OrderedDict": (copies, 10),
    "pickle: many steps": (many_steps, 20),
    "pickle: large texts and numbers": (large_texts, 30),
    "pickle: deep nesting": (nested, 15),
    "pickle: random opcodes": (soup, 80),
    "pickle: flips": (damaged, 80),
    "torch: odd views": (views, 90),
    "torch: small parts of a large storage": (small_parts, 15),
    "torch: many names of one storage": (shared_whole, 8),
    "torch: odd names": (odd_names, 20),
    "torch: no state dict": (odd_wholes, 25),
}
