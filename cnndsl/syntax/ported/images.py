"""The size of an image as the programs of other libraries say it."""

from __future__ import annotations

import ast as python
from dataclasses import dataclass, field

from cnndsl.syntax.ported.meaning import op_meant
from cnndsl.syntax.ported.tensors import Tensors
from cnndsl.syntax.ported.values import name_of


@dataclass
class Images(Tensors):
    """`image` is the size of the input as it is said, `constants` are values of the program."""

    image: str | None = None
    constants: dict[str, str] = field(default_factory=dict)

    def is_input(self, value: python.expr) -> bool:
        """Whether a call is the image, whatever it says of its size."""
        if not isinstance(value, python.Call) or isinstance(value.func, python.Call):
            return False
        sized = any(k.arg in ("shape", "input_shape", "batch_shape") for k in value.keywords)
        named = isinstance(value.func, python.Name | python.Attribute)
        is_input = named and op_meant(name_of(value.func)) == "input"
        return is_input and (sized or self.image_of(value) is not None)

    def image_of(self, value: python.expr) -> str | None:
        """The size that `Input(shape = (28, 28, 1))` says."""
        if not isinstance(value, python.Call):
            return None
        given = [
            k.value for k in value.keywords if k.arg in ("shape", "input_shape", "batch_shape")
        ]
        return next(filter(None, map(self.sides, [*given, *value.args])), None)

    def sides(self, node: python.expr) -> str | None:
        if isinstance(node, python.Name):
            node = self.given.get(node.id, node)
        if not isinstance(node, python.Tuple | python.List) or len(node.elts) not in (3, 4):
            return None
        from cnndsl import elsewhere

        said = [self.calls.value(each) for each in node.elts[-3:]]
        sides = [self.constants.get(each, each) for each in said]
        return elsewhere.size(sides, is_image=True)
