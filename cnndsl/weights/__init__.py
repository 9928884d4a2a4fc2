"""Weights of trained networks, brought into generated ones.

Needs numpy, jax and flax: `pip install 'cnndsl[weights]'`. The compiler never imports this package.
"""

from __future__ import annotations

from cnndsl.weights.errors import WeightsError
from cnndsl.weights.keras import from_keras

__all__ = ["WeightsError", "from_keras"]
