"""What the settings of a recipe may name: optimizers, schedules, losses and augmentations.

Optimizers have optax's names, arguments and defaults, which a test compares with the installed
optax; nothing here imports it. The learning rate is not among the arguments: schedules have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnndsl.ops.base import REQUIRED, Argument, Kind
from cnndsl.ops.kinds import FLAG, NON_NEGATIVE, POSITIVE, POSITIVE_INTEGER, RATE, SHARE, Number
from cnndsl.ops.spelled import show
from cnndsl.recipes.kinds import EPOCHS, FACTORS, SIZE, Optional, Range


@dataclass(frozen=True)
class Definition:
    """Something that a recipe may name, with its arguments in order of position.

    `decay` is the argument by which an optimizer that takes `weight_decay` itself is told
    which parameters decay; `takes` are the channels of the images that an augmentation can change.
    """

    name: str
    arguments: Mapping[str, Argument]
    decay: str | None = None
    takes: tuple[int, ...] = field(default=())

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(n for n, a in self.arguments.items() if a.default is REQUIRED)

    def signature(self) -> str:
        """`sgd(momentum = none, nesterov = false)`."""
        parts = [
            name if argument.default is REQUIRED else f"{name} = {show(argument.default)}"
            for name, argument in self.arguments.items()
        ]
        return f"{self.name}({', '.join(parts)})" if parts else self.name


def _arg(kind: Kind[object], default: object = REQUIRED, doc: str = "") -> Argument:
    return Argument(kind, default, doc)


def _table(*definitions: Definition) -> dict[str, Definition]:
    return {definition.name: definition for definition in definitions}


# --- optimizers -----------------------------------------------------------------------


def _adam(
    name: str,
    eps: float = 1e-8,
    eps_root: float | None = 0.0,
    nesterov: bool | None = None,
    weight_decay: float | None = None,
    **more: Argument,
) -> Definition:
    """An optimizer of the family of Adam; None for an argument that it does not have."""
    arguments = {"b1": _arg(RATE, 0.9), "b2": _arg(RATE, 0.999), "eps": _arg(NON_NEGATIVE, eps)}
    if eps_root is not None:
        arguments["eps_root"] = _arg(NON_NEGATIVE, eps_root)
    arguments |= more
    if weight_decay is not None:
        arguments["weight_decay"] = _arg(NON_NEGATIVE, weight_decay)
    if nesterov is not None:
        arguments["nesterov"] = _arg(FLAG, nesterov)
    return Definition(name, arguments, None if weight_decay is None else "mask")


OPTIMIZERS = _table(
    Definition("sgd", {"momentum": _arg(Optional(RATE), None), "nesterov": _arg(FLAG, False)}),
    _adam("adam", nesterov=False),
    _adam("adamw", nesterov=False, weight_decay=1e-4),
    _adam("nadam", nesterov=True),
    _adam("nadamw", nesterov=True, weight_decay=1e-4),
    _adam("adamax", eps_root=None),
    _adam("adamaxw", eps_root=None, weight_decay=1e-4),
    _adam("radam", nesterov=False, threshold=_arg(NON_NEGATIVE, 5.0)),
    _adam("adabelief", eps=1e-16, eps_root=1e-16, nesterov=False),
    _adam("lamb", eps=1e-6, weight_decay=0.0),
    Definition(
        "rmsprop",
        {
            "decay": _arg(RATE, 0.9),
            "eps": _arg(NON_NEGATIVE, 1e-8),
            "initial_scale": _arg(NON_NEGATIVE, 0.0),
            "eps_in_sqrt": _arg(FLAG, True),
            "centered": _arg(FLAG, False),
            "momentum": _arg(Optional(RATE), None),
            "nesterov": _arg(FLAG, False),
            "bias_correction": _arg(FLAG, False),
        },
    ),
    Definition(
        "adagrad",
        {
            "initial_accumulator_value": _arg(NON_NEGATIVE, 0.1),
            "eps": _arg(NON_NEGATIVE, 1e-7),
        },
    ),
    Definition(
        "adadelta",
        {
            "rho": _arg(RATE, 0.9),
            "eps": _arg(NON_NEGATIVE, 1e-6),
            "weight_decay": _arg(NON_NEGATIVE, 0.0),
        },
        "weight_decay_mask",
    ),
    Definition(
        "lars",
        {
            "weight_decay": _arg(NON_NEGATIVE, 0.0),
            "trust_coefficient": _arg(POSITIVE, 0.001),
            "eps": _arg(NON_NEGATIVE, 0.0),
            "momentum": _arg(RATE, 0.9),
            "nesterov": _arg(FLAG, False),
        },
        "weight_decay_mask",
    ),
    Definition(
        "lion",
        {
            "b1": _arg(RATE, 0.9),
            "b2": _arg(RATE, 0.99),
            "weight_decay": _arg(NON_NEGATIVE, 1e-3),
        },
        "mask",
    ),
    Definition(
        "yogi",
        {"b1": _arg(RATE, 0.9), "b2": _arg(RATE, 0.999), "eps": _arg(NON_NEGATIVE, 1e-3)},
    ),
    Definition(
        "novograd",
        {
            "b1": _arg(RATE, 0.9),
            "b2": _arg(RATE, 0.25),
            "eps": _arg(NON_NEGATIVE, 1e-6),
            "eps_root": _arg(NON_NEGATIVE, 0.0),
        },
    ),
)


# --- schedules ------------------------------------------------------------------------

_PEAK = _arg(POSITIVE, doc="the highest learning rate")
_WARMUP = _arg(NON_NEGATIVE, 0, "epochs in which the rate rises from 0 to its peak")
_END = _arg(NON_NEGATIVE, 0.0, "the rate at the end of the run")

SCHEDULES = _table(
    Definition("constant", {"peak": _PEAK, "warmup": _WARMUP}),
    Definition(
        "step",
        {
            "peak": _PEAK,
            "warmup": _WARMUP,
            "every": _arg(Optional(POSITIVE), None, "epochs from one change to the next"),
            "at": _arg(Optional(EPOCHS), None, "the epochs at which the rate changes"),
            "factor": _arg(FACTORS, 0.1, "what the rate is multiplied by at a change"),
        },
    ),
    Definition("cosine", {"peak": _PEAK, "warmup": _WARMUP, "end": _END}),
    Definition(
        "exponential",
        {
            "peak": _PEAK,
            "warmup": _WARMUP,
            "every": _arg(POSITIVE, 1, "epochs in which the rate is multiplied by `factor`"),
            "factor": _arg(POSITIVE),
        },
    ),
    Definition(
        "polynomial",
        {"peak": _PEAK, "warmup": _WARMUP, "end": _END, "power": _arg(POSITIVE, 1.0)},
    ),
    Definition(
        "one_cycle",
        {
            "peak": _PEAK,
            "warmup": _arg(Optional(POSITIVE), None, "epochs of the rise; 30 % of them"),
            "end": _arg(Optional(POSITIVE), None, "the last rate; a 250,000th of the peak"),
        },
    ),
)

# --- losses and augmentations ---------------------------------------------------------

LOSSES = _table(
    Definition("cross_entropy", {}),
    Definition("binary_cross_entropy", {}),
    Definition("focal", {"alpha": _arg(Optional(SHARE), None), "gamma": _arg(NON_NEGATIVE, 2.0)}),
    Definition("squared_error", {}),
    Definition("hinge", {}),
)

_PROBABILITY = _arg(SHARE, 0.5)
_HUE = Number("a number from 0 to 0.5", lambda value: 0 <= value <= 0.5)
_RGB = (3,)

AUGMENTATIONS = _table(
    Definition(
        "crop",
        {
            "pad": _arg(Optional(POSITIVE_INTEGER), None, "pixels added on every side before"),
            "size": _arg(SIZE, None, "of the crop; that of the image before it was padded"),
            "reflect": _arg(FLAG, False, "pads with reflections in place of zeros"),
        },
    ),
    Definition(
        "random_resized_crop",
        {
            "size": _arg(SIZE, None, "of the result; the network's input"),
            "scale": _arg(Range(1), (0.08, 1), "part of the image's area"),
            "ratio": _arg(Range(), (3 / 4, 4 / 3), "width by height"),
        },
    ),
    Definition("flip", {"probability": _PROBABILITY}),
    Definition("vertical_flip", {"probability": _PROBABILITY}),
    Definition(
        "color_jitter",
        {
            "brightness": _arg(SHARE, 0.0),
            "contrast": _arg(SHARE, 0.0),
            "saturation": _arg(SHARE, 0.0),
            "hue": _arg(_HUE, 0.0),
        },
        takes=_RGB,
    ),
    Definition("pca_noise", {"scale": _arg(POSITIVE, 0.1)}, takes=_RGB),
    Definition("cutout", {"size": _arg(POSITIVE_INTEGER)}),
    Definition("mixup", {"alpha": _arg(POSITIVE)}),
    Definition("cutmix", {"alpha": _arg(POSITIVE, 1.0)}),
)

MIXTURES = ("mixup", "cutmix")  # of images, and of their labels
CALLS = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "loss": LOSSES,
    "augment": AUGMENTATIONS,
}
