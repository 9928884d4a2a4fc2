"""Generated modules under test: compiled, imported, and compared with the elaborated networks."""

from __future__ import annotations

import inspect
import sys
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from cnndsl.ir import Network
from cnndsl.ops.base import Op
from cnndsl.ops.weighted import Weighted
from cnndsl.pipeline import check_source
from cnndsl.source import Source
from cnndsl.stack import deep_stack
from cnndsl.summary import summarize_network
from cnndsl.targets.flax.names import RESERVED, safe
from cnndsl.walks import layers
from tests.compiled import Text, compile_file, compile_text
from tests.interpreter import interpret
from tests.quick import QUICK

BATCH = 2
TOLERANCE = 1e-3  # of the largest value, for two orders of summation in float32
ROUNDING = 1e-6  # of float32, a few times over

ATTEMPTS = 2000  # to tell equal layers with equal input from each other

# Modules that hold tensors themselves; those below come with the generated code.
LEAVES = (
    *(nnx.Conv, nnx.ConvTranspose, nnx.Linear, nnx.BatchNorm, nnx.LayerNorm, nnx.GroupNorm),
    *(nnx.InstanceNorm, nnx.RMSNorm),
)
HOLDERS = ("WeightNorm", "ScaledWeight", "SpectralNorm")  # of a layer
OWN_LEAVES = (
    *("GlobalResponseNorm", "GlobalResponseNormNd", "SparseConv", "Subsample", "LayerScale"),
    *("PReLU", "Parameter", *HOLDERS),
)


@dataclass(frozen=True)
class Generated(Text):
    """A module as well, imported."""

    module: ModuleType

    def cls(self, network: Network) -> type[nnx.Module]:
        return getattr(self.module, safe(network.name, RESERVED))


def generate(text: str, name: str = "spec.cnn", **options: Any) -> Generated:
    """Compiles a spec that has no mistake, and imports the result."""
    return _imported(compile_text(text, name, **options))


def generate_file(path: Path, **options: Any) -> Generated:
    return _imported(compile_file(path, **options))


def _imported(text: Text) -> Generated:
    return Generated(text.code, text.networks, text.training, imported(text.code))


def imported(code: str) -> ModuleType:
    module = ModuleType("generated_under_test")
    sys.modules[module.__name__] = module  # where nnx looks a class up
    exec(compile(code, "<generated>", "exec"), module.__dict__)
    return module


# --- shapes ---------------------------------------------------------------------------


def check_shapes(generated: Generated, network: Network) -> None:
    """Parameters, state, endpoints and output; nothing is initialised or computed."""
    summary = summarize_network(network)
    check_model(abstract(generated.cls(network)), network, network.name)
    constants = generated.module.NUM_PARAMS, generated.module.INPUT_SHAPE
    several = isinstance(generated.module.NUM_PARAMS, dict)
    count, shape = (c[network.name] if several else c for c in constants)
    assert (count, shape) == (summary.params, summary.inputs or summary.input)


def check_model(model: nnx.Module, network: Network, where: str) -> None:
    """The model has the tensors and the endpoints of the network."""
    graph, state = nnx.split(model)
    own = [layer for layer in layers(network.frame) if layer.first is None]
    held = [(layer.op.params(layer.x.shape), is_frozen(layer.op)) for layer in own]
    wanted = {
        "Param": [tensors for tensors, frozen in held if not frozen],
        "Frozen": [tensors for tensors, frozen in held if frozen],
        "BatchStat": [layer.op.state(layer.x.shape) for layer in own],
    }
    for kind, tensors in wanted.items():
        expected = Counter(tuple(shape) for shapes in tensors for shape in shapes.values())
        assert shapes_of(state, kind) == expected, f"{where}: {kind}"
    summary = summarize_network(network)
    sizes = [tensor.shape for tensor in network.received.values()]
    images = [jax.ShapeDtypeStruct((BATCH, *size), jnp.float32) for size in sizes]
    endpoints = jax.eval_shape(lambda s, *x: nnx.merge(graph, s).endpoints(*x), state, *images)
    logits = jax.eval_shape(lambda s, *x: nnx.merge(graph, s)(*x), state, *images)
    found = {name: value.shape[1:] for name, value in endpoints.items()}
    assert found == summary.endpoints, where
    for name, value in results_of(network, logits).items():
        assert value.shape == (BATCH, *summary.endpoints[name])
        assert value.dtype == jnp.float32


def results_of(network: Network, result: Any) -> dict[str, Any]:
    """What a call of a model gives, by the names of the endpoints that it is."""
    names = network.outputs or ("logits",)
    return {names[0]: result} if len(names) == 1 else {name: result[name] for name in names}


def abstract(cls: type[nnx.Module], **arguments: Any) -> nnx.Module:
    """A model whose tensors have shapes alone, outside training."""
    graph, state = traced(cls, tuple(arguments.items()))
    return nnx.merge(graph, jax.tree.map(lambda shape: shape, state))  # variables of its own


@lru_cache(maxsize=1)  # shapes are looked at, then values are put in
def traced(
    cls: type[nnx.Module], arguments: tuple[tuple[str, Any], ...]
) -> tuple[nnx.GraphDef, nnx.State]:
    with mock.patch.object(nnx.RngStream, "__call__", _uncounted):
        model = nnx.eval_shape(lambda: cls(**dict(arguments), rngs=nnx.Rngs(0)))
    model.eval()
    return nnx.split(model)


def _uncounted(stream: nnx.RngStream) -> jax.Array:
    """A key for what has no values: counting them takes jax the square of the layers."""
    return stream.key[...]


def is_frozen(op: Op) -> bool:
    return isinstance(op, Weighted) and op.frozen


def shapes_of(state: nnx.State, kind: str) -> Counter[tuple[int, ...]]:
    """Those of the variables whose type has a name."""
    held = (variable for _, variable in nnx.to_flat_state(state))
    return Counter(v.get_value().shape for v in held if type(v).__name__ == kind)


# --- arguments ------------------------------------------------------------------------


def check_arguments(generated: Generated, network: Network, text: str) -> None:
    """`Net(width=5)` has the shapes of the network that `--set width=5` elaborates."""
    cls = generated.cls(network)
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        value = changed(parameter.default)
        spelt = name if name in network.arguments else name.removesuffix("_")
        if value is None or spelt not in network.arguments:
            continue
        checked = check_source(Source("spec.cnn", text), overrides={spelt: as_list(value)})
        for elaborated in checked.networks:  # none where the value makes the spec wrong
            if elaborated.name == network.name:
                where = f"{network.name}({name}={value})"
                check_model(abstract(cls, **{name: value}), elaborated, where)


def changed(value: Any) -> Any:
    """Another value of that kind; None where there is none to try."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return value / 2
        case tuple() if value and (first := changed(value[0])) is not None:
            return (first, *value[1:])
    return None


def as_list(value: Any) -> Any:
    return list(map(as_list, value)) if isinstance(value, tuple) else value


# --- values ---------------------------------------------------------------------------


class NotFinite(AssertionError):
    """The numbers of a network overflow, so that its values prove nothing."""


def check_values(
    generated: Generated, network: Network, image: tuple[int, int, int] | None = None
) -> None:
    """Every endpoint, for random images and tensors.

    Where values are large and two of them close, float32 loses what a norm makes of their
    difference: double precision tells this from a mistake.

    Args:
      generated: the module.
      network: one of its networks.
      image: a size other than the spec's, which saves time where the network takes any.
    """
    try:
        check_values_in(np.float32, generated, network, image)
    except NotFinite:
        raise
    except AssertionError:
        with jax.enable_x64(True):
            check_values_in(np.float64, generated, network, image)


def check_values_in(
    dtype: type, generated: Generated, network: Network, image: tuple[int, int, int] | None
) -> None:
    model = initialized(generated.cls(network))
    nnx.update(model, jax.tree.map(lambda p: p.astype(dtype), weights_of(model)))
    sizes = [image or tuple(tensor.shape) for tensor in network.received.values()]
    images = [numbers((1, *size), seed).astype(dtype) for seed, size in enumerate(sizes)]
    results, calls = run(generated.module, model, images, network)
    if not all(np.isfinite(value).all() for value in results.values()):
        raise NotFinite(network.name)
    expected = paired(network, images, calls, results)
    assert results.keys() == expected.keys()
    for name, value in expected.items():
        assert results[name].shape == value.shape, name
        if not np.isfinite(value).all():
            raise NotFinite(name)
        assert deviation(results[name], value) < TOLERANCE, f"{network.name}: {name}"


def paired(
    network: Network, images: list[np.ndarray], calls: list[Called], results: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The endpoints as the network defines them, with the module's tensors.

    Branches that start with layers of one shape get one input: which layer is which shows only
    in the result, so the alternatives are tried until one agrees: in turn one of the first choices
    that were free, and one of the last, which those that end at a layer got wrong.
    """
    attempts: deque[tuple[int, ...]] = deque([()])
    first: AssertionError | None = None
    expected = None
    for number in range(ATTEMPTS):
        if not attempts:
            break
        weights = Weights(calls, attempts.pop() if number % 2 else attempts.popleft())
        try:
            with deep_stack(), np.errstate(all="ignore"):
                found = interpret(network, images, weights)
        except AssertionError as error:
            first = first or error
        else:
            expected = expected or found
            if all(deviation(results[n], v) < TOLERANCE for n, v in found.items()):
                return found
        attempts += weights.alternatives()
    if expected is None:
        assert first is not None
        raise first
    return expected


def run(
    module: ModuleType, model: nnx.Module, images: list[np.ndarray], network: Network
) -> tuple[dict[str, np.ndarray], list[Called]]:
    """The endpoints, and the layers that ran with what they got; in one compilation."""
    graph, state = nnx.split(model)

    def forward(state: nnx.State, images: list[jax.Array]) -> Any:
        model = nnx.merge(graph, state)
        with recorded(module) as calls:
            endpoints = model.endpoints(*images)
        assert network.shared or len({id(leaf) for leaf, _ in calls}) == len(calls), (
            "a layer ran twice"
        )
        return endpoints, [(tensors_of(leaf), x) for leaf, x in calls], model(*images)

    compiled = jax.jit(forward, compiler_options=QUICK)
    endpoints, calls, result = jax.tree.map(np.asarray, compiled(state, images))
    for name, value in results_of(network, result).items():
        same = np.array_equal(value, endpoints[name], equal_nan=True)
        assert same or deviation(value, endpoints[name]) < ROUNDING, name  # compiled apart
    return endpoints, [Called(*call) for call in calls]


def weights_of(model: nnx.Module) -> nnx.State:
    return nnx.state(model, nnx.Not(nnx.RngState))


def initialized(cls: type[nnx.Module]) -> nnx.Module:
    """A model outside training in which no tensor is zero or one, so that each of them matters."""
    model = abstract(cls)
    state = weights_of(model)
    paths = sorted(nnx.to_flat_state(state), key=lambda item: tuple(map(str, item[0])))
    for seed, (path, variable) in enumerate(paths):
        values = numbers(variable.shape, seed)
        if path[-1] in ("kernel",):
            values *= np.sqrt(1.5 / max(np.prod(variable.shape[:-1]), 1))
        elif path[-1] in ("var", "scale"):
            values = 1 + 0.3 * np.tanh(values)
        else:
            values *= 0.3
        variable.set_value(values)
    nnx.update(model, nnx.from_flat_state(paths))
    return model


def numbers(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def tensors_of(leaf: nnx.Module) -> dict[str, jax.Array]:
    """The tensors of one layer by name."""
    state = nnx.to_flat_state(weights_of(leaf))
    return {str(path[-1]): variable.get_value() for path, variable in state}


@dataclass(frozen=True)
class Called:
    """The tensors of a layer of the generated module that ran, and its input."""

    tensors: dict[str, np.ndarray]
    x: np.ndarray

    def fits(self, x: np.ndarray, shapes: dict[str, tuple[int, ...]]) -> bool:
        """Whether it may be the layer with such tensors and this input."""
        own = {name: value.shape for name, value in self.tensors.items()}
        if own != shapes or own.keys() == {"value"}:  # a parameter takes the batch's size alone
            return own == shapes and self.x.shape[0] == x.shape[0]
        return self.x.shape == x.shape and deviation(self.x, x) < TOLERANCE


class Weights:
    """The tensors of the layers that ran, found by their shapes and by their input.

    The order in which branches run is the generator's own business; a layer that runs on a wrong
    tensor is not found. `choices` are the candidates to take where several fit, in order.
    """

    def __init__(self, calls: list[Called], choices: tuple[int, ...]):
        self.calls = list(calls)
        self.given = len(choices)
        self.choices = list(choices)
        self.candidates: list[int] = []  # how many there were for each choice

    def __call__(self, x: np.ndarray, **shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
        shapes = {name: tuple(shape) for name, shape in shapes.items()}
        fitting = [i for i, call in enumerate(self.calls) if call.fits(x, shapes)]
        if not fitting:
            raise AssertionError(f"no layer gets this {x.shape} and holds {shapes}")
        choice = 0
        if len(fitting) > 1:
            if len(self.candidates) == len(self.choices):
                self.choices.append(0)
            choice = self.choices[len(self.candidates)]
            self.candidates.append(len(fitting))
        return self.calls.pop(fitting[choice]).tensors

    def alternatives(self) -> Iterator[tuple[int, ...]]:
        """The choices that differ from these in one that was free."""
        for index in range(self.given, len(self.candidates)):
            for other in range(1, self.candidates[index]):
                yield (*self.choices[:index], other)


def deviation(x: np.ndarray, y: np.ndarray) -> float:
    """The largest difference, as a part of the largest value."""
    return float(np.abs(x - y).max() / (np.abs(y).max() + 1e-3))


@contextmanager
def recorded(module: ModuleType) -> Iterator[list[tuple[nnx.Module, jax.Array]]]:
    """The layers with tensors that are called, and what they get."""
    calls: list[tuple[nnx.Module, jax.Array]] = []

    def watched(cls: type[nnx.Module]) -> Any:
        original = cls.__call__

        def call(self: nnx.Module, x: jax.Array) -> jax.Array:
            calls.append((self, x))
            return original(self, x)

        return mock.patch.object(cls, "__call__", call)

    own = [getattr(module, name, None) for name in OWN_LEAVES]
    with ExitStack() as stack:
        for cls in (*LEAVES, *filter(None, own)):
            stack.enter_context(watched(cls))
        yield calls
