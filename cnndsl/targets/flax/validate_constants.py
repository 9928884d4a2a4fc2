"""What the constants above a module's classes have to say of its networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnndsl.endpoints import endpoints_of
from cnndsl.ir import Network
from cnndsl.summary import summarize_network
from cnndsl.targets.flax.expected import heads_of

MOST_TABLES = 4  # of endpoints, of one model and its variants
NAMES = ("INPUT_SHAPE", "NUM_PARAMS", "AUX_WEIGHTS", "PREPROCESS", "ENDPOINTS")


def constants_of(networks: Sequence[Network]) -> dict[str, object]:
    """The constants by name; one value where the module has one model, else a dict by model."""
    found: dict[str, object] = {}
    if not networks:
        return found
    found["INPUT_SHAPE"] = _by_model({n.name: n.input_shape for n in networks})
    found["NUM_PARAMS"] = _by_model({n.name: summarize_network(n).params for n in networks})
    weights = {n.name: dict(heads_of(n)) for n in networks}
    weights = {name: heads for name, heads in weights.items() if heads}
    if weights:
        found["AUX_WEIGHTS"] = _once(weights, len(weights))
    prepared = {n.name: _frozen(n.preprocess) for n in networks if n.preprocess}
    if prepared:
        found["PREPROCESS"] = _once(prepared, len(networks))
    tables = {
        n.name: tuple((e.name, e.shape, e.reduction, e.channels) for e in endpoints_of(n))
        for n in networks
    }
    families: dict[str, set[object]] = {}
    for n in networks:
        families.setdefault(n.definition.name, set()).add(tables[n.name])
    if max(map(len, tables.values())) > 1 and max(map(len, families.values())) <= MOST_TABLES:
        found["ENDPOINTS"] = _by_model(tables)
    return found


def _by_model(values: Mapping[str, object]) -> object:
    return values if len(values) > 1 else next(iter(values.values()))


def _once(values: Mapping[str, object], models: int) -> object:
    """What so many models have in common, or it by model where they differ."""
    first, *others = values.values()
    return first if len(values) == models and all(o == first for o in others) else values


def _frozen(value: object) -> object:
    """Lists as the tuples that they are in a module."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
