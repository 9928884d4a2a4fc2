"""How two tensors of a merge become one."""

from __future__ import annotations

from cnndsl.targets.python.draft import Join
from cnndsl.targets.python.expressions import call
from cnndsl.targets.python.tree import Expr

_OPERATORS = {"add": "+", "mul": "*", "sub": "-", "div": "/"}
_FUNCTIONS = {"maximum": "jnp.maximum", "minimum": "jnp.minimum", "matmul": "matmul"}


def merged_pair(name: str, left: Expr, right: Expr) -> Expr:
    """Two tensors merged."""
    if name in _OPERATORS:
        return Join(_OPERATORS[name], left, right)
    return call(_FUNCTIONS[name], left, right)
