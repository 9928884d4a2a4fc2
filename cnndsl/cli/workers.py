"""Several specs at once, by copies of this process."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnndsl.checked import Checked
from cnndsl.garbage import kept, sweep
from cnndsl.ir import Value
from cnndsl.pipeline import Compiled, compile_checked
from cnndsl.summary import summarize_network

if TYPE_CHECKING:
    from collections.abc import Callable

FEW = 8  # specs that take no longer one after the other


def compile_all(
    checked: Sequence[Checked],
    overrides: dict[str, Value],
    model: str | None,
    output: str | None,
) -> Iterator[Compiled]:
    """What `compile_checked` gives of each, in order.

    Many are shared among the processors, where a process can be copied with all that was proven.
    """

    def compiled(each: Checked) -> Compiled:
        return compile_checked(each, overrides, model, output)

    workers = min(_processors(), len(checked))
    with kept():
        if workers > 1 and len(checked) >= FEW and _can_copy():
            yield from _shared(checked, compiled, model, workers)
            return
        for each in checked:
            yield compiled(each)
            sweep()


class _Work:
    """What copies of this process are made with."""

    checked: Sequence[Checked]
    compiled: Callable[[Checked], Compiled]


def _shared(
    checked: Sequence[Checked],
    compiled: Callable[[Checked], Compiled],
    model: str | None,
    workers: int,
) -> Iterator[Compiled]:
    """What fails in a copy is done once more here, to fail where it can be told."""
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    _Work.checked, _Work.compiled = checked, compiled
    with ProcessPoolExecutor(workers, get_context("fork"), _ignore_interrupts) as pool:
        futures = [pool.submit(_work, number) for number in range(len(checked))]
        try:
            for each, future in zip(checked, futures, strict=True):
                try:
                    found = future.result()
                except BrokenProcessPool:  # a copy was killed, as by want of memory
                    found = None
                if found is None:
                    yield compiled(each)
                    continue
                networks = [n for n in each.networks if model in (None, n.name)]
                code, training = found
                yield Compiled(code, tuple(map(summarize_network, networks)), (), training)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _work(number: int) -> tuple[str, str | None] | None:
    """The texts of the modules, and None where there is no module."""
    try:
        found = _Work.compiled(_Work.checked[number])
    except Exception:
        return None
    sweep()
    return None if found.code is None else (found.code, found.training)


def _ignore_interrupts() -> None:
    """Ctrl-C goes to every process of the terminal; the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _can_copy() -> bool:
    """Other threads, of XLA for one, would not be copied, and what they hold would stay held."""
    return threading.active_count() == 1 and "jax" not in sys.modules
