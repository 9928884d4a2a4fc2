"""The settings of a recipe as constants, in the order in which they are printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnndsl.ir import Auxiliary, Network, Node
from cnndsl.recipes.recipe import Choice, Recipe
from cnndsl.recipes.tables import MIXTURES
from cnndsl.targets.python.expressions import NONE, constant
from cnndsl.targets.python.tree import Binary, Constant, Dict, Expr, Item, Name, Tuple
from cnndsl.walks import children

_FLOAT = Name("float")


def _open(item: Expr) -> Expr:
    """`tuple[item, ...]`."""
    return Item(Name("tuple"), Tuple((item, Constant(...))))


TYPES: Mapping[str, Expr] = {
    **dict.fromkeys(("BATCH_SIZE", "EPOCHS", "CLASSES"), Name("int")),
    **dict.fromkeys(("LEARNING_RATE", "END_LEARNING_RATE", "DECAY_POWER", "DECAY_FACTOR"), _FLOAT),
    **dict.fromkeys(("WEIGHT_DECAY", "CLIP_NORM", "LABEL_SMOOTHING"), _FLOAT),
    "IMAGE_SIZE": Item(Name("tuple"), Tuple((Name("int"), Name("int")))),
    "WARMUP_EPOCHS": _FLOAT,
    "DECAY_EPOCHS": _FLOAT,
    "MILESTONES": _open(_FLOAT),
    "DECAYS": _open(Item(Name("tuple"), Tuple((_FLOAT, _FLOAT)))),
    "EMA_DECAY": Binary("|", _FLOAT, NONE),
    "LAYER_RATES": Item(Name("Mapping"), Tuple((Name("str"), _FLOAT))),
    "AUX_WEIGHTS": _open(Item(Name("tuple"), Tuple((Name("str"), _FLOAT)))),
}

# Those whose values can be of several types.
OPEN = ("WARMUP_EPOCHS", "DECAY_EPOCHS", "MILESTONES", "DECAYS", "EMA_DECAY", "AUX_WEIGHTS")


@dataclass(frozen=True)
class Subject:
    """A recipe, and what its functions must know of the network that it trains."""

    recipe: Recipe
    image: tuple[int, ...]
    classes: int
    heads: Mapping[str, float]  # the weights of the auxiliary heads
    rates: Mapping[str, float]  # by path, what the learning rate is multiplied by
    logits: str = "logits"  # the endpoint that is the network's result


def subject(network: Network, recipe: Recipe, rates: Mapping[str, float]) -> Subject:
    heads: dict[str, float] = {}
    stack: list[Node] = [network.frame]
    while stack:
        current = stack.pop()
        if isinstance(current, Auxiliary):
            heads[current.name] = current.weight
        stack.extend(reversed(list(children(current))))
    classes, (logits,) = network.output.shape[-1], network.outputs or ("logits",)
    return Subject(recipe, network.input.shape, classes, heads, rates, logits)


def constants(subject: Subject) -> dict[str, Expr]:
    """What the recipe sets; and `EMA_DECAY`, None where it sets none."""
    recipe = subject.recipe
    found: dict[str, Expr] = {
        "BATCH_SIZE": constant(recipe.batch),
        "EPOCHS": constant(recipe.epochs),
        **_of_schedule(recipe.schedule),
    }
    if decay := weight_decay(recipe):
        found["WEIGHT_DECAY"] = constant(decay)
    if recipe.clip is not None:
        found["CLIP_NORM"] = constant(float(recipe.clip))
    if subject.rates:
        items = tuple((Constant(path), constant(rate)) for path, rate in subject.rates.items())
        found["LAYER_RATES"] = Dict(items)
    found["EMA_DECAY"] = constant(recipe.ema)
    if recipe.label_smoothing is not None:
        found["LABEL_SMOOTHING"] = constant(recipe.label_smoothing)
    if subject.heads:
        found["AUX_WEIGHTS"] = constant(tuple(subject.heads.items()))
    if size := image_size(subject):
        found["IMAGE_SIZE"] = constant(size)
    if any(choice.name in MIXTURES for choice in recipe.augment):
        found["CLASSES"] = Constant(subject.classes, grouped=True)
    return found


def weight_decay(recipe: Recipe) -> float:
    """What the kernels decay by: the setting, or the optimizer's own; 0 for none."""
    if recipe.weight_decay is not None:
        return float(recipe.weight_decay)
    return recipe.optimizer.number("weight_decay") if recipe.optimizer.definition.decay else 0.0


def image_size(subject: Subject) -> tuple[int, int] | None:
    """The (height, width) that an augmentation gives images."""
    for choice in reversed(subject.recipe.augment):
        size = choice.args.get("size")
        if choice.name == "random_resized_crop" and size is None:
            return subject.image[0], subject.image[1]
        if choice.name in ("random_resized_crop", "crop") and isinstance(size, tuple):
            return size[0], size[1]
    return None


def _of_schedule(schedule: Choice) -> dict[str, Expr]:
    args = schedule.args
    found: dict[str, Expr] = {"LEARNING_RATE": constant(schedule.number("peak"))}
    if args["warmup"]:
        found["WARMUP_EPOCHS"] = epochs(schedule.number("warmup"))
    if args.get("end"):
        found["END_LEARNING_RATE"] = constant(schedule.number("end"))
    if args.get("power") not in (None, 1.0):
        found["DECAY_POWER"] = constant(schedule.number("power"))
    at, factor = args.get("at"), args.get("factor")
    if isinstance(at, tuple) and isinstance(factor, tuple):
        pairs = zip(at, factor, strict=True)
        found["DECAYS"] = Tuple(tuple(Tuple((epochs(a), constant(float(f)))) for a, f in pairs))
        return found
    if isinstance(at, tuple):
        found["MILESTONES"] = Tuple(tuple(map(epochs, at)))
    elif args.get("every") is not None:
        found["DECAY_EPOCHS"] = epochs(schedule.number("every"))
    if factor is not None:
        found["DECAY_FACTOR"] = constant(factor)
    return found


def epochs(number: float) -> Expr:
    """A number of epochs, an integer if it is whole."""
    return constant(int(number) if number == int(number) else number)
