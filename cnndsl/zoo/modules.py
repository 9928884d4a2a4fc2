"""Models as Flax modules: the generated modules of the zoo, imported."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from cnndsl.names import module_name
from cnndsl.suggest import did_you_mean
from cnndsl.zoo.index import Entry, find, folder

_PACKAGE = f"{__package__}.generated"


def create(
    name: str,
    *,
    input: Sequence[int] | None = None,
    weights: str | os.PathLike[str] | None = None,
    **arguments: object,
) -> Any:
    """A model with new parameters: `create("ResNet50", classes=10, rngs=nnx.Rngs(0))`.

    It is an `nnx.Module` of a class that its name chooses, so no type checker knows which.

    Args:
      input: (height, width, channels) of images; the model is compiled for that size.
      weights: a file that they are taken from, as `cnndsl.weights.load` does. Where the model has
        another number of classes than the file, its head starts anew; with `classes=0` it has none.
        Nothing is drawn but such a head, for which `rngs` is needed.

    Raises:
      UnknownModel: if there is no such model.
      CompileError: if it cannot take images of that size; the text shows why.
      TypeError: if the model takes no such argument, or `rngs` is missing.
      ImportError: if flax is not installed.
      cnndsl.weights.WeightsError: if the weights cannot be read, or do not fit.
    """
    entry = find(name)
    module = import_module(entry) if input is None else _resized(entry, input)
    model = getattr(module, entry.name)
    _, *taken = inspect.signature(model.__init__).parameters  # without self
    for argument in arguments:
        if argument not in taken:
            known = [*taken, "input", "weights"]
            hint = did_you_mean(argument, known) or f"it takes {', '.join(known)}"
            raise TypeError(f"{entry.name} takes no argument `{argument}`; {hint}")
    if weights is None:
        return model(**arguments)
    from cnndsl.weights.files import created

    return created(model, weights, arguments)


def _resized(entry: Entry, size: Sequence[int]) -> ModuleType:
    """The module of one model for images of another size."""
    from cnndsl.api import load

    return load(folder("specs") / entry.spec, model=entry.name, set={"input": list(size)})


def import_module(entry: Entry) -> ModuleType:
    """The generated module of a model's family; imported once."""
    path = module_path(entry)
    name = f"{_PACKAGE}.{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {path}", name=name)
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        del sys.modules[name]
        if error.name not in ("flax", "jax"):
            raise
        message = f"models need {error.name}: pip install 'cnndsl[train]'"
        raise ImportError(message, name=error.name) from None
    except BaseException:
        del sys.modules[name]
        raise
    return module


def module_path(entry: Entry) -> Path:
    return folder("generated") / f"{module_name(Path(entry.spec).stem)}.py"
