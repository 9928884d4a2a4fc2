"""`schedule(steps_per_epoch)`: the learning rate by step, in optax's words."""

from __future__ import annotations

from collections.abc import Callable

from cnndsl.recipes.recipe import Choice
from cnndsl.targets.flax.recipe.scope import STEPS, Scope
from cnndsl.targets.python.expressions import TRUE, call, path
from cnndsl.targets.python.module_tree import Function
from cnndsl.targets.python.tree import (
    Assign,
    Binary,
    Comprehension,
    Constant,
    Expr,
    Name,
    Return,
    Statement,
    Tuple,
)

_WARMUP = Name("warmup")
_CHANGES = Name("changes")
_RATE = "LEARNING_RATE"


def schedule(choice: Choice, scope: Scope) -> Function:
    words, rates = _SCHEDULES[choice.name](choice, scope)
    changes: list[Statement] = []
    if isinstance(choice.args.get("at"), tuple):
        changes.append(Assign((_CHANGES,), _changes(choice, scope)))
    body: list[Statement] = [*changes, Return(rates)]
    if choice.name != "one_cycle" and choice.args["warmup"]:
        words = f"a rise during WARMUP_EPOCHS, then {words}"
        rise = Assign((_WARMUP,), _steps(scope.of("WARMUP_EPOCHS"), choice, "warmup"))
        body.insert(0, rise)
        if choice.name != "cosine":
            decay = Name("decay")
            warmed = call("warm_up", decay, scope.of(_RATE), _WARMUP)
            body = [rise, *changes, Assign((decay,), rates), Return(warmed)]
    parameters = [(STEPS.id, Name("int"))]
    doc = f"The learning rate by step: {words}."
    return scope.function("schedule", parameters, path("optax.Schedule"), body, doc)


def _steps(epochs: Expr, choice: Choice, argument: str) -> Expr:
    """So many epochs in steps, rounded where they are a fraction."""
    steps = Binary("*", epochs, STEPS)
    return steps if choice.number(argument) % 1 == 0 else call("round", steps)


def _run(scope: Scope) -> Expr:
    return Binary("*", scope.of("EPOCHS"), STEPS)


def _constant(choice: Choice, scope: Scope) -> tuple[str, Expr]:
    return "always the same", call("optax.constant_schedule", scope.of(_RATE))


def _step(choice: Choice, scope: Scope) -> tuple[str, Expr]:
    if choice.args["at"] is None:
        words = "multiplied by DECAY_FACTOR every DECAY_EPOCHS"
        every = _steps(scope.of("DECAY_EPOCHS"), choice, "every")
        factor = scope.of("DECAY_FACTOR")
        rate = scope.of(_RATE)
        return words, call("optax.exponential_decay", rate, every, factor, staircase=TRUE)
    words = "multiplied by DECAY_FACTOR at each of MILESTONES"
    if isinstance(choice.args["factor"], tuple):
        words = "multiplied by a factor of DECAYS at its epoch"
    return words, call("optax.piecewise_constant_schedule", scope.of(_RATE), _CHANGES)


def _changes(choice: Choice, scope: Scope) -> Expr:
    """The factors of the rate by the step at which each is applied."""
    epoch, factor = Name("epoch"), Name("factor")
    at = call("round", Binary("*", epoch, STEPS))
    if isinstance(choice.args["factor"], tuple):
        return Comprehension("dict", factor, Tuple((epoch, factor)), scope.of("DECAYS"), at)
    return Comprehension("dict", scope.of("DECAY_FACTOR"), epoch, scope.of("MILESTONES"), at)


def _cosine(choice: Choice, scope: Scope) -> tuple[str, Expr]:
    end = scope.of("END_LEARNING_RATE") if choice.args["end"] else None
    words = f"half a cosine down to {'END_LEARNING_RATE' if end else '0'}"
    rate = scope.of(_RATE)
    if choice.args["warmup"]:
        args = (Constant(0.0), rate, _WARMUP, _run(scope), *(() if end is None else (end,)))
        return words, call("optax.warmup_cosine_decay_schedule", *args)
    part = () if end is None else (Binary("/", end, rate),)
    return words, call("optax.cosine_decay_schedule", rate, _run(scope), *part)


def _exponential(choice: Choice, scope: Scope) -> tuple[str, Expr]:
    words = "falling steadily, by DECAY_FACTOR in DECAY_EPOCHS"
    every = _steps(scope.of("DECAY_EPOCHS"), choice, "every")
    factor = scope.of("DECAY_FACTOR")
    return words, call("optax.exponential_decay", scope.of(_RATE), every, factor)


def _polynomial(choice: Choice, scope: Scope) -> tuple[str, Expr]:
    has_end, has_power = choice.args["end"] != 0, choice.args["power"] != 1
    words = f"falling to {'END_LEARNING_RATE' if has_end else '0'}, "
    words += "as DECAY_POWER says" if has_power else "in a straight line"
    end = scope.of("END_LEARNING_RATE") if has_end else Constant(0.0)
    rate, run = scope.of(_RATE), _run(scope)
    begin: dict[str, Expr] = {}
    if choice.args["warmup"]:
        run = Binary("-", run, _WARMUP)
        begin["transition_begin"] = _WARMUP
    if has_power:
        power = scope.of("DECAY_POWER")
        return words, call("optax.polynomial_schedule", rate, end, power, run, **begin)
    return words, call("optax.linear_schedule", rate, end, run, **begin)


def _one_cycle(choice: Choice, scope: Scope) -> tuple[str, Expr]:
    keywords: dict[str, Expr] = {}
    rise, end = "30 % of the run", "nearly 0"
    if choice.args["warmup"]:
        rise = "WARMUP_EPOCHS"
        part = Binary("/", scope.of("WARMUP_EPOCHS"), scope.of("EPOCHS"))
        keywords["pct_start"] = part
    if choice.args["end"]:
        end = "END_LEARNING_RATE"
        last = Binary("*", Constant(25), scope.of("END_LEARNING_RATE"))
        keywords["final_div_factor"] = Binary("/", scope.of(_RATE), last)
    words = f"a rise from a 25th of its peak during {rise}, then a fall to {end}"
    run, rate = _run(scope), scope.of(_RATE)
    return words, call("optax.cosine_onecycle_schedule", run, rate, **keywords)


_SCHEDULES: dict[str, Callable[[Choice, Scope], tuple[str, Expr]]] = {
    "constant": _constant,
    "step": _step,
    "cosine": _cosine,
    "exponential": _exponential,
    "polynomial": _polynomial,
    "one_cycle": _one_cycle,
}
