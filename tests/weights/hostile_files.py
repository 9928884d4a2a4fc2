"""The archives of `tests.weights.hostile`: damaged at random, and made to do harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from tests.weights import hostile_hdf5, hostile_pickles, hostile_texts, hostile_zips
from tests.weights.honest_files import honest

ALL = 2_000
SEED = 8
Make = Callable[[Random], tuple[str, bytes]]  # how the file's name ends, and its bytes


@dataclass(frozen=True)
class Case:
    """One archive: the `index`-th of its kind."""

    kind: str
    index: int
    make: Make

    def made(self) -> tuple[str, bytes]:
        return self.make(Random(f"{SEED} {self.kind} {self.index}"))


def cut(name: str, rng: Random) -> tuple[str, bytes]:
    suffix, data = honest()[name]
    return suffix, data[: rng.randrange(len(data))]


def flipped(name: str, rng: Random) -> tuple[str, bytes]:
    """A few bytes changed, half of the time among the first or the last ones."""
    suffix, data = honest()[name]
    out = bytearray(data)
    near = rng.choice([len(out), len(out), 600, 60])
    for _ in range(rng.choice([1, 1, 2, 8, 60])):
        place = rng.randrange(min(near, len(out)))
        out[place if rng.random() < 0.5 else -1 - place] = rng.choice(
            [0, 1, 255, rng.randrange(256)]
        )
    return suffix, bytes(out)


def moved(name: str, rng: Random) -> tuple[str, bytes]:
    """A block blanked, doubled, left out, or put elsewhere."""
    suffix, data = honest()[name]
    first, last = sorted(rng.randrange(len(data)) for _ in range(2))
    last = min(last, first + rng.choice([8, 100, 5_000]))
    block, other = data[first:last], rng.randrange(len(data))
    changed = [
        data[:first] + bytes(len(block)) + data[last:],
        data[:first] + block + data[first:],
        data[:first] + data[last:],
        data[:other] + block + data[other + len(block) :],
        data[:first] + rng.randbytes(len(block)) + data[last:],
    ]
    return suffix, rng.choice(changed)


def renamed(rng: Random) -> tuple[str, bytes]:
    """A file of one kind under the name of another, or of nothing at all."""
    suffixes = [suffix for suffix, _ in honest().values()]
    datas = [data for _, data in honest().values()]
    noise = [b"", b"\0", b"PK\3\4", b"PK\5\6" + bytes(18), rng.randbytes(500), bytes(10_000)]
    return rng.choice(suffixes), rng.choice([*datas, *noise])


def kinds() -> dict[str, tuple[Make, int]]:
    """By name: what makes an archive, and how many of all it makes."""
    found = {"any: another kind": (renamed, 20)}
    for part in (hostile_zips, hostile_pickles, hostile_texts, hostile_hdf5):
        found |= part.KINDS
    damages = [
        (f"{how.__name__}: {name}", partial(how, name))
        for how in (cut, flipped, moved)
        for name in honest()
    ]
    left = ALL - sum(count for _, count in found.values())
    for index, (kind, make) in enumerate(damages):
        found[kind] = (make, left * (index + 1) // len(damages) - left * index // len(damages))
    return found


def cases(number: int) -> list[Case]:
    """The first of every kind, then the others, all kinds spread evenly."""
    ranked = []
    for kind, (make, count) in kinds().items():
        for index in range(count):
            ranked.append((index / count, kind, Case(kind, index, make)))
    return [case for *_, case in sorted(ranked, key=lambda row: row[:2])][:number]
