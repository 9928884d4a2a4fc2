"""Names for variables: two that hold values at the same time have different ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cnndsl.targets.python.draft import Loop, Step
from cnndsl.targets.python.statements import flat, read, written
from cnndsl.targets.python.tree import Assign, For, If, Name


def interference(steps: Sequence[Step], live: set[str]) -> dict[str, set[str]]:
    """Which variables hold values at the same time; `live` are those read behind the end."""
    found: dict[str, set[str]] = {}
    _backwards(steps, set(live), found, {})
    return found


def _meet(found: dict[str, set[str]], name: str, live: Iterable[str]) -> None:
    held = found.setdefault(name, set())
    for other in live:
        if other != name:
            held.add(other)
            found.setdefault(other, set()).add(name)


def exposed(steps: Sequence[Step], live: set[str]) -> set[str]:
    """What is read before some statements, or behind their end."""
    return _exposed(steps, set(live), {})


Exposed = dict[int, frozenset[str]]  # by the identity of a loop, what it reads of what was before


def _exposed(steps: Sequence[Step], live: set[str], known: Exposed) -> set[str]:
    for step in reversed(steps):
        match step:
            case If():
                other = _exposed(step.other, set(live), known)
                live = _exposed(step.body, live, known) | other
            case Loop() | For():
                live |= _exposed_of(step, known)
            case _:
                live -= written(step)
        live |= read(step)
    return live


def _exposed_of(loop: Loop | For, known: Exposed) -> frozenset[str]:
    found = known.get(id(loop))
    if found is None:
        found = frozenset(_exposed(loop.body, set(), known)) - written(loop)
        known[id(loop)] = found
    return found


def _backwards(
    steps: Sequence[Step],
    live: set[str],
    found: dict[str, set[str]],
    known: Exposed,
    around: frozenset[str] = frozenset(),  # the variables of loops
) -> None:
    for step in reversed(steps):
        match step:
            case If():
                then, other = set(live), set(live)
                _backwards(step.body, then, found, known, around)
                _backwards(step.other, other, found, known, around)
                live.clear()
                live |= then | other | read(step)
            case Loop() | For():
                bound = written(step)
                inside = live | _exposed_of(step, known)  # by the next iteration
                _backwards(step.body, inside, found, known, around | bound)
                for name in bound:
                    _meet(found, name, inside | bound | read(step) | around)  # no `for x in x`
                live |= inside - bound
                live |= read(step)
            case _:
                bound = written(step)
                copied = None
                if isinstance(step, Assign) and isinstance(step.value, Name):
                    copied = step.value.id  # which may share the name of its copy
                for name in bound:
                    _meet(found, name, (live | bound) - ({copied} if len(bound) == 1 else set()))
                live -= bound
                live |= read(step)


def named(
    steps: Sequence[Step],
    fixed: Iterable[str],
    options: Callable[[str], Iterable[str]],
    is_first: Callable[[str], bool],
) -> dict[str, str]:
    """A name for every variable; `options` are those it may have, the best first.

    Those that are first choose before all others.
    """
    conflicts = interference(steps, set())
    chosen: dict[str, str] = {name: name for name in fixed}
    arguments = set(chosen)
    loops = {n for s in flat(steps) if isinstance(s, (Loop, For)) for n in written(s)}
    order: dict[str, None] = {}
    for step in flat(steps):
        for name in sorted(read(step), key=_age):
            order.setdefault(name)
        for name in _in_order(step):
            order.setdefault(name)
    for name in sorted(order, key=is_first, reverse=True):
        if name in chosen or "#" not in name:
            continue
        taken = {chosen[o] for o in conflicts.get(name, ()) if o in chosen}
        taken |= arguments if name in loops else set()
        chosen[name] = next(o for o in options(name) if o not in taken)
    return chosen


def _in_order(step: Step) -> list[str]:
    if isinstance(step, Loop):
        return [*step.targets, step.counter, *(n for n, _ in step.walked)]
    return sorted(written(step), key=_age)


def _age(name: str) -> tuple[int, str]:
    """Sorts `name#number` by its number."""
    number = name.partition("#")[2].partition("@")[0]
    return (int(number) if number.isdigit() else 0), name
