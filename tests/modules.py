"""Generated modules under test: compiled, imported, and compared with the elaborated networks."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from ruff import find_ruff_bin

from cnndsl.elaborate.models import deep_stack
from cnndsl.ir import Network, layers
from cnndsl.pipeline import check_source, compile_checked
from cnndsl.source import Source
from cnndsl.summary import summarize_network
from cnndsl.targets.flax.names import RESERVED, safe
from tests.interpreter import interpret

ROOT = Path(__file__).parents[1]
SPECS = ROOT / "specs"
GENERATED = ROOT / "generated"
BATCH = 2

# Modules that hold tensors themselves; those below come with the generated code.
LEAVES = (nnx.Conv, nnx.ConvTranspose, nnx.Linear, nnx.BatchNorm, nnx.LayerNorm, nnx.GroupNorm)
OWN_LEAVES = ("SparseConv", "Subsample", "LayerScale", "PReLU")

# What the tensors of flax's layers are called in the language.
KINDS = {"scale": nnx.Param, "bias": nnx.Param, "mean": nnx.BatchStat, "var": nnx.BatchStat}


@dataclass(frozen=True)
class Generated:
    """The module of a spec, its text, and the networks that it has to equal."""

    code: str
    module: ModuleType
    networks: tuple[Network, ...]

    def cls(self, network: Network) -> type[nnx.Module]:
        return getattr(self.module, safe(network.name, RESERVED))


def generate(
    text: str, name: str = "spec.cnn", set: Mapping[str, Any] | None = None, **options: Any
) -> Generated:
    """Compiles a spec that has no mistake, and imports the result."""
    checked = check_source(Source(name, text), overrides=dict(set or {}))
    assert not checked.diagnostics, [d.title for d in checked.diagnostics]
    code = compile_checked(checked, dict(set or {}), **options).code
    assert code is not None
    return Generated(code, imported(code), checked.networks)


def generate_file(path: Path, **options: Any) -> Generated:
    return generate(path.read_text(encoding="utf-8"), path.name, **options)


def imported(code: str) -> ModuleType:
    module = ModuleType("generated_under_test")
    sys.modules[module.__name__] = module  # where nnx looks a class up
    exec(compile(code, "<generated>", "exec"), module.__dict__)
    return module


# --- text -----------------------------------------------------------------------------


def lint(code: str) -> None:
    """The code is as ruff would have written it in a user's own project."""
    rules = ("--extend-select", "B,I,SIM,UP", "--target-version", "py311")
    for command in (("check", "--quiet", *rules), ("format", "--check", "--diff")):
        done = subprocess.run(
            [find_ruff_bin(), *command, "--isolated", "--stdin-filename", "module.py", "-"],
            input=code,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


# --- shapes ---------------------------------------------------------------------------


def check_shapes(generated: Generated, network: Network) -> None:
    """Parameters, state, endpoints and output; nothing is initialised or computed."""
    summary = summarize_network(network)
    model = abstract(generated.cls(network))
    graph, state = nnx.split(model)
    wanted = [(la.op.params(la.x.shape), la.op.state(la.x.shape)) for la in layers(network.frame)]
    for kind, index in ((nnx.Param, 0), (nnx.BatchStat, 1)):
        expected = Counter(tuple(s) for tensors in wanted for s in tensors[index].values())
        assert shapes_of(state, kind) == expected, f"{network.name}: {kind.__name__}"
    several = isinstance(generated.module.NUM_PARAMS, dict)
    constants = generated.module.NUM_PARAMS, generated.module.INPUT_SHAPE
    count, shape = (c[network.name] if several else c for c in constants)
    assert (count, shape) == (summary.params, summary.input)

    images = jax.ShapeDtypeStruct((BATCH, *summary.input), jnp.float32)
    endpoints = jax.eval_shape(lambda s, x: nnx.merge(graph, s).endpoints(x), state, images)
    logits = jax.eval_shape(lambda s, x: nnx.merge(graph, s)(x), state, images)
    assert {name: value.shape[1:] for name, value in endpoints.items()} == {
        **summary.endpoints,
        "logits": summary.output,
    }
    assert logits.shape == (BATCH, *summary.output)
    assert logits.dtype == jnp.float32


def abstract(cls: type[nnx.Module], **arguments: Any) -> nnx.Module:
    """A model whose tensors have shapes alone, outside training."""
    model = nnx.eval_shape(lambda: cls(**arguments, rngs=nnx.Rngs(0)))
    model.eval()
    return model


def shapes_of(state: nnx.State, kind: type[nnx.Variable]) -> Counter[tuple[int, ...]]:
    return Counter(value.shape for value in jax.tree.leaves(nnx.filter_state(state, kind)))


# --- values ---------------------------------------------------------------------------


def check_values(generated: Generated, network: Network, image: tuple[int, ...] | None = None):
    """Every endpoint, for random images and tensors; `image` is a size other than the spec's."""
    summary = summarize_network(network)
    model = initialized(generated.cls(network))
    images = jnp.asarray(numbers((1, *(image or summary.input)), 0))
    with recorded(generated.module) as calls:
        results = model.endpoints(images)
    assert len({id(leaf) for leaf in calls}) == len(calls), "a layer ran twice"
    tensors = [tensors_of(leaf) for leaf in calls]
    held = sum(value.size for leaf in tensors for value in leaf.values())
    assert held == sum(v.size for v in jax.tree.leaves(weights_of(model))), "a layer never ran"
    weights = iter(tensors)
    with deep_stack():
        expected = interpret(network, images, weights)
    assert next(weights, None) is None
    assert results.keys() == expected.keys()
    for name, value in expected.items():
        assert results[name].shape == value.shape, name
        scale = float(jnp.abs(value).max()) + 1e-3
        assert np.isfinite(scale), f"{name} is not finite"
        worst = float(jnp.abs(results[name] - value).max()) / scale
        assert worst < 1e-3, f"{network.name}: {name} differs by {worst:.1e}"
    assert jnp.array_equal(model(images), results["logits"])


def weights_of(model: nnx.Module) -> nnx.State:
    return nnx.state(model, nnx.Any(nnx.Param, nnx.BatchStat))


def initialized(cls: type[nnx.Module]) -> nnx.Module:
    """A model outside training in which no tensor is zero or one, so that each of them matters."""
    model = abstract(cls, rngs_free=None) if False else abstract(cls)
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
        variable.set_value(jnp.asarray(values))
    nnx.update(model, nnx.from_flat_state(paths))
    return model


def numbers(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def tensors_of(leaf: nnx.Module) -> dict[str, jax.Array]:
    """The tensors of one layer by name."""
    state = nnx.to_flat_state(weights_of(leaf))
    return {str(path[-1]): variable.get_value() for path, variable in state}


@contextmanager
def recorded(module: ModuleType) -> Iterator[list[nnx.Module]]:
    """The layers with tensors that are called, in order."""
    calls: list[nnx.Module] = []

    def watched(cls: type[nnx.Module]) -> Any:
        original = cls.__call__

        def call(self: nnx.Module, *args: Any, **kwargs: Any) -> Any:
            if tensors_of(self):  # a norm may have neither scale nor bias
                calls.append(self)
            return original(self, *args, **kwargs)

        return mock.patch.object(cls, "__call__", call)

    own = [getattr(module, name) for name in OWN_LEAVES if isinstance(getattr(module, name, 0), type)]
    with ExitStack() as stack:
        for cls in (*LEAVES, *own):
            stack.enter_context(watched(cls))
        yield calls
