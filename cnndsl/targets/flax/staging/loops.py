"""Loops of constructor and call, in step with each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cnndsl.targets.flax.staging.draft import OpenLoop, Run
from cnndsl.targets.flax.staging.values import Values
from cnndsl.targets.python.draft import Loop
from cnndsl.targets.python.expressions import call, self_
from cnndsl.targets.python.growing import rounds
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import map_step
from cnndsl.targets.python.tree import Assign, Call, Expr, Name

Both = tuple[Expr, Expr]  # in the constructor and in the call


def with_loop(
    values: Values,
    items: Both,
    runs: list[Run],
    inner: list[Run],
    targets: tuple[str, ...],
    body: Callable[[], object],
    *,
    always: bool,
    counter: str | None = None,
    beside: Sequence[tuple[str, Both]] = (),
) -> None:
    """Writes a loop of constructor and call around `body`.

    `items` is what it goes over, in the constructor and in the call, `beside` are variables for
    lists that it goes over at once; `runs` come to the loop, `inner` run its body; `always`: it
    runs at least once; `counter` is the author's variable that counts the iterations.
    """
    draft = values.draft
    draft.numbers += 1
    number = draft.numbers
    if counter is None:
        counter = draft.variable("i", "counter").id
    draft.variables[counter].kind = "counter"
    if always:
        draft.flat_loops.add(number)
    entered = frozenset(n for n, _ in runs)
    loop = OpenLoop(number, counter, inner, entered, rounds(items[0]))
    values.loops.append(loop)
    values.sinks.append([])
    values.calls.append([])
    body()
    inits, calls = values.sinks.pop(), values.calls.pop()
    values.loops.pop()
    for step in loop.hoisted:
        values.at_init(step)
    outermost = not values.loops
    for name in loop.slots:
        holder = self_(name) if outermost else Name(name)
        values.at_init(Assign((holder,), call("nnx.List")))
    built = tuple((name, each[0]) for name, each in beside)
    values.at_init(Loop(number, targets, items[0], counter, built, tuple(inits)))
    for step in loop.before:
        values.at_call(step)
    walked: list[tuple[str, Expr]] = [(name, each[1]) for name, each in beside]
    moved: dict[str, Expr] = {}
    for name in loop.slots:
        source: Expr = self_(name)
        if not outermost:
            slot = draft.slots[name]
            outer = replace(slot, path=(), arms=())
            source = values.slot(Name(name), outer, runs)
            outer.many = slot.many + 1
            outer.path = slot.path
        if name in values.indexed:
            moved[name] = source
        else:
            walked.append((name, source))
    steps = tuple(calls)
    if not outermost and moved:
        steps = tuple(map_step(step, lambda e: substitute(e, moved)) for step in steps)
    values.at_call(Loop(number, targets, items[1], counter, tuple(walked), steps))


def counts_from_zero(items: Expr) -> bool:
    return isinstance(items, Call) and items.function == Name("range") and len(items.args) == 1
