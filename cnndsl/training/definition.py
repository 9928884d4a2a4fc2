"""What is trained: a network's generated module and its recipe, as text and as Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

from flax import nnx

from cnndsl.loading import module_from
from cnndsl.training.recipe import Recipe, load_recipe


@dataclass(frozen=True)
class Definition:
    """A network and how it is trained.

    Attributes:
      model: the name of its class.
      spec: the text of its spec, for the run folder.
      code: the text of its generated module.
      recipe_code: the text of its recipe's module.
      recipe_origin: where the recipe comes from, for the user to read.
    """

    model: str
    spec: str
    code: str
    recipe_code: str
    recipe_origin: str

    @cached_property
    def module(self) -> ModuleType:
        return module_from(f"{self.model.lower()}.cnn", self.code)

    @cached_property
    def recipe(self) -> Recipe:
        return load_recipe(f"{self.model.lower()}_training.py", self.recipe_code)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the images that the network takes."""
        height, width, channels = self.constant("INPUT_SHAPE")
        return height, width, channels

    @property
    def preprocess(self) -> Mapping[str, Any] | None:
        """What its images go through, where the spec says so."""
        return self.constant("PREPROCESS", None)

    def constant(self, name: str, *default: object) -> Any:
        """A constant of the module; where it has several models, the entry of this one."""
        value = getattr(self.module, name, *default)
        return value[self.model] if isinstance(value, dict) and self.model in value else value

    def build(self, **arguments: object) -> Callable[[nnx.Rngs], nnx.Module]:
        """A constructor of the network."""
        cls = getattr(self.module, self.model)
        return lambda rngs: cls(**arguments, rngs=rngs)
