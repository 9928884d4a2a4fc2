"""The two layers that only LeNet-5 has.

Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998,
section II.B.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds, row_kinds
from cnndsl.ops.base import Op, Reject, Shape, arg
from cnndsl.ops.ranks import feature_map, vector
from cnndsl.ops.spelled import show
from cnndsl.ops.weighted import Weighted
from cnndsl.ops.window import Sizes, slide


@dataclass(frozen=True)
class Subsample(Weighted):
    """Trainable pooling: a window's sum times a coefficient, plus a bias; no activation.

    Shape:
      (h, w, c) to (floor(h / window), floor(w / window), c): windows do not overlap.
    Params:
      coefficient (c,), bias (c,).
    Source:
      LeCun et al., 1998, layers S2 and S4.

    >>> Subsample.make({"window": 2}).output((28, 28, 6))
    (14, 14, 6)
    """

    name = "subsample"
    ranks = (2,)

    window: Sizes = arg(kinds.WINDOW, doc="size and step of the window")

    def output(self, x: Shape) -> Shape:
        height, width, channels = feature_map(self, x)
        size = slide((height, width), self.window, self.window, "valid", focus="window")
        return (*size, channels)

    def params(self, x: Shape) -> dict[str, Shape]:
        return {"coefficient": (x[2],), "bias": (x[2],)}

    def field(self, rank: int = 2) -> tuple[Sizes, Sizes]:
        return self.window, self.window


@dataclass(frozen=True)
class Rbf(Op):
    """Minus the squared distance of the features to a fixed code of each class.

    Shape:
      (features,) to (classes,); `codes` holds `classes` lists of `features` numbers.
    Source:
      LeCun et al., 1998, the output layer: 7x12 bitmaps of the characters.

    >>> Rbf.make({"classes": 2, "codes": [[1, -1, 1], [-1, 1, 1]]}).output((3,))
    (2,)
    """

    name = "rbf"
    ranks = (0,)

    classes: int = arg(kinds.POSITIVE_INTEGER, doc="features of the result")
    codes: tuple[tuple[float, ...], ...] = arg(row_kinds.CODES, doc="one list of numbers per class")

    def output(self, x: Shape) -> Shape:
        features = vector(self.name, x)
        if len(self.codes) != self.classes:
            raise Reject(
                f"`codes` holds {len(self.codes)} codes for {show(self.classes)} classes", "codes"
            )
        for index, code in enumerate(self.codes):
            if len(code) != features:
                raise Reject(
                    f"the code of class {index} has {len(code)} numbers, "
                    f"but the vector has {show(features)}",
                    "codes",
                )
        return (self.classes,)

    def sees_everything(self) -> bool:
        return True
