"""`--watch`: a command once more of the specs that changed, until Ctrl-C ends it.

Files are looked at a few times a second, since that needs no library and works on any file system.
"""

from __future__ import annotations

import gc
import os
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from cnndsl.cli.console import CallError, Console, OutputLost
from cnndsl.cli.folders import specs_below
from cnndsl.cli.reading import STDIN, is_model, spec_of_model
from cnndsl.cli.traces import Sitting, State, state
from cnndsl.interrupts import is_interrupt

INTERVAL = 0.2  # seconds between two looks
SETTLING = 0.05  # seconds for which nothing may change before a file counts as written
PATIENCE = 40  # looks that settling may take
IDLE = 10  # a look may take a tenth of the time: in large folders there are fewer
NAMED = 3  # files that a line lists

Once = Callable[[Namespace, Console, Sitting], int]


@dataclass(frozen=True)
class Look:
    """What there is at a moment: the specs to watch, and the state of every file that matters."""

    specs: tuple[str, ...]
    states: dict[str, State]


def watch(once: Once, arguments: Namespace, console: Console) -> NoReturn:
    """Runs `once` of all specs, and again of those whose files change.

    Raises:
      CallError: if the call cannot be run at all; later on that is said, and watching goes on.
      KeyboardInterrupt: in the end.
    """
    folders, others = _parted(arguments.specs)
    sitting = Sitting()
    due = list(_specs(folders, others))
    _run(once, arguments, due, sitting, console)
    unfinished: list[str] = []
    seen = f"{len(due)} spec{'s' * (len(due) != 1)}"
    console.moment(f"watching {seen} and what is used; Ctrl-C ends")
    while True:
        look = _next(folders, others, sitting)
        changes = list(_changes(look, sitting))
        for spec in set(sitting.traces).difference(look.specs):
            del sitting.traces[spec]
        due = [s for s in look.specs if s in unfinished or _is_due(s, look, sitting)]
        console.moment(_listed(changes))
        try:
            _run(once, arguments, due, sitting, console)
            unfinished = []
        except (OutputLost, BrokenPipeError):
            raise
        except CallError as error:
            console.fail(str(error), error.help)
            unfinished = due
        except Exception as error:
            if is_interrupt(error):
                raise KeyboardInterrupt from None
            console.unexpected(error)
        console.flush()


def _parted(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The folders of a call, and what else it names: files, and models of the zoo.

    Raises:
      CallError: for what is neither.
    """
    folders, others = [], []
    for name in dict.fromkeys(names):
        if name == STDIN:
            raise CallError("standard input cannot be watched", "name a file or a folder")
        if os.path.isdir(name):
            folders.append(name)
            continue
        if is_model(name):
            spec_of_model(name)
        elif not os.path.isfile(name):
            what = "it is no file" if os.path.exists(name) else "it does not exist"
            raise CallError(f"cannot watch {name[:200]}: {what}")
        others.append(name)
    return folders, others


def _specs(folders: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """What is watched now; a folder may have no specs for a while."""
    found = dict.fromkeys(others)
    for folder in folders:
        found.update(dict.fromkeys(specs_below(folder)))
    return tuple(found)


def _run(
    once: Once, arguments: Namespace, due: Sequence[str], sitting: Sitting, console: Console
) -> None:
    """One round."""
    if not due:
        return
    for spec in due:
        sitting.traces[spec] = {spec: state(spec)}
    try:
        once(Namespace(**{**vars(arguments), "specs": list(due)}), console, sitting)
        console.flush()
    finally:
        gc.collect()  # which is put off while a command runs, and this one does not end


# --- what changed ---------------------------------------------------------------------


def _next(folders: Sequence[str], others: Sequence[str], sitting: Sitting) -> Look:
    """Waits until something has changed, and then until nothing changes any more.

    An editor that saves a file removes it for a moment, or writes it in pieces.
    """
    while True:
        started = time.perf_counter()
        look = _look(folders, others, sitting)
        taken = time.perf_counter() - started
        if not any(_changes(look, sitting)):
            time.sleep(max(INTERVAL, IDLE * taken))
            continue
        for _ in range(PATIENCE):
            time.sleep(max(SETTLING, taken))
            before, look = look, _look(folders, others, sitting)
            if look == before:
                break
        if any(_changes(look, sitting)):
            return look


def _look(folders: Sequence[str], others: Sequence[str], sitting: Sitting) -> Look:
    specs = _specs(folders, others)
    paths = {path for trace in sitting.traces.values() for path in trace}
    return Look(specs, {path: state(path) for path in paths.union(specs)})


def _is_due(spec: str, look: Look, sitting: Sitting) -> bool:
    trace = sitting.traces.get(spec)
    return trace is None or any(look.states[path] != seen for path, seen in trace.items())


def _changes(look: Look, sitting: Sitting) -> Iterator[tuple[str, str]]:
    """The files that changed, and how; each may come several times."""
    for spec in look.specs:
        if spec not in sitting.traces:
            yield spec, "is new"
    for spec, trace in sitting.traces.items():
        if spec not in look.specs:
            yield spec, "is gone"
            continue
        for path, seen in trace.items():
            now = look.states[path]
            if now != seen:
                yield path, "is gone" if now is None else "is new" if seen is None else "changed"


def _listed(changes: Sequence[tuple[str, str]]) -> str:
    """`net.cnn changed, lib/blocks.cnn is gone and 2 more`."""
    named = {_shown(path): how for path, how in changes}
    said = [f"{path} {how}" for path, how in named.items()]
    more = len(said) - NAMED
    return ", ".join(said[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _shown(path: str) -> str:
    """A file as it is reached from the current folder, where it lies in it."""
    try:
        near = os.path.relpath(path)
    except (OSError, ValueError):  # the folder was deleted, or lies on another drive of Windows
        return path
    return path if near.startswith(os.pardir) else near
