"""Which layer of a Keras model feeds which, from the description that Keras saves with it."""

from __future__ import annotations

from collections.abc import Iterator

from cnndsl.weights.errors import WeightsError
from cnndsl.weights.readers.notation import table_of

MAX_CONFIG = 6 * 2**20  # bytes; that of NASNetLarge has one million
MAX_TABLES = 400_000


def feeds_of(text: str | bytes) -> dict[str, tuple[str, ...]] | None:
    """By layer, the layers whose output it receives; None where the text does not tell.

    That is so for models inside models, for layers used twice, and for text that is damaged.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    if len(data) > MAX_CONFIG:
        return None
    try:
        model = table_of(data, MAX_TABLES, "its description")
        layers = model["config"]["layers"]
        named = {layer["config"]["name"]: layer for layer in layers}
        if any("layers" in layer["config"] for layer in layers) or len(named) < len(layers):
            return None
        if model["class_name"] == "Sequential":
            names = list(named)
            return {name: tuple(names[max(i - 1, 0) : i]) for i, name in enumerate(names)}
        if any(len(layer["inbound_nodes"]) > 1 for layer in layers):
            return None
        found = {name: tuple(_origins(la["inbound_nodes"])) for name, la in named.items()}
    except (WeightsError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    known = all(origin in found for origins in found.values() for origin in origins)
    return found if known else None


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
