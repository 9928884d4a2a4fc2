"""Which layer of a Keras model feeds which, from the description that Keras saves with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cnndsl.weights.errors import WeightsError
from cnndsl.weights.form import ACTIVATIONS, Form
from cnndsl.weights.readers.notation import table_of

MAX_CONFIG = 6 * 2**20  # bytes; that of NASNetLarge has one million
MAX_TABLES = 400_000
_SAME = {"silu": "swish"}


@dataclass(frozen=True)
class Description:
    """What a model says of itself.

    Attributes:
      feeds: by layer, the layers whose output it receives; None where the text does not tell: of
        models inside models, and of layers used twice.
      form: epsilon and activation.
    """

    feeds: dict[str, tuple[str, ...]] | None = None
    form: Form = field(default_factory=Form)


def description_of(text: str | bytes) -> Description:
    """What is damaged tells nothing."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    if len(data) > MAX_CONFIG:
        return Description()
    try:
        model = table_of(data, MAX_TABLES, "its description")
        layers = model["config"]["layers"]
        return Description(_feeds(model["class_name"] == "Sequential", layers), _form(layers))
    except (WeightsError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Description()


def _feeds(sequential: bool, layers: list[Any]) -> dict[str, tuple[str, ...]] | None:
    named = {layer["config"]["name"]: layer for layer in layers}
    if any("layers" in layer["config"] for layer in layers) or len(named) < len(layers):
        return None
    if sequential:
        names = list(named)
        return {name: tuple(names[max(i - 1, 0) : i]) for i, name in enumerate(names)}
    if any(len(layer["inbound_nodes"]) > 1 for layer in layers):
        return None
    found = {name: tuple(_origins(la["inbound_nodes"])) for name, la in named.items()}
    known = all(origin in found for origins in found.values() for origin in origins)
    return found if known else None


def _form(layers: list[Any]) -> Form:
    epsilons = set()
    activations = []
    for layer in layers:
        kind, config = layer.get("class_name"), layer["config"]
        if kind == "BatchNormalization":
            epsilons.add(float(config["epsilon"]))
        if kind == "ReLU":
            activations.append("relu6" if config.get("max_value") == 6 else "relu")
        elif isinstance(config.get("activation"), str):
            activations.append(_SAME.get(config["activation"], config["activation"]))
    used = [name for name in activations if name in ACTIVATIONS]
    return Form(
        epsilon=epsilons.pop() if len(epsilons) == 1 else None,
        activation=max(ACTIVATIONS, key=used.count) if used else None,
    )


def _origins(node: object) -> Iterator[str]:
    """The layers that a node names: `keras_history` in Keras 3, `[name, 0, 0, {}]` before."""
    if isinstance(node, dict):
        history = node.get("keras_history")
        if history is not None:
            yield str(history[0])
        else:
            for value in node.values():
                yield from _origins(value)
    elif isinstance(node, list):
        match node:
            case [str(name), int(), int(), *_]:
                yield name
            case _:
                for value in node:
                    yield from _origins(value)
