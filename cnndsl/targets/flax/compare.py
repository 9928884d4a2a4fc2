"""Where two computations differ first, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnndsl.syntax import ast
from cnndsl.targets.flax.sharing import ordered
from cnndsl.targets.flax.terms import Term

_SHOWN = 3  # ops of a chain


@dataclass(frozen=True)
class Difference:
    """Something that a module does not do as its networks say.

    `model` and `endpoint` are empty where it is of the whole module or model. `argument` is the
    parameter, as "Model.name", whose argument had another value than its default; `idle`
    are the loops that then have no round.
    """

    model: str
    endpoint: str
    words: str
    argument: str = ""
    idle: frozenset[ast.Node] = frozenset()

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
    ours, theirs = ordered([expected]), ordered([found])
    known, computed = set(ours), set(theirs)
    missing = next((term for term in ours if term not in computed), None)
    extra = [term for term in theirs if term not in known]
    if missing is None:  # the module goes on where the network is done
        place = _place(found_paths.get(extra[0], ""))
        return f"found {_said(extra[0])}{place} behind what is expected, at {_trail(expected)}"
    instead = min(extra, key=lambda term: _strangeness(missing, term), default=found)
    at_network, at_module = expected_paths.get(missing, ""), found_paths.get(instead, "")
    where = _place(at_network, f"here {at_module}" if at_module else "")
    names = {**{t: f"here {path}" for t, path in found_paths.items()}, **expected_paths}
    return f"{_reason(missing, instead, names)}{where}, at {_trail(missing)}"


def _strangeness(missing: Term, term: Term) -> tuple[bool, bool, bool]:
    """How little a term has of one that is missing: what it is applied to, then its op."""
    is_same = term.inputs == missing.inputs
    return not is_same, not set(term.inputs) & set(missing.inputs), term.op != missing.op


def _place(*parts: str) -> str:
    words = ", ".join(filter(None, parts))
    return f" ({words})" if words else ""


def _reason(expected: Term, found: Term, names: Mapping[Term, str]) -> str:
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
    if expected.inputs != found.inputs:
        return f"{expected.op} of {_list(found, names)}, expected of {_list(expected, names)}"
    return f"expected {_said(expected)}, found {_said(found)}"


def _list(term: Term, names: Mapping[Term, str]) -> str:
    """What a term is made of, each by its layer or its op."""
    return ", ".join(names.get(x) or x.op for x in term.inputs)


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
