"""Weights of trained networks, brought into generated ones.

Needs numpy, jax, flax and, for the files of Keras, h5py: `pip install 'cnndsl[weights]'`. The
compiler never imports this package.
"""

from __future__ import annotations

try:
    from cnndsl.weights.errors import WeightsError
    from cnndsl.weights.export import export
    from cnndsl.weights.files import load, save
    from cnndsl.weights.fill import Filled
    from cnndsl.weights.keras import from_keras
except ModuleNotFoundError as error:
    message = f"cnndsl.weights needs {error.name}: pip install 'cnndsl[weights]'"
    raise ModuleNotFoundError(message, name=error.name) from None

__all__ = ["Filled", "WeightsError", "export", "from_keras", "load", "save"]
