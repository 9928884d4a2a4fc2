"""The recipe: `train { … }` with its settings and names checked, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnndsl import errors
from cnndsl.elaborate import values
from cnndsl.elaborate.collect import Collector, Failure
from cnndsl.elaborate.evaluate import Evaluator
from cnndsl.elaborate.scope import Scope
from cnndsl.ops.base import seen
from cnndsl.source import Span
from cnndsl.suggest import did_you_mean
from cnndsl.syntax import ast

if TYPE_CHECKING:
    from cnndsl.plain import Json

# Names that a setting's calls may have, with their arguments. Optimizers are optax's, without
# the learning rate: the schedule has that.
_ADAM = ("b1", "b2", "eps", "eps_root", "nesterov")
OPTIMIZERS = {
    "sgd": ("momentum", "nesterov"),
    "adam": _ADAM,
    "adamw": (*_ADAM, "weight_decay"),
    "nadam": _ADAM[:-1],
    "nadamw": (*_ADAM[:-1], "weight_decay"),
    "rmsprop": ("decay", "eps", "initial_scale", "centered", "momentum", "nesterov"),
    "adagrad": ("initial_accumulator_value", "eps"),
    "adadelta": ("rho", "eps", "weight_decay"),
    "adamax": ("b1", "b2", "eps"),
    "radam": ("b1", "b2", "eps", "eps_root", "threshold", "nesterov"),
    "adabelief": ("b1", "b2", "eps", "eps_root", "nesterov"),
    "lamb": ("b1", "b2", "eps", "eps_root", "weight_decay"),
    "lars": ("weight_decay", "trust_coefficient", "eps", "momentum", "nesterov"),
    "lion": ("b1", "b2", "weight_decay"),
    "yogi": ("b1", "b2", "eps"),
    "novograd": ("b1", "b2", "eps", "eps_root", "weight_decay"),
}
SCHEDULES = {
    "constant": ("peak", "warmup"),
    "step": ("peak", "warmup", "every", "at", "factor"),
    "cosine": ("peak", "warmup", "end"),
    "exponential": ("peak", "warmup", "every", "factor"),
    "polynomial": ("peak", "warmup", "end", "power"),
    "one_cycle": ("peak", "warmup", "end"),
}
LOSSES = {
    "cross_entropy": (),
    "binary_cross_entropy": (),
    "focal": ("alpha", "gamma"),
    "squared_error": (),
    "hinge": (),
}
AUGMENTATIONS = {
    "random_resized_crop": ("size", "scale", "ratio"),
    "random_crop": ("size", "pad"),
    "center_crop": ("size",),
    "resize": ("size",),
    "pad": ("amount",),
    "flip": ("probability",),
    "vertical_flip": ("probability",),
    "rotate": ("degrees",),
    "color_jitter": ("brightness", "contrast", "saturation", "hue"),
    "grayscale": ("probability",),
    "pca_noise": ("scale",),
    "cutout": ("size", "count"),
    "random_erasing": ("probability",),
    "mixup": ("alpha",),
    "cutmix": ("alpha",),
    "auto_augment": ("policy",),
    "rand_augment": ("layers", "magnitude"),
    "normalize": ("mean", "std"),
}
CALLS = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "loss": LOSSES,
    "augment": AUGMENTATIONS,
}
NUMBERS = {  # setting: (integer, least, below)
    "epochs": (True, 1, None),
    "batch": (True, 1, None),
    "weight_decay": (False, 0, None),
    "label_smoothing": (False, 0, 1),
    "clip": (False, 0, None),
    "ema": (False, 0, 1),
}
SETTINGS = (*CALLS, *NUMBERS)


def check_recipe(
    train: ast.Train, evaluator: Evaluator, scope: Scope, found: Collector
) -> dict[str, Json]:
    """The settings by name: a number, or a list of `{name, args}` for the settings of calls."""
    recipe: dict[str, Json] = {}
    for setting in train.settings:
        try:
            name = setting.name
            if name not in SETTINGS:
                help = did_you_mean(name, SETTINGS)
                message = f"a recipe has no setting `{name}`"
                raise Failure(errors.bad_setting(setting.name_span, message, help))
            if name in recipe:
                message = f"`{name}` is set twice"
                raise Failure(errors.bad_setting(setting.name_span, message))
            if name in CALLS:
                recipe[name] = _calls(setting, evaluator, scope)
            else:
                recipe[name] = _number(setting, evaluator, scope)
        except Failure as failure:
            if failure.diagnostic:
                found.add(failure.diagnostic)
    return recipe


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
    ):
        wanted = "an integer" if integer else "a number"
        limits = f"from {least} on" if below is None else f"from {least} to below {below}"
        message = f"`{setting.name}` is {wanted} {limits}, not {seen(value)}"
        raise Failure(errors.bad_setting(setting.values[0].span, message))
    return value


def _calls(setting: ast.Setting, evaluator: Evaluator, scope: Scope) -> list[dict[str, Json]]:
    if setting.name != "augment" and len(setting.values) != 1:
        message = f"`{setting.name}` has one value"
        raise Failure(errors.bad_setting(setting.name_span, message))
    return [_call(setting.name, value, evaluator, scope) for value in setting.values]


def _call(setting: str, value: ast.Expr, evaluator: Evaluator, scope: Scope) -> dict[str, Json]:
    known = CALLS[setting]
    if not isinstance(value, (ast.Name, ast.Call)):
        message = f"`{setting}` names one of {', '.join(sorted(known))}"
        raise Failure(errors.bad_setting(value.span, message))
    name, span, given = (
        (value.id, value.span, ())
        if isinstance(value, ast.Name)
        else (value.func.id, value.func.span, value.args)
    )
    if name not in known:
        help = did_you_mean(name, known) or f"one of {', '.join(sorted(known))}"
        what = "augmentation" if setting == "augment" else setting
        raise Failure(errors.bad_setting(span, f"there is no {what} `{name}`", help))
    args: dict[str, Json] = {}
    for position, argument in enumerate(given):
        key = _key(argument, position, name, known[name], span)
        if key in args:
            raise Failure(errors.bad_setting(argument.span, f"`{name}` gets `{key}` twice"))
        given_value = evaluator.evaluate(argument.value, scope)
        if not values.is_plain(given_value):
            message = f"`{key}` of `{name}` is a value without tensors"
            raise Failure(errors.bad_setting(argument.value.span, message))
        args[key] = given_value
    if setting == "schedule" and "peak" not in args:
        message = f"`{name}` needs its highest learning rate, `peak`"
        raise Failure(errors.bad_setting(span, message, f"{name}(peak = 0.1)"))
    return {"name": name, "args": args}


def _key(
    argument: ast.Argument, position: int, name: str, known: tuple[str, ...], span: Span
) -> str:
    if argument.name is None:
        if position >= len(known):
            message = f"`{name}` takes {len(known)} argument{'s' * (len(known) != 1)}"
            raise Failure(errors.bad_setting(argument.span, message))
        return known[position]
    if argument.name not in known:
        message = f"`{name}` has no argument `{argument.name}`"
        help = did_you_mean(argument.name, known)
        raise Failure(errors.bad_setting(argument.name_span or span, message, help))
    return argument.name
