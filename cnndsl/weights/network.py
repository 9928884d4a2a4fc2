"""The layers of a Flax NNX network, in the order in which they run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar, runtime_checkable

import jax
import jax.numpy as jnp
from flax import nnx

from cnndsl.weights.errors import WeightsError
from cnndsl.weights.layer import Layer, Shape, Tensor
from cnndsl.weights.trace import in_order, trace

Path = tuple[object, ...]
Model = TypeVar("Model", bound=nnx.Module)


@runtime_checkable
class Backbone(Protocol):
    """What can be followed layer by layer, as every generated network can."""

    def endpoints(self, x: jax.Array, /) -> Mapping[str, jax.Array]: ...


def weights_of(model: nnx.Module) -> dict[Path, nnx.Variable[jax.Array]]:
    """Parameters and batch statistics by path; the state of seeds is not among them."""
    return {
        path: variable
        for path, variable in nnx.to_flat_state(nnx.state(model))
        if isinstance(variable, nnx.Param | nnx.BatchStat)
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
            shape = shape.get(type(model).__name__)
        if shape is not None:
            return tuple(shape)
    raise WeightsError(
        f"{type(model).__name__} does not say which images it takes",
        "use a generated network: its module has an INPUT_SHAPE",
    )


def abstract(cls: Callable[..., Model], **arguments: object) -> Model:
    """A network whose weights are shapes, to be filled; what draws numbers has its seed."""
    model = nnx.eval_shape(lambda: cls(**arguments, rngs=nnx.Rngs(0)))
    for _, variable in nnx.to_flat_state(nnx.state(model)):
        if isinstance(variable, nnx.RngKey):
            variable.set_value(jax.random.key(0))
        elif isinstance(variable, nnx.RngCount):
            variable.set_value(jnp.uint32(0))
    return model


def initialised(cls: Callable[..., Model], **arguments: object) -> Model:
    """A network with the weights that training would start from, made in one program."""
    return nnx.jit(lambda: cls(**arguments, rngs=nnx.Rngs(0)))()


def layers_of(model: nnx.Module, shape: Shape | None = None) -> list[Layer]:
    """The layers with weights in the order of execution, each with the layers that feed it.

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
    for path, variable in flat:
        if not isinstance(variable, nnx.Param | nnx.BatchStat):
            owners.append(None)
            continue
        name = dotted(path[:-1])
        tensor = Tensor(dotted(path), tuple(variable.get_value().shape))
        grouped.setdefault(name, {})[str(path[-1])] = tensor
        owners.append(indices.setdefault(name, len(indices)))
    layers = [Layer(name, tensors) for name, tensors in grouped.items()]
    values = [variable.get_value() for _, variable in flat]

    def run(values: list[jax.Array], image: jax.Array) -> Mapping[str, jax.Array]:
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
        return network.endpoints(image)

    image = jax.ShapeDtypeStruct((1, *(shape or image_shape(model))), jnp.float32)
    return in_order(layers, trace(run, values, owners, image))
