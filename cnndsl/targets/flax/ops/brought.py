"""Layers that an author brings: the class is imported, and built like any layer."""

from __future__ import annotations

from collections.abc import Mapping

from cnndsl.targets.flax.ops.emission import WEIGHT, Built, Emission, layer
from cnndsl.targets.python.tree import Expr


def emit_brought(name: str, callee: str, arguments: Mapping[str, Expr], features: Expr) -> Emission:
    """`DeformConv(in_features, filters=64, rngs=rngs)`: all arguments of the op by their names.

    Those at the op's own defaults too: the class may have others.
    """
    return layer(WEIGHT, Built(name, callee, (features,), dict(arguments)))
