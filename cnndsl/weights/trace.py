"""Which layer feeds which, read off a jaxpr.

A layer is the owner of some weights. Following what the image becomes, every value remembers the
layers it passed last, and the channel at which their output begins in it: concatenations of
branches that are otherwise alike differ in that. The order of attributes, the names and the
spelling of the code play no part, so networks of two frameworks give one graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import jax
import numpy as np
from jax.extend.core import Jaxpr, JaxprEqn, Literal, Var

from cnndsl.weights.equations import convolved, inner, margins, pooled, shape_of
from cnndsl.weights.layer import Edge, Layer, Pool, Setting, Shape, Window

IMAGE = -1
_NONLINEAR = {"max": "relu", "min": "clip", "clamp": "clip", "logistic": "sigmoid", "tanh": "tanh"}
_FLOORED = ("max", "clamp")
_KEEPS_SIGN = ("min", "pad", "reduce_window_max", "reduce_window_sum", "convert_element_type")
_SAME_WEIGHTS = ("reshape", "broadcast_in_dim", "convert_element_type", "squeeze")


@dataclass(frozen=True)
class Trace:
    """Owners in the order of their first use, the edges that lead to each, and what they see.

    Attributes:
      settings: by owner, what its weights do not tell: epsilon, windows, activations.
      pools: in the order in which they run.
      results: by output of the function, the owners that give it, and its shape.
    """

    order: tuple[int, ...]
    feeds: dict[int, tuple[Edge, ...]]
    flattened: dict[int, Shape]  # of the map that a layer receives as a vector
    settings: dict[int, Setting] = field(default_factory=dict)
    pools: tuple[Pool, ...] = ()
    results: tuple[Result, ...] = ()


@dataclass(frozen=True)
class Result:
    """An output: the owners whose output it is, and whether an activation lies in between."""

    owners: frozenset[int]
    shape: Shape
    activated: bool


@dataclass(frozen=True)
class _Weight:
    """A value computed from weights alone; `added` is a number that was added last."""

    owners: frozenset[int]
    added: float | None = None


@dataclass(frozen=True)
class _Data:
    """A value computed from the image."""

    passed: frozenset[Edge]
    flattened: Shape | None = None  # (H, W, C) before it became a vector
    padded: tuple[tuple[int, int], ...] = ()  # what was laid around it, by axis
    activated: bool = False  # since the last layer
    positive: bool = False  # nowhere below zero
    pool: int | None = None  # the number of the pool that it is the sum of


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
    outputs = walk.run(closed.jaxpr, [*values, _Data(frozenset([(IMAGE, 0)]))])
    feeds = {owner: tuple(sorted(edges)) for owner, edges in walk.feeds.items()}
    settings = {
        owner: Setting(
            walk.epsilons.get(owner), walk.windows.get(owner), frozenset(walk.activations[owner])
        )
        for owner in feeds
    }
    shapes = [shape_of(atom) for atom in closed.jaxpr.outvars]
    results = tuple(map(_result, outputs, shapes))
    return Trace(tuple(walk.feeds), feeds, walk.flattened, settings, tuple(walk.pools), results)


def _result(value: _Value, shape: Shape) -> Result:
    if not isinstance(value, _Data):
        return Result(frozenset(), shape, False)
    return Result(frozenset(owner for owner, _ in value.passed), shape, value.activated)


def in_order(layers: Sequence[Layer], traced: Trace) -> list[Layer]:
    """The layers as they run, with what feeds them; those that do not run come last."""
    order = [*traced.order, *(i for i in range(len(layers)) if i not in traced.feeds)]
    place = {owner: index for index, owner in enumerate(order)} | {IMAGE: IMAGE}
    return [
        replace(
            layers[owner],
            feeds=tuple(sorted((place[o], start) for o, start in traced.feeds.get(owner, ()))),
            flattened=traced.flattened.get(owner),
            setting=traced.settings.get(owner),
        )
        for owner in order
    ]


class _Walk:
    def __init__(self) -> None:
        self.feeds: dict[int, set[Edge]] = {}
        self.flattened: dict[int, Shape] = {}
        self.epsilons: dict[int, float] = {}
        self.windows: dict[int, Window] = {}
        self.pools: list[Pool] = []
        self.activations: dict[int, set[str]] = {}

    def run(self, jaxpr: Jaxpr, arguments: Sequence[_Value]) -> list[_Value]:
        known: dict[Var, _Value] = dict(zip(jaxpr.invars, arguments, strict=True))

        def value(atom: Var | Literal) -> _Value:
            return None if isinstance(atom, Literal) else known.get(atom)

        for equation in jaxpr.eqns:
            inputs = [value(atom) for atom in equation.invars]
            body = inner(equation.params)
            if body is not None and len(body.invars) == len(inputs):
                results = self.run(body, inputs)
            else:
                results = [self.apply(equation, inputs)] * len(equation.outvars)
            known.update(zip(equation.outvars, results, strict=True))
        return [value(atom) for atom in jaxpr.outvars]

    def apply(self, equation: JaxprEqn, inputs: Sequence[_Value]) -> _Value:
        owners = frozenset().union(*(i.owners for i in inputs if isinstance(i, _Weight)))
        data = [i for i in inputs if isinstance(i, _Data)]
        if not data:
            return self.weighed(equation, inputs, owners) if owners else None
        flattened = next((d.flattened for d in data if d.flattened is not None), None)
        if owners:
            passed = {edge for d in data for edge in d.passed if edge[0] not in owners}
            for owner in sorted(owners):
                self.feeds.setdefault(owner, set()).update(passed)
                self.activations.setdefault(owner, set())
                if flattened is not None:
                    self.flattened.setdefault(owner, flattened)
                if equation.primitive.name == "conv_general_dilated":
                    self.windows.setdefault(owner, convolved(equation, data[0].padded))
            return _Data(frozenset((owner, 0) for owner in owners))
        return self.moved(equation, inputs, data, flattened)

    def moved(
        self,
        equation: JaxprEqn,
        inputs: Sequence[_Value],
        data: Sequence[_Data],
        flattened: Shape | None,
    ) -> _Data:
        """What an operation without weights makes of the image."""
        name = equation.primitive.name
        activated = any(d.activated for d in data)
        if name == "concatenate":
            return _concatenated(equation, inputs)
        passed = frozenset().union(*(d.passed for d in data))
        if name in _NONLINEAR:
            activated = True
            for owner, _ in passed:
                if owner in self.activations:
                    self.activations[owner].add(_NONLINEAR[name])
        positive = name in _FLOORED or (name in _KEEPS_SIGN and data[0].positive)
        if name.startswith("reduce_window"):
            self.pools.append(pooled(equation, data[0].padded, data[0].positive))
            return _Data(passed, None, (), activated, positive, len(self.pools) - 1)
        if name in ("div", "mul") and len(data) == 1 and data[0].pool is not None:
            self.averaged(data[0].pool, equation.invars)
        before, after = shape_of(equation.invars[0]), shape_of(equation.outvars[0])
        if name == "reshape" and 3 <= len(before) <= 5 and len(after) == 2:
            flattened = tuple(before[1:])
        padded = margins(equation) if name == "pad" else ()
        return _Data(passed, flattened, padded, activated, positive)

    def averaged(self, number: int, atoms: Sequence[Var | Literal]) -> None:
        """A sum is divided by one number, zeros included, or by how much of the map it has seen."""
        pool = self.pools[number]
        counted = any(isinstance(atom, Var) and shape_of(atom) == () for atom in atoms)
        if counted or any(isinstance(atom, Literal) for atom in atoms):
            self.pools[number] = replace(pool, edges="zeros" if pool.edges else None)

    def weighed(
        self, equation: JaxprEqn, inputs: Sequence[_Value], owners: frozenset[int]
    ) -> _Weight:
        """What becomes of weights alone: a norm adds its epsilon to a variance, before the root."""
        name = equation.primitive.name
        weights = [i for i in inputs if isinstance(i, _Weight)]
        if name == "add" and len(weights) == 1:
            numbers = [a for a in equation.invars if isinstance(a, Literal)]
            if len(numbers) == 1 and np.ndim(numbers[0].val) == 0:
                return _Weight(owners, float(numbers[0].val))
        if name in ("rsqrt", "sqrt") and weights[0].added is not None:
            for owner in owners:
                self.epsilons.setdefault(owner, weights[0].added)
        return _Weight(owners, weights[0].added if name in _SAME_WEIGHTS else None)


def _concatenated(equation: JaxprEqn, inputs: Sequence[_Value]) -> _Data:
    axis = equation.params["dimension"]
    moves = axis == len(shape_of(equation.outvars[0])) - 1  # joins channels
    passed: set[Edge] = set()
    activated = False
    offset = 0
    for atom, item in zip(equation.invars, inputs, strict=True):
        if isinstance(item, _Data):
            passed.update((owner, start + offset * moves) for owner, start in item.passed)
            activated |= item.activated
        offset += shape_of(atom)[axis]
    return _Data(frozenset(passed), activated=activated)
