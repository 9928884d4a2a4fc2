"""Networks with new parameters, made by one program that draws all random numbers at once.

A constructor draws the numbers of every kernel by itself. Compiled as it is, each of these draws
is a program of its own within the program, and creating ResNet50 takes longer than many an epoch.
All draws of a kind are therefore one, of which each kernel gets its part.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
from flax import nnx
from jax.extend import core

from cnndsl.streams import rngs

_DRAWS: dict[str, Callable[[jax.Array, int], jax.Array]] = {
    "_truncated_normal": lambda key, n: jax.random.truncated_normal(key, -2.0, 2.0, (n,)),
    "_normal": lambda key, n: jax.random.normal(key, (n,)),
}


def create(build: Callable[[nnx.Rngs], nnx.Module], seed: int) -> nnx.Module:
    """The network of `build` with parameters of that seed, the same on every device."""
    graphs: list[nnx.GraphDef[nnx.Module]] = []

    def states(key: jax.Array) -> nnx.State:
        graph, state = nnx.split(build(rngs(key)))
        graphs.append(graph)
        return state

    key = jax.random.key(seed)
    closed, abstract = jax.make_jaxpr(states, return_shape=True)(key)
    values = _values(closed, key)
    return nnx.merge(graphs[0], jax.tree.unflatten(jax.tree.structure(abstract), values))


def _values(closed: core.ClosedJaxpr, key: jax.Array) -> list[jax.Array]:
    """The results of a traced constructor, to which the numbers of its draws are handed.

    Its draws are taken out, and what they gave become arguments. Two programs, or the compiler
    would draw once more for every part.
    """
    traced = closed.jaxpr
    draws = [(eqn, kind) for eqn in traced.eqns if (kind := _kind(eqn))]
    taken = {id(eqn) for eqn, _ in draws}
    rest = traced.replace(
        eqns=[eqn for eqn in traced.eqns if id(eqn) not in taken],
        invars=[*traced.invars, *(eqn.outvars[0] for eqn, _ in draws)],
        debug_info=traced.debug_info.with_unknown_names(),
    )
    shapes = [(kind, tuple(eqn.outvars[0].aval.shape)) for eqn, kind in draws]
    totals = {k: sum(math.prod(shape) for kind, shape in shapes if kind == k) for k in _DRAWS}

    @jax.jit
    def draw(key: jax.Array) -> dict[str, jax.Array]:
        keys = jax.random.split(key, len(_DRAWS))
        return {k: _DRAWS[k](keys[i], n) for i, (k, n) in enumerate(totals.items()) if n}

    @jax.jit
    def construct(key: jax.Array, numbers: dict[str, jax.Array]) -> list[jax.Array]:
        parts = []
        start = dict.fromkeys(totals, 0)
        for kind, shape in shapes:
            size = math.prod(shape)
            parts.append(numbers[kind][start[kind] : start[kind] + size].reshape(shape))
            start[kind] += size
        results: list[jax.Array] = core.jaxpr_as_fun(core.ClosedJaxpr(rest, closed.consts))(
            key, *parts
        )
        return results

    return construct(key, draw(jax.random.fold_in(key, 1)))


def _kind(eqn: core.JaxprEqn) -> str | None:
    """The name of a draw in float32 that can be part of a larger one; other draws stay.

    Of truncated normal numbers those are that end at two standard deviations, as initialisers do.
    """
    name = eqn.params.get("name")
    if name not in _DRAWS or not eqn.outvars[0].aval.str_short().startswith("float32["):
        return None
    limits = [atom.val for atom in eqn.invars[1:] if isinstance(atom, core.Literal)]
    expected = [-2.0, 2.0] if name == "_truncated_normal" else []
    if len(limits) != len(eqn.invars) - 1 or [float(v) for v in limits] != expected:
        return None
    return str(name)
