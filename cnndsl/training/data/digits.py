"""1,797 handwritten digits of 43 writers, 8 x 8 pixels, which come with scikit-learn.

Alpaydin & Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
1998. A fifth of the images of each digit is held out.
"""

from __future__ import annotations

import numpy as np

from cnndsl.training.data.source import Arrays, Dataset, hold_out, numbered
from cnndsl.training.errors import TrainingError

SHARE = 0.2
SIDE, BRIGHTEST = 8, 16


def read() -> Dataset:
    """Raises: TrainingError: if scikit-learn is not installed."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        help = "pip install 'cnndsl[train]', or name other data with --data"
        raise TrainingError("`digits` come with scikit-learn: it is not installed", help) from None
    flat, target = load_digits(return_X_y=True)
    images = np.asarray(flat).reshape(-1, SIDE, SIDE)
    pixels = np.rint(images * (255 / BRIGHTEST)).astype(np.uint8)
    labels = np.asarray(target).astype(np.int32)
    train, held_out = hold_out(Arrays(pixels[..., np.newaxis], labels, "digits"), SHARE)
    return Dataset("digits", numbered(10), train, held_out)
