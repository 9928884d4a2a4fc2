"""Names of attributes and variables: the author's bindings and the op; numbers only where
there are several."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from cnndsl.targets.flax.names import (
    CALL,
    FLOW,
    MODULE_ATTRIBUTES,
    RESERVED,
    VARIABLES,
    plural,
    safe,
)
from cnndsl.targets.flax.staging.draft import Draft, Slot
from cnndsl.targets.python.colours import named
from cnndsl.targets.python.draft import Step
from cnndsl.targets.python.expressions import attributes, names
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import assigned, map_step
from cnndsl.targets.python.tree import Assign, Attribute, Augment, Expr, For, If, Name

GENERIC = frozenset({"stem", "head", "classifier", "body", "top"})
BUILTINS = frozenset(n for n in dir(builtins) if n.islower() and not n.startswith("_"))
_TAKEN = MODULE_ATTRIBUTES | frozenset(keyword.kwlist)
_COUNTERS = ("i", "j", "k", "m", "n")


def name_attributes(draft: Draft, order: list[str], stored: list[str]) -> dict[str, str]:
    """The attribute of every slot that is kept on `self`, in order of their appearance.

    `stored` are arguments that are kept there as well.
    """
    taken = set(MODULE_ATTRIBUTES) | set(stored) | set(draft.class_values)
    slots = {n: draft.slots[n] for n in order}
    wanted = _wanted(slots, draft.is_model or draft.is_nested)
    chosen: dict[str, str] = {}
    holders: dict[str, list[str]] = {}
    for name in order:
        base = safe(wanted[name], _TAKEN)

        def is_taken(free: str, own: Slot = slots[name]) -> bool:
            held = holders.get(free, ())
            return free in taken or any(not _exclusive(slots[h], own) for h in held)

        chosen[name] = first_free(base, is_taken)
        holders.setdefault(chosen[name], []).append(name)
    return chosen


def _wanted(slots: dict[str, Slot], is_model: bool) -> dict[str, str]:
    modules: dict[tuple[str, ...], list[str]] = {}
    for name, slot in slots.items():
        if slot.stem not in ("dropout", "drop_path") and not slot.is_value:
            modules.setdefault(slot.path, []).append(name)
    weighted = {path: [m for m in held if slots[m].weighted] for path, held in modules.items()}
    base = {
        name: _base(name, slot, modules.get(slot.path, []), weighted.get(slot.path, []), is_model)
        for name, slot in slots.items()
    }
    numbers: dict[str, int] = {}
    last: dict[str, dict[tuple[tuple[int, int], ...], str]] = {}
    for name, slot in slots.items():
        alike = last.setdefault(base[name], {})
        earlier = [numbers[o] for o in alike.values() if not _exclusive(slots[o], slot)]
        numbers[name] = 1 + max(earlier, default=0)
        alike[slot.arms] = name
    several = {base[n] for n in slots if numbers[n] > 1}
    return {n: f"{base[n]}{numbers[n]}" if base[n] in several else base[n] for n in slots}


def _base(name: str, slot: Slot, modules: list[str], weighted: list[str], is_model: bool) -> str:
    """What a slot is called before numbers, beside the `modules` of its path."""
    if slot.is_value:
        return slot.stem
    stage = slot.path[0] if len(slot.path) == 1 and is_model else None
    lone = len(modules) == 1 or (weighted == [name] and not slot.is_block)
    if stage and stage not in GENERIC and lone and name in modules:
        return stage
    if stage and slot.is_block and len(modules) == 1:
        return stage
    if slot.path and (not slot.stem or slot.kind == "param"):  # the author's name says it all
        last = plural(slot.path[-1]) if slot.many else slot.path[-1]
        return "_".join([*slot.path[:-1], last])
    stem = plural(slot.stem) if slot.many and not slot.path else slot.stem
    said = bool(slot.path) and stem.startswith(f"{slot.path[-1]}_")  # pool, pool_projection
    return "_".join([*slot.path[: -1 if said else None], stem])


def _exclusive(first: Slot, second: Slot) -> bool:
    """Whether two slots stand in different branches of one `if`; lists are made before it."""
    if first.many or second.many:
        return False
    arms = dict(first.arms)
    return any(arms.get(number, arm) != arm for number, arm in second.arms)


def first_free(name: str, is_taken: Callable[[str], bool]) -> str:
    """The name, with a number from 2 where it is taken."""
    if not is_taken(name):
        return name
    number = 2
    while is_taken(f"{name}{number}"):
        number += 1
    return f"{name}{number}"


# --- variables ------------------------------------------------------------------------


def name_variables(
    draft: Draft, steps: list[Step], lists: set[str], fixed: Sequence[str], module: frozenset[str]
) -> list[Step]:
    """The statements with an identifier for every variable; `lists` hold modules."""
    own = {v.stem for v in draft.variables.values() if v.named and v.kind == "tensor"}
    flow = [name for name in FLOW if name == "x" or name not in own | set(fixed)]

    def options(name: str) -> Iterator[str]:
        return _options(draft, name, lists, flow, module)

    def is_own(name: str) -> bool:
        variable = draft.variables.get(name.split("@")[0])
        return variable is not None and variable.named and variable.kind == "tensor"

    chosen = named(steps, fixed, options, is_own)
    return [renamed(step, chosen) for step in steps]


def _options(
    draft: Draft, name: str, lists: set[str], flow: Sequence[str], module: frozenset[str]
) -> Iterator[str]:
    base = name.split("@")[0]
    variable, slot = draft.variables.get(base), draft.slots.get(base)
    forbidden = RESERVED | module | BUILTINS
    if variable is None:  # a list, or the items of one
        stem = "block" if slot is not None and slot.is_block else slot.stem if slot else "item"
        if slot is not None and slot.many and name in lists:
            stem = plural(stem)
        yield from numbered(safe(stem, forbidden | VARIABLES))
        return
    if variable.kind == "tensor":
        if not variable.named and variable.stem == "x":
            yield from flow
            yield from numbered("branch")
        if variable.stem == "x":
            yield "x"
        yield from numbered(safe(variable.stem, forbidden | CALL - set(draft.received)))
    if variable.kind == "counter" and not variable.named:
        yield from _COUNTERS
        yield from numbered("i")
    yield from numbered(safe(variable.stem, forbidden))


def numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem}{number}"
        number += 1


def renamed(step: Step, chosen: dict[str, str]) -> Step:
    """A statement with variables and targets under their names."""

    def change(expr: Expr) -> Expr:
        if isinstance(expr, Name):
            return Name(chosen[expr.id]) if expr.id in chosen else expr
        return expr if held.isdisjoint(names(expr)) else rebuild(expr, change)

    def deep(inner: Step) -> Step:
        match inner:
            case Assign():
                return assigned(inner, tuple(map(change, inner.targets)), change(inner.value))
            case Augment():
                return replace(inner, target=change(inner.target), value=change(inner.value))
            case If():
                return replace(
                    inner,
                    test=change(inner.test),
                    body=tuple(map(deep, inner.body)),
                    other=tuple(map(deep, inner.other)),
                )
            case For():
                return replace(
                    inner,
                    target=change(inner.target),
                    iterable=change(inner.iterable),
                    body=tuple(map(deep, inner.body)),
                )
        return map_step(inner, change)

    held = chosen.keys()
    return deep(step)


def rename_attributes(steps: list[Step], chosen: dict[str, str]) -> list[Step]:
    def change(expr: Expr) -> Expr:
        if held.isdisjoint(attributes(expr)):
            return expr
        if isinstance(expr, Attribute) and expr.base == Name("self"):
            return Attribute(expr.base, chosen[expr.name])
        return rebuild(expr, change)

    def deep(step: Step) -> Step:
        if isinstance(step, Assign):
            return assigned(step, tuple(map(change, step.targets)), change(step.value))
        if isinstance(step, If):
            return replace(
                step,
                test=change(step.test),
                body=tuple(map(deep, step.body)),
                other=tuple(map(deep, step.other)),
            )
        if isinstance(step, For):
            body = tuple(map(deep, step.body))
            return replace(step, iterable=change(step.iterable), body=body)
        return map_step(step, change)

    held = {name for name, free in chosen.items() if name != free}
    return [deep(step) for step in steps]
