"""What a file of weights holds, before anybody knows which network it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import ml_dtypes  # noqa: F401 - numpy then knows bfloat16
import numpy as np

from cnndsl.weights.errors import WeightsError
from cnndsl.weights.form import Form
from cnndsl.weights.layer import Shape

MAX_TENSORS = 20_000  # ten times those of the largest network
MAX_NAME = 1_000  # characters
MAX_NUMBERS = 2**36  # in one tensor; the largest kernel of the zoo has 2**27
SMALL = 2**30  # bytes of tensors that any file may hold
MAX_RATIO = (
    16  # of the bytes of tensors to those of a larger file: weights cannot be packed tighter
)
FLOATS = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True)
class Raw:
    """A tensor as its file has it; nothing is read before `read` is called.

    Attributes:
      dtype: numpy's name of the type, or bfloat16.
    """

    name: str
    shape: Shape
    dtype: str
    read: Callable[[], np.ndarray] = field(compare=False, repr=False)

    @property
    def floating(self) -> bool:
        return self.dtype in FLOATS

    @property
    def size(self) -> int:
        """Bytes."""
        return prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Archive:
    """A file of weights.

    Attributes:
      kind: what the file is, for people: `PyTorch archive`.
      tensors: in the order of the file.
      ordered: whether that order says how the layers follow one another, as in files of PyTorch
        and Keras; others keep theirs by name, or at will.
      keras: whether it is one of Keras's, which lays out transposed convolutions in its own way.
      metadata: what the file says about itself, such as the network it was saved from.
      feeds: by layer, the layers whose output it receives, where the file describes the network.
      form: what the network computes beyond its weights, where the file describes it.
    """

    path: str
    kind: str
    tensors: tuple[Raw, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    feeds: Mapping[str, tuple[str, ...]] | None = None
    form: Form = field(default_factory=Form)
    ordered: bool = False
    keras: bool = False


def check_tensors(tensors: Sequence[Raw], size: int) -> None:
    """Raises: WeightsError: if two have one name, or a file of `size` bytes cannot hold them."""
    check_count(len(tensors))
    known: set[str] = set()
    for tensor in tensors:
        name = tensor.name.removesuffix(":0").replace("/", ".")
        if name in known:
            raise WeightsError(f"it has two tensors {tensor.name}: which is meant?")
        known.add(name)
    check_unpacked(sum(tensor.size for tensor in tensors), size)


def check_unpacked(claimed: int, size: int) -> None:
    """Raises: WeightsError: if no file of `size` bytes holds so many bytes of tensors."""
    if claimed > SMALL + MAX_RATIO * size:
        raise WeightsError(f"its {size:,} bytes claim to hold {claimed:,}: it is damaged or a bomb")


def checked_name(name: object) -> str:
    """The name of a tensor, if it is one that can be shown.

    Raises:
      WeightsError: if it is no text, or too long, or holds control characters.
    """
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise WeightsError("a tensor has a name that is no name: the file is damaged or hostile")
    return name


def checked_shape(name: str, shape: object) -> Shape:
    """A shape of a few sizes whose product is one that a network can have.

    Raises:
      WeightsError: if it is none.
    """
    sizes = checked_sizes(name, shape)
    if prod(size for size in sizes if size) > MAX_NUMBERS:  # numpy minds the others even beside a 0
        raise WeightsError(f"{name} claims {prod(sizes):,} numbers: no network is that large")
    return sizes


def checked_sizes(name: str, sizes: object) -> Shape:
    """A few sizes or strides, each of which a tensor can have.

    Raises:
      WeightsError: if they are none.
    """
    if not isinstance(sizes, list | tuple) or len(sizes) > 8:
        raise WeightsError(f"{name} has no shape that a tensor can have")
    if not all(type(size) is int and 0 <= size <= MAX_NUMBERS for size in sizes):
        raise WeightsError(f"{name} has a shape with sizes that no tensor has")
    return tuple(sizes)


def check_count(tensors: int) -> None:
    if tensors > MAX_TENSORS:
        raise WeightsError(f"the file claims {tensors:,} tensors: no network has so many")
