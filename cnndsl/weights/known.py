"""Files whose names say which library and family they come from: layers placed by a layout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from cnndsl.weights.errors import WeightsError
from cnndsl.weights.layer import Layer
from cnndsl.weights.layer import count as count_numbers
from cnndsl.weights.layouts import Layout, layouts
from cnndsl.weights.match import Matching, Pair
from cnndsl.weights.network import Network

LARGEST = 3_000  # layers; the networks of layouts have fewer than a thousand
MOST = 0.8  # of the names of a file, or of ours, that a layout must know
_COUNTED = re.compile(r"(.+?)(?:_(\d+))?")


@dataclass(frozen=True)
class Known:
    """The layers of a file by the names that a layout has for them."""

    layout: Layout
    layers: Mapping[str, Layer]


def recognised(theirs: Sequence[Layer]) -> list[Known]:
    """The layouts that know most names of a file: a head may be called as its author likes."""
    if len(theirs) > LARGEST:
        return []
    found = []
    plain = [layer.name for layer in theirs]
    for names in (plain, shortened) if (shortened := _unwrapped(plain)) != plain else (plain,):
        for layout in layouts():
            canonical = _recounted(names, layout.counted)
            if len(set(canonical)) == len(theirs) and _knows_most(layout, canonical):
                found.append(Known(layout, dict(zip(canonical, theirs, strict=True))))
    return found


def placed(known: Known, network: str, ours: Sequence[Layer]) -> Matching | None:
    """The layers of a file beside ours, and what is left over; None where names do not reach.

    Heads and extra layers that ours has no place for are left out. What has another name than the
    layout says is placed if nothing else has its kind and shape.
    """
    names = names_of(known.layout, network, ours)
    if names is None:
        return None
    pairs: list[Pair] = []
    missing: list[Layer] = []
    rest = dict(known.layers)
    for layer in ours:
        other = known.layers.get(names[layer.name])
        if other is not None and other.label == layer.label:
            pairs.append(Pair(layer, other, "layout"))
            del rest[names[layer.name]]
        else:
            missing.append(layer)
    if len(pairs) < MOST * len(ours):
        return None
    for layer in list(missing):
        alike = [name for name, other in rest.items() if other.label == layer.label]
        same = [other for other in ours if other.label == layer.label]
        if len(alike) == len(same) == 1 and not _knows(known.layout, alike[0]):
            pairs.append(Pair(layer, rest.pop(alike[0]), "shape"))
            missing.remove(layer)
    out = [name for name in rest if known.layout.is_head(name) or known.layout.is_extra(name)]
    if missing:  # such as a head for another number of classes: it is part of what differs
        out = [name for name in out if known.layout.is_extra(name)]
    over = [layer for name, layer in rest.items() if name not in out]
    left_out = tuple(rest[name] for name in out)
    layout = known.layout.name
    return Matching(tuple(pairs), tuple(missing), tuple(over), left_out=left_out, layout=layout)


def names_of(layout: Layout, network: str, ours: Iterable[Layer]) -> dict[str, str] | None:
    """Their name of every layer of a network, by ours; None if the layout does not know all.

    Args:
      network: the name of its class. Only for the models of a layout do numbers mean anything
        where Keras counts the layers that have no name.
      ours: in the order of execution, which is that in which Keras counts.
    """
    if layout.counted and network not in layout.models:
        return None
    layers = list(ours)
    known = {layer.name: layout.theirs(layer.name) for layer in layers}
    given = set(known.values())
    free = {kind: _free(kind, given) for kind in layout.counted}
    found: dict[str, str] = {}
    rows: set[int] = set()
    for layer in layers:
        name = known[layer.name]
        if name is None:
            kind = next((kind for kind in free if _is_kind(layer, kind)), None)
            if kind is None:
                return None
            name = next(free[kind])
        found[layer.name] = name
        rows.update(_flat(layout, layer.name))
    if rows and len(rows) != sum(layout.terms.depths):  # the rows of a larger network
        return None
    return found if len(set(found.values())) == len(found) else None


def check_form(known: Known, network: Network) -> None:
    """Refuses weights that were trained for other paddings, epsilons or activations.

    Raises:
      WeightsError: if the network computes something else than the layout's networks do.
    """
    differences = known.layout.form.differences(network.form)
    if not differences:
        return
    theirs = ", ".join(one for one, _ in differences)
    ours = ", ".join(other for _, other in differences)
    raise WeightsError(
        f"these are weights of a network with {theirs} (layout: {known.layout.name}); "
        f"{network.name} has {ours}, and would compute something else with them",
        _right_model(known),
    )


def _right_model(known: Known) -> str:
    from cnndsl.zoo import find

    numbers = count_numbers(list(known.layers.values()))
    models = known.layout.models
    fitting = [name for name in models if find(name).total == numbers] or list(models)
    if not fitting:
        return "no network of the zoo has that form: write a spec that does"
    return f"load them into {' or '.join(fitting)}"


def _free(kind: str, given: set[str | None]) -> Iterator[str]:
    """The names that Keras gives to the layers of a kind, one after the other: conv2d, conv2d_1."""
    for number in count(0):
        name = f"{kind}_{number}" if number else kind
        if name not in given:
            yield name


def _is_kind(layer: Layer, kind: str) -> bool:
    if kind == "batch_normalization":
        return "mean" in layer.tensors
    return kind == "conv2d" and "kernel" in layer.tensors


def _knows_most(layout: Layout, names: Sequence[str]) -> bool:
    unknown = 0
    for name in names:
        unknown += not _knows(layout, name)
        if unknown > (1 - MOST) * len(names):
            return False
    return True


def _knows(layout: Layout, name: str) -> bool:
    kind = _COUNTED.fullmatch(name)
    if kind is not None and kind[1] in layout.counted:
        return True
    return layout.is_extra(name) or layout.is_head(name) or layout.ours(name) is not None


def _flat(layout: Layout, name: str) -> list[int]:
    """Which thing of all the rows a layer of ours belongs to."""
    for _, right in layout.lines:
        found = right.flat(name, layout.terms)
        if found is not None:
            return [found]
    return []


def _unwrapped(names: Sequence[str]) -> list[str]:
    """Names without what all of them begin with: `module.conv1`, `backbone.conv1`."""
    found = list(names)
    while found:
        first, dot, _ = found[0].partition(".")
        if not dot or not all(name.startswith(f"{first}.") for name in found):
            break
        found = [name.removeprefix(f"{first}.") for name in found]
    return found


def _recounted(names: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Names that count from 0: Keras counts on where a session had built networks before."""
    new: dict[str, str] = {}
    for kind in kinds:
        matches = [_COUNTED.fullmatch(name) for name in names]
        numbers = {m[0]: int(m[2] or 0) for m in matches if m is not None and m[1] == kind}
        for place, name in enumerate(sorted(numbers, key=lambda name: numbers[name])):
            new[name] = f"{kind}_{place}" if place else kind
    return [new.get(name, name) for name in names]
