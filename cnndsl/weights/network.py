"""The layers of a Flax NNX network, in the order in which they run."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import jax
import jax.numpy as jnp
from flax import nnx

from cnndsl.streams import rngs
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.form import Form, form_of
from cnndsl.weights.layer import Layer, Shape, Tensor
from cnndsl.weights.trace import Trace, in_order, trace
from cnndsl.weights.transposed import KERNEL

LOGITS = "logits"
CLASSES = "classes"  # the argument by which a network says how many there are

Path = tuple[object, ...]
Model = TypeVar("Model", bound=nnx.Module)


@runtime_checkable
class Backbone(Protocol):
    """What can be followed layer by layer, as every generated network can."""

    def endpoints(self, x: jax.Array, /) -> Mapping[str, jax.Array]: ...


@dataclass(frozen=True)
class Network:
    """A network as its weights see it.

    Attributes:
      name: its class.
      layers: those with weights, in the order of execution.
      head: by name, the layers that give the logits, and those of heads for training.
      extra: by name, the layers that the logits do not depend on, which only training needs.
      form: what it computes beyond its weights.
    """

    name: str
    layers: tuple[Layer, ...]
    head: tuple[str, ...]
    extra: tuple[str, ...]
    form: Form


def weights_of(model: nnx.Module) -> dict[Path, nnx.Variable[jax.Array]]:
    """Parameters, frozen ones too, and batch statistics by path; no state of seeds."""
    return {
        path: variable
        for path, variable in nnx.to_flat_state(nnx.state(model))
        if not isinstance(variable, nnx.RngState)
    }


def dotted(path: Path) -> str:
    """`layer1.0.conv1.kernel`: what a weight is called in a file."""
    return ".".join(map(str, path))


def image_shape(model: nnx.Module) -> Shape:
    """(H, W, C), from the `INPUT_SHAPE` of the module that defines the network.

    Raises:
      WeightsError: if it has none, as a network that was not generated.
    """
    for cls in type(model).__mro__:
        shape = getattr(sys.modules.get(cls.__module__), "INPUT_SHAPE", None)
        if isinstance(shape, dict):
            by_model = getattr(sys.modules[cls.__module__], "NUM_PARAMS", None)
            shape = shape.get(type(model).__name__) if isinstance(by_model, dict) else shape
        if isinstance(shape, dict):
            raise WeightsError(
                f"{type(model).__name__} gets several inputs: {', '.join(shape)}",
                "weights are placed in networks of one image",
            )
        if shape is not None:
            return tuple(shape)
    raise WeightsError(
        f"{type(model).__name__} does not say which images it takes",
        "use a generated network: its module has an INPUT_SHAPE",
    )


def abstract(cls: Callable[..., Model], **arguments: object) -> Model:
    """A network whose weights are shapes, to be filled; what draws numbers has its seed."""
    model = nnx.eval_shape(lambda: cls(**arguments, rngs=rngs(0)))
    for _, variable in nnx.to_flat_state(nnx.state(model)):
        if isinstance(variable, nnx.RngKey):
            variable.set_value(jax.random.key(0))
        elif isinstance(variable, nnx.RngCount):
            variable.set_value(jnp.uint32(0))
    return model


def initialised(cls: Callable[..., Model], **arguments: object) -> Model:
    """A network with the weights that training would start from, made in one program."""
    return nnx.jit(lambda: cls(**arguments, rngs=rngs(0)))()


def layers_of(model: nnx.Module, shape: Shape | None = None) -> list[Layer]:
    """The layers with weights in the order of execution, each with the layers that feed it.

    Raises:
      WeightsError: if the network has no `endpoints`, as one that was not generated.
    """
    return list(network_of(model, shape).layers)


def network_of(model: nnx.Module, shape: Shape | None = None) -> Network:
    """What matching needs to know of a network.

    Args:
      shape: (H, W, C) of the image to trace with; `INPUT_SHAPE` without one.

    Raises:
      WeightsError: if the network has no `endpoints`, as one that was not generated.
    """
    graph, state = nnx.split(model)
    flat = nnx.to_flat_state(state)
    paths = [path for path, _ in flat]
    grouped: dict[str, dict[str, Tensor]] = {}
    indices: dict[str, int] = {}
    owners: list[int | None] = []
    undoing = {p for p, part in nnx.iter_modules(model) if isinstance(part, nnx.ConvTranspose)}
    for path, variable in flat:
        if isinstance(variable, nnx.RngState):
            owners.append(None)
            continue
        name = dotted(path[:-1])
        extents = tuple(variable.get_value().shape)
        undone = path[:-1] in undoing and path[-1] == KERNEL
        tensor = Tensor(dotted(path), extents, transposed=undone)
        grouped.setdefault(name, {})[str(path[-1])] = tensor
        owners.append(indices.setdefault(name, len(indices)))
    layers = [Layer(name, tensors) for name, tensors in grouped.items()]
    values = [variable.get_value() for _, variable in flat]
    keys: list[str] = []

    def run(values: list[jax.Array], image: jax.Array) -> list[jax.Array]:
        filled = [
            variable.replace(value) for (_, variable), value in zip(flat, values, strict=True)
        ]
        network = nnx.merge(graph, nnx.from_flat_state(zip(paths, filled, strict=True)))
        network.eval()
        if not isinstance(network, Backbone):
            raise WeightsError(
                f"{type(network).__name__} has no `endpoints` to follow",
                "use a generated network",
            )
        found = network.endpoints(image)
        keys[:] = found
        return list(found.values())

    image = jax.ShapeDtypeStruct((1, *(shape or image_shape(model))), jnp.float32)
    traced = trace(run, values, owners, image)
    placed = in_order(layers, traced)
    names = [layer.name for layer in layers]
    head = _head(model, layers, keys, traced)
    return Network(
        type(model).__name__,
        tuple(placed),
        tuple(layer.name for layer in placed if layer.name in head),
        _extra(placed, [names[i] for i in _result(keys, traced, LOGITS)]),
        form_of(placed, traced.pools),
    )


def _result(keys: Sequence[str], traced: Trace, key: str) -> list[int]:
    if key not in keys:
        return []
    return [owner for owner in traced.results[keys.index(key)].owners if owner >= 0]


def _head(
    model: nnx.Module, layers: Sequence[Layer], keys: Sequence[str], traced: Trace
) -> set[str]:
    """The layers that give classes: that of the logits, and those of heads for training.

    What gives the logits is a head if it has a weight per class and no activation behind it, or
    counts the network's own argument `classes`. A network built with `classes=0` has none.
    """
    if LOGITS not in keys or _is_backbone(model):
        return set()
    logits = traced.results[keys.index(LOGITS)]
    classes = logits.shape[-1]
    counts = CLASSES in inspect.signature(type(model).__init__).parameters or any(
        CLASSES in vars(cls) for cls in type(model).__mro__
    )
    found: set[str] = set()
    for key, result in zip(keys, traced.results, strict=True):
        chosen = [layers[owner] for owner in result.owners if owner >= 0]
        linear = not result.activated or (key == LOGITS and counts)
        if result.shape == logits.shape and linear and all(_gives(x, classes) for x in chosen):
            found.update(layer.name for layer in chosen)
    return found


def _gives(layer: Layer, classes: int) -> bool:
    kernel = layer.tensors.get("kernel")
    return kernel is not None and kernel.shape[-1] == classes


def _is_backbone(model: nnx.Module) -> bool:
    """Whether `nnx.identity` stands where the head would be."""
    return any(value is nnx.identity for value in vars(model).values())


def _extra(layers: Sequence[Layer], last: Sequence[str]) -> tuple[str, ...]:
    """The layers on which the logits, which the last layers give, do not depend."""
    needed = {index for index, layer in enumerate(layers) if layer.name in last}
    for index in reversed(range(len(layers))):
        if index in needed:
            needed.update(owner for owner, _ in layers[index].feeds or () if owner >= 0)
    return tuple(layer.name for index, layer in enumerate(layers) if index not in needed)
