"""Where two computations differ first, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnndsl.targets.flax.terms import Term

_SHOWN = 3  # ops of a chain


@dataclass(frozen=True)
class Difference:
    """Something that a module does not do as its networks say.

    `model` and `endpoint` are empty where it is of the whole module or model. `argument` is the
    one of the model's class that had another value than its default.
    """

    model: str
    endpoint: str
    words: str
    argument: str = ""

    def __str__(self) -> str:
        where = ".".join(filter(None, (self.model, self.endpoint)))
        return f"{where}: {self.words}" if where else self.words


def difference(
    expected: Term, found: Term, expected_paths: Mapping[Term, str], found_paths: Mapping[Term, str]
) -> str:
    """What differs at the first place, in order of computation, where two terms do.

    Args:
      expected: what the network computes.
      found: what the module computes; another term.
      expected_paths: by term the path of the layer of the network.
      found_paths: by term the attribute of the module.
    """
    expected, found = _deepest(expected, found)
    places = []
    if expected in expected_paths:
        places.append(expected_paths[expected])
    if found in found_paths:
        places.append(f"here {found_paths[found]}")
    where = f" ({', '.join(places)})" if places else ""
    return f"{_reason(expected, found)}{where}, at {_trail(expected)}"


def _deepest(expected: Term, found: Term) -> tuple[Term, Term]:
    """Follows what differs to the place where the ops do, and not what they are applied to."""
    while True:
        pairs = _unequal(expected, found)
        if pairs is None:
            return expected, found
        expected, found = pairs


def _unequal(expected: Term, found: Term) -> tuple[Term, Term] | None:
    """Inputs that differ, of ops that are alike; None where the ops differ themselves."""
    if _head(expected) != _head(found) or len(expected.inputs) != len(found.inputs):
        return None
    ours, theirs = list(expected.inputs), list(found.inputs)
    if expected.op in ("add", "mul"):  # which have no order
        ours = [term for term in ours if term not in theirs]
        theirs = [term for term in theirs if term not in expected.inputs]
    for a, b in _paired(ours, theirs):
        if a is not b:
            return a, b
    return None


def _paired(ours: list[Term], theirs: list[Term]) -> list[tuple[Term, Term]]:
    if len(ours) == 2 and len(theirs) == 2 and _head(ours[0]) != _head(theirs[0]):
        theirs = theirs[::-1]
    return list(zip(ours, theirs, strict=False))


def _head(term: Term) -> tuple[object, ...]:
    """An op with its settings, whatever it is applied to."""
    return (term.op, term.settings)


def _reason(expected: Term, found: Term) -> str:
    if expected.op != found.op:
        return f"expected {_said(expected)}, found {_said(found)}"
    ours, theirs = dict(expected.settings), dict(found.settings)
    parts = [
        f"{name} is {_value(theirs.get(name))}, expected {_value(ours.get(name))}"
        for name in {**ours, **theirs}
        if ours.get(name) != theirs.get(name)
    ]
    if parts:
        return f"{expected.op}: {'; '.join(parts)}"
    if len(expected.inputs) != len(found.inputs):
        return f"{expected.op} of {len(found.inputs)} tensors, expected {len(expected.inputs)}"
    if expected.number != found.number:
        return (
            f"{expected.op}: the layers that are alike and get the same tensor go elsewhere: "
            f"found number {found.number} of them, expected number {expected.number}"
        )
    return f"expected {_said(expected)}, found {_said(found)}"


def _said(term: Term) -> str:
    """`conv(filters=64, …) giving 56 x 56 x 64`."""
    if not term.inputs:
        return f"the {term.op}"
    settings = ", ".join(f"{name}={_value(value)}" for name, value in term.settings)
    shape = " x ".join(map(str, term.shape))
    return f"{term.op}({settings}) giving {shape}"


def _value(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _trail(term: Term) -> str:
    """The ops that lead to a term: `image -> conv -> relu`."""
    ops = [term.op]
    while term.inputs and len(ops) <= _SHOWN:
        term = term.inputs[0]
        ops.append(term.op)
    if term.inputs:
        ops.append("…")
    return " -> ".join(reversed(ops))
