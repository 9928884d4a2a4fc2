"""Loading weights into a network and saving them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
from flax import nnx

from cnndsl.excerpt import clean
from cnndsl.weights.archive import Archive
from cnndsl.weights.assign import Source, assign
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.fill import Filled, fill, only_heads
from cnndsl.weights.form import ACTIVATIONS, EDGES, SYMMETRIC, TENSORFLOW, Form
from cnndsl.weights.mapping import Choices, read_mapping
from cnndsl.weights.match import Matching
from cnndsl.weights.network import Model, Network, abstract, dotted, network_of, weights_of
from cnndsl.weights.readers import read
from cnndsl.weights.sorting import layers_of_archive
from cnndsl.weights.writing import write

FORMAT = "cnndsl"
Word = TypeVar("Word", bound=str)
_SPEC = re.compile(r"from (\S+)\s+\(sha256\s+([0-9a-f]+)\)")


def load(
    model: nnx.Module,
    path: str | os.PathLike[str],
    *,
    mapping: str | os.PathLike[str] | None = None,
    skip_head: bool = False,
) -> Filled:
    """Fills a generated network from a file: all of it or, if something does not fit, nothing.

    Args:
      path: `.safetensors`, `.pth`, `.weights.h5`, `.h5`, `.keras` or `.npz`.
      mapping: a TOML file that names pairs of layers; see `cnndsl.weights.mapping`.
      skip_head: leave the last layers, those that give the logits, as they are.

    Raises:
      WeightsError: if the file cannot be trusted or does not fit; the model is unchanged.
    """
    archive = read(path)
    choices = Choices() if mapping is None else read_mapping(mapping)
    with explained(model, archive):
        return fill(model, matched(model, archive, choices, skip_head))


def created(
    cls: Callable[..., Model], path: str | os.PathLike[str], arguments: Mapping[str, object]
) -> Model:
    """A network with the weights of a file, and a new head where the file has another one.

    Raises:
      WeightsError: if the file cannot be trusted or does not fit.
      TypeError: if a head is to be made, and `rngs` is not among the arguments.
    """
    archive = read(path)
    shapes = abstract(cls, **{key: value for key, value in arguments.items() if key != "rngs"})
    matching = matched(shapes, archive, Choices())
    if not only_heads(matching):
        with explained(shapes, archive):
            fill(shapes, matching)
        return shapes
    model = cls(**arguments)
    with explained(model, archive):
        fill(model, matched(model, archive, Choices(), skip_head=True))
    return model


def matched(
    model: nnx.Module, archive: Archive, choices: Choices, skip_head: bool = False
) -> Matching:
    """What `load` would copy, what would keep its values, and what is left over."""
    return assign(network_of(model), source_of(archive), choices, skip_head)


def source_of(archive: Archive) -> Source:
    """The layers of a file and, in files that `save` wrote, what it says about its network."""
    layers = tuple(layers_of_archive(archive))
    said = archive.metadata
    if said.get("format") != FORMAT:
        return Source(layers, archive.ordered, form=archive.form)
    head, extra = (tuple(said.get(key, "").split()) for key in ("head", "extra"))
    return Source(layers, archive.ordered, head, extra, _form(said))


def _form(said: Mapping[str, str]) -> Form:
    try:
        epsilon = float(said["epsilon"])
    except (KeyError, ValueError):
        epsilon = None

    def one_of(key: str, known: Iterable[Word]) -> Word | None:
        return next((word for word in known if word == said.get(key)), None)

    return Form(
        one_of("padding", (SYMMETRIC, TENSORFLOW)),
        epsilon if epsilon is not None and 0 < epsilon < 1 else None,
        one_of("activation", ACTIVATIONS),
        one_of("max_pools", EDGES),
        one_of("average_pools", EDGES),
    )


def save(model: nnx.Module, path: str | os.PathLike[str]) -> None:
    """Writes parameters and batch statistics as safetensors, under their paths in the network.

    The metadata names the network's class and the spec it was generated from, the layers that give
    the logits, and what the weights were trained for: padding, epsilon, activation, pools.
    """
    tensors = {
        dotted(path): np.asarray(variable.get_value())
        for path, variable in weights_of(model).items()
    }
    write(path, tensors, identity(model) | described(network_of(model)))


def described(network: Network) -> dict[str, str]:
    """What a file says about its network, for `load` to compare."""
    form = network.form
    said = {
        "head": " ".join(network.head),
        "extra": " ".join(network.extra),
        "padding": form.padding,
        "epsilon": f"{form.epsilon:.9g}" if form.epsilon else None,
        "activation": form.activation,
        "max_pools": form.max_pools,
        "average_pools": form.average_pools,
    }
    return {key: value for key, value in said.items() if value}


def identity(model: nnx.Module) -> dict[str, str]:
    """The class of a network and, from its module's docstring, the spec and its sha256."""
    known = {"format": FORMAT, "model": type(model).__name__}
    for cls in type(model).__mro__:
        found = _SPEC.search(getattr(sys.modules.get(cls.__module__), "__doc__", None) or "")
        if found:
            return known | {"spec": os.path.basename(found[1]), "spec_sha256": found[2]}
    return known


@contextmanager
def explained(model: nnx.Module, archive: Archive) -> Iterator[None]:
    """Puts before an error what the file says about the network that it was saved from."""
    try:
        yield
    except WeightsError as error:
        if archive.metadata.get("format") != FORMAT:
            raise
        raise WeightsError(f"{_difference(model, archive)}\n{error}", error.help) from None


def _difference(model: nnx.Module, archive: Archive) -> str:
    saved = {key: clean(value[:100]) for key, value in archive.metadata.items()}
    mine = identity(model)
    if saved.get("model") != mine["model"]:
        return f"the file holds weights of {saved.get('model')}, this is a {mine['model']}"
    elif saved.get("spec_sha256") != mine.get("spec_sha256"):
        return (
            f"the file was saved when {mine['model']}'s spec was another one "
            f"({saved.get('spec_sha256')}, now {mine.get('spec_sha256')})"
        )
    return "the file holds weights of this network with other arguments"
