"""The channels of what a class gives in terms of its arguments, for its uses and its docstring."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from cnndsl.targets.flax.staging.draft import END, Draft
from cnndsl.targets.flax.staging.packs_out import bound, filled_by_loops
from cnndsl.targets.python.draft import Loop, Shadow, Step
from cnndsl.targets.python.expressions import attributes, names, size
from cnndsl.targets.python.propagate import Definition
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import all_written, flat, written
from cnndsl.targets.python.tree import Assign, Expr, Name

_LARGEST = 40  # nodes of an expression that a use of a class writes in its own terms


def export(draft: Draft) -> None:
    """Keeps the channels of the results, and of a model's endpoints, where arguments spell them."""
    exported = _exporter(draft)
    results = {step.key: step.value for step in reversed(draft.init) if isinstance(step, Shadow)}
    draft.out = exported(results["out"]) if "out" in results else None
    draft.outs = []
    while (key := f"out{len(draft.outs)}") in results:
        draft.outs.append(exported(results[key]))
    ends: dict[str, set[Expr | None]] = {}
    for step in flat(draft.init):
        if isinstance(step, Shadow) and step.key.startswith(END):
            ends.setdefault(step.key.removeprefix(END), set()).add(exported(step.value))
    agreed = {name: each.pop() for name, each in ends.items() if len(each) == 1}
    draft.ends = {name: channels for name, channels in agreed.items() if channels is not None}


def _exporter(draft: Draft) -> Callable[[Expr], Expr | None]:
    counts: dict[str, int] = {}
    definitions: dict[str, Expr] = {}
    for step in flat(draft.init):
        for name in written(step):
            counts[name] = counts.get(name, 0) + (1 if isinstance(step, Assign) else 2)
        if (
            isinstance(step, Assign)
            and len(step.targets) == 1
            and isinstance(step.targets[0], Name)
        ):
            definitions[step.targets[0].id] = step.value
    filled = filled_by_loops(draft.init, draft.flat_loops)
    early = _read_early(draft.init, filled.keys())
    once = {n: e for n, e in definitions.items() if counts[n] == 1 and n not in early}
    once |= filled
    computed = {p.name for p in draft.params if p.source == "computed"}

    def exported(channels: Expr) -> Expr | None:
        whole = expanded(channels, once.get)
        if whole is None or any("#" in n for n in names(whole) - bound(whole)):
            return None
        if bound(whole) and names(whole) & computed:  # tables by round, which uses write again
            return None
        return whole if draft.is_model or not attributes(whole) else None

    return exported


def expanded(expr: Expr, definition: Definition) -> Expr | None:
    """An expression with `let`s put in; None where that gets long."""
    while inner := {n: e for n in names(expr) if (e := definition(n)) is not None}:
        expr = substitute(expr, inner)
        if size(expr) > _LARGEST:
            return None
    return expr


def _read_early(steps: Sequence[Step], filled: Collection[str]) -> set[str]:
    """The variables that are worked out of others which loops go on to fill."""
    found: set[str] = set()
    left = set(filled)
    for place, step in enumerate(steps):
        found |= {
            name
            for held in flat([step])
            if isinstance(held, Assign) and names(held.value) & left
            for name in written(held)
        }
        if isinstance(step, Loop):
            left -= all_written([step]) - all_written(steps[place + 1 :])
    return found
