"""Which layer feeds which, read off a jaxpr.

A layer is the owner of some weights. Following what the image becomes, every value remembers the
layers it passed last, and the channel at which their output begins in it: concatenations of
branches that are otherwise alike differ in that. The order of attributes, the names and the
spelling of the code play no part, so networks of two frameworks give one graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, Var

from cnndsl.weights.layer import Edge, Layer, Shape

IMAGE = -1


@dataclass(frozen=True)
class Trace:
    """Owners in the order of their first use, the edges that lead to each, and what they see."""

    order: tuple[int, ...]
    feeds: dict[int, tuple[Edge, ...]]
    flattened: dict[int, Shape]  # of the map that a layer receives as a vector


@dataclass(frozen=True)
class _Weight:
    """A value computed from weights alone."""

    owners: frozenset[int]


@dataclass(frozen=True)
class _Data:
    """A value computed from the image."""

    passed: frozenset[Edge]
    flattened: Shape | None = None  # (H, W, C) before it became a vector


_Value = _Weight | _Data | None  # None: computed from neither


def trace(
    function: Callable[[list[jax.Array], jax.Array], object],
    weights: Sequence[jax.Array | jax.ShapeDtypeStruct],
    owners: Sequence[int | None],
    image: jax.ShapeDtypeStruct,
) -> Trace:
    """Follows the image through `function(weights, image)`.

    Args:
      weights: arrays or `ShapeDtypeStruct`s, one per weight.
      owners: the layer of each weight; None for what is no weight, such as the state of a seed.
    """
    closed = jax.make_jaxpr(function)(list(weights), image)
    values: list[_Value] = [
        None if owner is None else _Weight(frozenset([owner])) for owner in owners
    ]
    walk = _Walk()
    walk.run(closed.jaxpr, [*values, _Data(frozenset([(IMAGE, 0)]))])
    feeds = {owner: tuple(sorted(edges)) for owner, edges in walk.feeds.items()}
    return Trace(tuple(walk.feeds), feeds, walk.flattened)


def in_order(layers: Sequence[Layer], traced: Trace) -> list[Layer]:
    """The layers as they run, with what feeds them; those that do not run come last."""
    order = [*traced.order, *(i for i in range(len(layers)) if i not in traced.feeds)]
    place = {owner: index for index, owner in enumerate(order)} | {IMAGE: IMAGE}
    return [
        replace(
            layers[owner],
            feeds=tuple(sorted((place[o], start) for o, start in traced.feeds.get(owner, ()))),
            flattened=traced.flattened.get(owner),
        )
        for owner in order
    ]


class _Walk:
    def __init__(self) -> None:
        self.feeds: dict[int, set[Edge]] = {}
        self.flattened: dict[int, Shape] = {}

    def run(self, jaxpr: Jaxpr, arguments: Sequence[_Value]) -> list[_Value]:
        known: dict[Var, _Value] = dict(zip(jaxpr.invars, arguments, strict=True))

        def value(atom: Var | Literal) -> _Value:
            return None if isinstance(atom, Literal) else known.get(atom)

        for equation in jaxpr.eqns:
            inputs = [value(atom) for atom in equation.invars]
            inner = _inner(equation.params)
            if inner is not None and len(inner.invars) == len(inputs):
                results = self.run(inner, inputs)
            else:
                results = [self.apply(equation, inputs)] * len(equation.outvars)
            known.update(zip(equation.outvars, results, strict=True))
        return [value(atom) for atom in jaxpr.outvars]

    def apply(self, equation: JaxprEqn, inputs: Sequence[_Value]) -> _Value:
        owners = frozenset().union(*(i.owners for i in inputs if isinstance(i, _Weight)))
        data = [i for i in inputs if isinstance(i, _Data)]
        if not data:
            return _Weight(owners) if owners else None
        flattened = next((d.flattened for d in data if d.flattened is not None), None)
        if owners:
            passed = {edge for d in data for edge in d.passed if edge[0] not in owners}
            for owner in sorted(owners):
                self.feeds.setdefault(owner, set()).update(passed)
                if flattened is not None:
                    self.flattened.setdefault(owner, flattened)
            return _Data(frozenset((owner, 0) for owner in owners))
        if equation.primitive.name == "concatenate":
            return _concatenated(equation, inputs)
        before, after = _shape(equation.invars[0]), _shape(equation.outvars[0])
        if equation.primitive.name == "reshape" and len(before) == 4 and len(after) == 2:
            flattened = tuple(before[1:])
        return _Data(frozenset().union(*(d.passed for d in data)), flattened)


def _concatenated(equation: JaxprEqn, inputs: Sequence[_Value]) -> _Data:
    axis = equation.params["dimension"]
    moves = axis == len(_shape(equation.outvars[0])) - 1  # joins channels
    passed: set[Edge] = set()
    offset = 0
    for atom, item in zip(equation.invars, inputs, strict=True):
        if isinstance(item, _Data):
            passed.update((owner, start + offset * moves) for owner, start in item.passed)
        offset += _shape(atom)[axis]
    return _Data(frozenset(passed))


def _shape(atom: Var | Literal) -> Shape:
    """The shape of an array; () of what is none, such as a token."""
    shape: Shape = getattr(atom.aval, "shape", ())
    return shape


def _inner(params: Mapping[str, object]) -> Jaxpr | None:
    """The body of a call, such as that of a jitted function."""
    for name in ("jaxpr", "call_jaxpr"):
        body = params.get(name)
        if isinstance(body, ClosedJaxpr):
            return body.jaxpr
        if isinstance(body, Jaxpr):
            return body
    return None
