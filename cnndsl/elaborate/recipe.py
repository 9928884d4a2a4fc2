"""The recipe: `train { … }` with its settings, names and arguments checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnndsl import errors
from cnndsl.diagnostics import Fix
from cnndsl.elaborate import values
from cnndsl.elaborate.collect import Collector, Failure
from cnndsl.elaborate.evaluate import Evaluator
from cnndsl.elaborate.recipe_whole import check_whole
from cnndsl.elaborate.recipe_words import (
    has_rate,
    named,
    twice,
    unknown_argument,
    unknown_choice,
    unknown_setting,
    without_peak,
    without_tensors,
)
from cnndsl.elaborate.scope import Scope
from cnndsl.ops.base import Reject, Shape
from cnndsl.ops.spelled import seen
from cnndsl.recipes import elsewhere
from cnndsl.recipes.recipe import Choice, Recipe
from cnndsl.recipes.tables import CALLS, LOSSES, Definition
from cnndsl.source import Span
from cnndsl.suggest import closest, did_you_mean
from cnndsl.syntax import ast
from cnndsl.syntax.docs import comment_above

if TYPE_CHECKING:
    from cnndsl.plain import Json

NUMBERS: dict[str, tuple[bool, int, int | None]] = {  # setting: (integer, least, below)
    "epochs": (True, 1, None),
    "batch": (True, 1, None),
    "weight_decay": (False, 0, None),
    "label_smoothing": (False, 0, 1),
    "clip": (False, 0, None),
    "ema": (False, 0, 1),
}
POSITIVE = ("clip",)  # of the others, 0 is as good as none
RATES = "rates"
SETTINGS = (*CALLS, *NUMBERS, RATES)
REQUIRED = {
    "optimizer": "optimizer sgd(momentum = 0.9)",
    "schedule": "schedule cosine(peak = 0.1)",
    "epochs": "epochs 90",
    "batch": "batch 256",
}
CROSS_ENTROPY = Choice(LOSSES["cross_entropy"], {}, {})


@dataclass
class _Said:
    """What a recipe sets: its numbers, its choices, and where each of them stands by name."""

    numbers: dict[str, float] = field(default_factory=dict)
    choices: dict[str, list[Choice]] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    plain: dict[str, Json] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    more: list[Failure] = field(default_factory=list)  # mistakes beside the first of a setting


def check_recipe(
    train: ast.Train,
    image: Shape | None,
    stages: Sequence[str],
    evaluator: Evaluator,
    scope: Scope,
    found: Collector,
) -> tuple[Recipe | None, dict[str, Json]]:
    """The recipe, and its settings by name as plain data: numbers, or lists of `{name, args}`.

    Args:
      train: the statement.
      image: the shape of the network's input; None where a mistake made it unknown.
      stages: the network's, by name.
      evaluator: of the expressions in it.
      scope: with the model's parameters.
      found: gets the mistakes; with one, there is no recipe.
    """
    said, fine = _Said(), True
    for setting in train.settings:
        try:
            _set(train, setting, said, stages, evaluator, scope)
        except Failure as failure:
            fine = False
            if failure.diagnostic:
                found.add(without_tensors(setting, failure.diagnostic))
    for other in said.more:
        if other.diagnostic:
            found.add(other.diagnostic)
    known = {elsewhere.setting(s.name) or s.name for s in train.settings}
    if known & elsewhere.RATES or has_rate(train):  # what it says belongs into the schedule
        known.add("schedule")
    if wanting := [name for name in REQUIRED if name not in known]:
        help = "; ".join(REQUIRED[name] for name in wanting)
        found.add(errors.incomplete_recipe(train.span, wanting, help))
    if wanting or not fine:
        return None, said.plain
    recipe = _recipe(said, comment_above(train.span))
    for problem in check_whole(recipe, image):
        span = said.spans[problem.at]
        found.add(errors.recipe_conflict(span, problem.message, problem.help))
        fine = False
    return recipe if fine else None, said.plain


def _recipe(said: _Said, comment: str) -> Recipe:
    (optimizer,), (schedule,) = said.choices["optimizer"], said.choices["schedule"]
    return Recipe(
        optimizer,
        schedule,
        int(said.numbers["epochs"]),
        int(said.numbers["batch"]),
        said.choices.get("loss", [CROSS_ENTROPY])[0],
        tuple(said.choices.get("augment", ())),
        said.numbers.get("weight_decay"),  # 0 takes away what an optimizer does by itself
        said.numbers.get("label_smoothing") or None,
        said.numbers.get("clip"),
        said.numbers.get("ema") or None,
        tuple(said.rates.items()),
        comment,
    )


def _set(
    train: ast.Train,
    setting: ast.Setting,
    said: _Said,
    stages: Sequence[str],
    evaluator: Evaluator,
    scope: Scope,
) -> None:
    name = setting.name
    if name not in SETTINGS:
        raise Failure(unknown_setting(train, setting, SETTINGS))
    if name in said.spans:
        raise Failure(errors.bad_setting(setting.name_span, f"`{name}` is set twice"))
    said.spans[name] = setting.span
    if name in NUMBERS:
        said.plain[name] = said.numbers[name] = _number(setting, evaluator, scope)
        return
    if name == RATES:
        for value in setting.values:
            stage, factor = _rate(value, said.rates, stages, evaluator, scope)
            said.rates[stage] = factor
        said.plain[name] = dict(said.rates)
        return
    choices = _choices(train, setting, evaluator, scope, said.more)
    said.spans |= {c.name: v.span for c, v in zip(choices, setting.values, strict=True)}
    said.choices[name] = choices
    said.plain[name] = [{"name": c.name, "args": c.said} for c in choices]


def _number(setting: ast.Setting, evaluator: Evaluator, scope: Scope) -> float:
    integer, least, below = NUMBERS[setting.name]
    if len(setting.values) != 1:
        raise Failure(errors.bad_setting(setting.name_span, f"`{setting.name}` has one value"))
    value = evaluator.evaluate(setting.values[0], scope)
    if (
        not values.is_number(value)
        or (integer and not values.is_int(value))
        or value < least
        or (below is not None and value >= below)
        or (setting.name in POSITIVE and value == 0)
    ):
        wanted = "an integer" if integer else "a number"
        limits = f"from {least} on" if below is None else f"from {least} to below {below}"
        limits = f"above {least}" if setting.name in POSITIVE else limits
        message = f"`{setting.name}` is {wanted} {limits}, not {seen(value)}"
        raise Failure(errors.bad_setting(setting.values[0].span, message))
    return value


def _rate(
    value: ast.Expr,
    known: Mapping[str, float],
    stages: Sequence[str],
    evaluator: Evaluator,
    scope: Scope,
) -> tuple[str, float]:
    """`stem(0.1)`: a stage, and what the learning rate is multiplied by there."""
    example = f"{RATES} {stages[0] if stages else 'stem'}(0.1)"
    if not isinstance(value, ast.Call) or len(value.args) != 1 or value.args[0].name:
        message = f"`{RATES}` has stages, each with a factor of the learning rate"
        raise Failure(errors.bad_setting(value.span, message, example))
    stage = value.func.id
    if stage not in stages:
        help = did_you_mean(stage, stages)
        help = help or (f"there are {', '.join(stages)}" if stages else "there are none")
        raise Failure(errors.bad_setting(value.func.span, f"there is no stage `{stage}`", help))
    if stage in known:
        raise Failure(errors.bad_setting(value.span, f"`{stage}` is there already"))
    factor = evaluator.evaluate(value.args[0].value, scope)
    if not values.is_number(factor) or factor < 0:
        message = f"a factor of the learning rate is a number from 0 on, not {seen(factor)}"
        raise Failure(errors.bad_setting(value.args[0].span, message))
    return stage, float(factor)


def _choices(
    train: ast.Train, setting: ast.Setting, evaluator: Evaluator, scope: Scope, more: list[Failure]
) -> list[Choice]:
    """The choices of a setting; raises the first mistake, and adds the others to `more`."""
    if setting.name != "augment" and len(setting.values) != 1:
        message = f"`{setting.name}` has one value"
        raise Failure(errors.bad_setting(setting.name_span, message))
    found: list[Choice] = []
    wrong: list[Failure] = []
    for value in setting.values:
        try:
            choice = _choice(train, setting, value, evaluator, scope)
            if any(choice.name == other.name for other in found):
                message = f"`{choice.name}` is there already"
                raise Failure(errors.bad_setting(value.span, message))
            found.append(choice)
        except Failure as failure:
            wrong.append(failure)
    if wrong:
        more += wrong[1:]
        raise wrong[0]
    return found


def _choice(
    train: ast.Train,
    setting: ast.Setting,
    value: ast.Expr,
    evaluator: Evaluator,
    scope: Scope,
) -> Choice:
    known = CALLS[setting.name]
    if not isinstance(value, (ast.Name, ast.Call)):
        message = f"`{setting.name}` names one of {', '.join(sorted(known))}"
        raise Failure(errors.bad_setting(value.span, message, *_unquoted(setting, value)))
    name, span, given = named(value)
    if name not in known:
        raise Failure(unknown_choice(train, setting, value))
    definition = known[name]
    for argument in given:
        if argument.name is not None and argument.name not in definition.arguments:
            raise Failure(unknown_argument(train, setting, value, definition, argument))
    args: dict[str, object] = {n: a.default for n, a in definition.arguments.items()}
    said: dict[str, Json] = {}
    for position, argument in enumerate(given):
        key = _key(argument, position, definition, span)
        if key in said:
            raise Failure(twice(setting, value, argument, key))
        plain = evaluator.evaluate(argument.value, scope)
        if not values.is_plain(plain):
            message = f"`{key}` of `{name}` is a value without tensors"
            raise Failure(errors.bad_setting(argument.value.span, message))
        said[key] = plain
        args[key] = _converted(key, definition, argument, plain)
    for key in definition.required:
        if key not in said:
            message = f"`{name}` needs `{key}`"
            if key == "peak":
                message = f"`{name}` needs its highest learning rate, `peak`"
            example = f"{name}(peak = 0.1)" if definition.required == ("peak",) else None
            fix = without_peak(train, value, definition) if key == "peak" else None
            help, at = (None if fix else example), definition.signature()
            raise Failure(errors.bad_setting(span, message, help, at, fix))
    return Choice(definition, args, said)


def _converted(key: str, definition: Definition, argument: ast.Argument, value: object) -> object:
    try:
        return definition.arguments[key].kind.convert(value)
    except Reject as reject:
        message = f"`{key}` of `{definition.name}` is {reject.message}"
        span, at = argument.value.span, definition.signature()
        raise Failure(errors.bad_setting(span, message, reject.help, at)) from None


def _key(argument: ast.Argument, position: int, definition: Definition, span: Span) -> str:
    known = tuple(definition.arguments)
    if argument.name is None:
        if position >= len(known):
            message = f"`{definition.name}` takes {len(known)} argument{'s' * (len(known) != 1)}"
            raise Failure(errors.bad_setting(argument.span, message))
        return known[position]
    return argument.name


def _unquoted(setting: ast.Setting, value: ast.Expr) -> tuple[str | None, str, Fix | None]:
    """The name that was meant by a string; what `bad_setting` takes for it."""
    said = value.value if isinstance(value, ast.Literal) else None
    if not isinstance(said, str):
        return None, "", None
    meant = elsewhere.choice(setting.name, said) or closest(said, CALLS[setting.name])
    return None, "", Fix(value.span, meant) if meant else None
