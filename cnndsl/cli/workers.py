"""Several specs at once, by copies of this process."""

from __future__ import annotations

import os
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnndsl.checked import Checked
from cnndsl.cli.reading import STDIN, check_choice, check_spec, is_model
from cnndsl.garbage import kept, sweep
from cnndsl.ir import Value
from cnndsl.pipeline import check_source, compile_checked

FEW = 8  # specs that take no longer one after the other


@dataclass(frozen=True)
class Made:
    """What a spec compiles to, as text, and the figures of its models."""

    code: str
    training: str | None
    models: tuple[tuple[str, int, int], ...]  # name, parameters, MACs
    trained: tuple[str, ...]  # the models with a recipe


def make(checked: Checked, overrides: dict[str, Value], arguments: Namespace) -> Made:
    """The modules of a spec without mistakes."""
    compiled = compile_checked(checked, overrides, arguments.model, arguments.output)
    if compiled.code is None:
        raise AssertionError("a spec without a mistake has a module")
    return Made(
        compiled.code,
        compiled.training,
        tuple((s.model, s.params, s.macs) for s in compiled.summaries),
        tuple(s.model for s in compiled.summaries if s.recipe is not None),
    )


def make_ahead(
    names: Sequence[str], overrides: dict[str, Value], arguments: Namespace
) -> dict[str, Made]:
    """Checks and compiles the specs of these files, shared among the processors.

    Few are left out, and all where this process cannot be copied; so are those that are wrong in
    some way and those that fail: they are to be checked here, where it can be told.
    """
    files = [name for name in names if name != STDIN and not is_model(name)]
    workers = min(_processors(), len(files))
    if workers < 2 or len(files) < FEW or not _can_copy():
        return {}

    def made(name: str) -> Made | None:
        checked = check_spec(name, arguments, overrides, check_source)
        check_choice(checked, arguments.model, overrides)
        if checked.diagnostics or not checked.networks:
            return None
        return make(checked, overrides, arguments)

    return _shared(files, made, workers)


def make_here(
    checked: Sequence[Checked], overrides: dict[str, Value], arguments: Namespace
) -> dict[str, Made]:
    """Compiles specs that were checked, one after the other."""
    found: dict[str, Made] = {}
    with kept():
        for each in checked:
            found[each.name] = make(each, overrides, arguments)
            sweep()
    return found


class _Work:
    """What copies of this process are made with."""

    made: Callable[[str], Made | None]


def _shared(
    names: Sequence[str], made: Callable[[str], Made | None], workers: int
) -> dict[str, Made]:
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    import cnndsl.targets.flax  # noqa: F401  (once, and not in every copy)

    _Work.made = made
    found: dict[str, Made] = {}
    with kept(), ProcessPoolExecutor(workers, get_context("fork"), _ignore_interrupts) as pool:
        # The largest first: so no processor has work left when the others have none.
        futures = {name: pool.submit(_work, name) for name in sorted(names, key=_size)}
        try:
            for name, future in futures.items():
                try:
                    result = future.result()
                except BrokenProcessPool:  # a copy was killed, as by want of memory
                    break
                if result is not None:
                    found[name] = result
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return found


def _work(name: str) -> Made | None:
    try:
        return _Work.made(name)
    except Exception:
        return None
    finally:
        sweep()


def _size(name: str) -> int:
    try:
        return -os.path.getsize(name)
    except (OSError, ValueError):
        return 0


def _ignore_interrupts() -> None:
    """Ctrl-C goes to every process of the terminal; the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _can_copy() -> bool:
    """Other threads, of XLA for one, would not be copied, and what they hold would stay held."""
    return threading.active_count() == 1 and "jax" not in sys.modules
