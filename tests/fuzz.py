"""Compiles random specs, one for each seed, and says which of them fail and how.

    python -m tests.fuzz 0 1000             specs of tests/writing
    python -m tests.fuzz 0 1000 --later     those of the whole language
    python -m tests.fuzz 0 1000 --outputs   those of tests/writing, with several results
    python -m tests.fuzz 0 1000 --mutate    those of specs/ and tests/networks, changed a little
    python -m tests.fuzz 17 18 --print      the spec of a seed
    python -m tests.fuzz 17 18 --shrink     the least that fails in the same way

It exits with 1 where a compile failed, or would have but for the plainer form of the module.
A diagnostic is no failure of the compiler's, but one of tests/writing, which means to write
specs without mistakes.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from types import FrameType

from cnndsl.pipeline import Compiled, check_source, compile_checked
from cnndsl.source import Source
from cnndsl.targets.flax import Flax
from tests.mutations import mutated
from tests.shrinking import shrunk
from tests.writing import Writer
from tests.writing.outputs import with_outputs

ROOT = Path(__file__).parents[1]
LIMIT = 5.0  # seconds of the processor's time that a compile may take


@dataclass(frozen=True)
class Failure:
    """`kind` is `diagnostic`, `slow` or the name of the exception's class."""

    kind: str
    message: str
    where: str = ""  # in the compiler

    @property
    def likeness(self) -> tuple[str, str, str]:
        """What failures have in common, whatever names and numbers their specs use."""
        first = self.message.partition(";")[0]
        return self.kind, self.where, re.sub(r"^.*networks: \w+: |`[^`]*`|\d+|\[.*", "", first)

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}" + (f" [{self.where}]" if self.where else "")


class Overdue(BaseException):
    """Not an `Exception`: nothing in the compiler may catch it."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises `Overdue` in what takes longer."""

    def overdue(number: int, frame: FrameType | None) -> None:
        raise Overdue

    before = signal.signal(signal.SIGPROF, overdue)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def readable(source: Source) -> Compiled:
    return compile_checked(check_source(source), target=Flax(plainer=False))


def failure(text: str, seconds: float = LIMIT) -> Failure | None:
    """What is wrong with compiling a spec, if anything is."""
    try:
        with limited(seconds):
            compiled = readable(Source("spec.cnn", text))
    except Overdue:
        return Failure("slow", f"takes over {seconds:g} s")
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        message = str(error).partition("\n")[0][:200]
        return Failure(type(error).__name__, message, f"{Path(frame.filename).name}:{frame.lineno}")
    if compiled.diagnostics:
        first = compiled.diagnostics[0]
        return Failure("diagnostic", f"{first.code} {first.message}", first.code)
    return None


def fails_like(known: Failure, text: str, seconds: float = LIMIT) -> bool:
    found = failure(text, seconds)
    return found is not None and found.likeness == known.likeness


# --- specs ----------------------------------------------------------------------------


def written(seed: int) -> str:
    return Writer(Random(seed)).spec()


def of_the_whole_language(seed: int) -> str:
    """A tenth of them has several results."""
    text = Writer(Random(seed), later=True).spec()
    is_named = seed % 10 == 9 and not re.search(r"expect output|train \{|\(classes = 0", text)
    return (with_outputs(text, Random(seed)) if is_named else None) or text


def with_results(seed: int) -> str | None:
    """A random spec with several results; None where it has no place for any."""
    return with_outputs(written(seed), Random(seed))


def changed(seed: int) -> str | None:
    """A network of the zoo or of the tests, changed; None where no attempt holds."""
    random = Random(seed)
    paths = sorted([*(ROOT / "specs").glob("*.cnn"), *(ROOT / "tests/networks").glob("**/*.cnn")])
    return mutated(random.choice(paths).read_text(encoding="utf-8"), random)


# --- the command ----------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    make = changed if options.mutate else with_results if options.outputs else written
    make = of_the_whole_language if options.later else make
    started, kinds, compiled = time.monotonic(), Counter[str](), 0
    for seed in range(options.first, options.last):
        text = make(seed)
        if text is None:
            continue
        if options.print:
            print(text)
        compiled += 1
        found = failure(text, options.limit)
        if found is None:
            continue
        kinds[found.kind] += 1
        print(f"{seed}: {found}", flush=True)
        if options.shrink:
            print(shrunk(text, partial(fails_like, found, seconds=options.limit)))
    seconds = time.monotonic() - started
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()) or "no failures"
    print(f"{compiled} specs, {compiled / seconds:.1f} per second: {counts}")
    return 1 if set(kinds) - {"diagnostic"} else 0


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser("tests.fuzz", description="compiles random specs")
    found.add_argument("first", type=int, metavar="FROM", help="the first seed")
    found.add_argument("last", type=int, metavar="TO", help="the seed behind the last")
    found.add_argument("--mutate", action="store_true", help="change specs that there are")
    found.add_argument("--later", action="store_true", help="write the whole language")
    found.add_argument("--outputs", action="store_true", help="name several results")
    found.add_argument("--print", action="store_true", help="print every spec")
    found.add_argument("--shrink", action="store_true", help="make what fails smaller")
    found.add_argument("--limit", type=float, default=LIMIT, help="seconds that a compile may take")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
