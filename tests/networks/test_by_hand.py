"""Generated modules compute what an expert's do, for networks that the compiler was not grown for.

The layers of both are paired while the network by hand runs: a layer's partner is the one of equal
shapes that got the same input, the first in order where several did. A wrong guess among those
leaves a later layer without a partner, and is taken back.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import cnndsl

pytestmark = [pytest.mark.xla, pytest.mark.slow]

HERE = Path(__file__).parent
BATCH = 2
TOLERANCE = 1e-4  # of the largest value
ATTEMPTS = 100  # to tell equal layers with equal input from each other

# The model of each spec, the parameters that make it quick, and the image's size.
CASES: Mapping[str, tuple[str, dict[str, int], tuple[int, int, int]]] = {
    "attention": ("AttentionNet", {}, (32, 32, 3)),
    "cspdarknet": ("CSPDarknet53", {"size": 96}, (96, 96, 3)),
    "dpn": ("DPN68", {"size": 64}, (64, 64, 3)),
    "fcn": ("FCN16", {"size": 64}, (64, 64, 3)),
    "fpn": ("FPN50", {"height": 104, "width": 160}, (104, 160, 3)),
    "fractalnet": ("FractalNet40", {}, (32, 32, 3)),
    "hourglass": ("Hourglass2", {"size": 64}, (64, 64, 3)),
    "hrnet": ("HRNetW18Small", {"size": 64}, (64, 64, 3)),
    "mobilenet_v3": ("MobileNetV3Large", {"size": 64}, (64, 64, 3)),
    "poolformer": ("PoolFormerS12", {"size": 64}, (64, 64, 3)),
    "res2net": ("Res2Net50", {"size": 64}, (64, 64, 3)),
    "sknet": ("SKNet50", {"size": 64}, (64, 64, 3)),
    "unet": ("UNet", {"size": 188}, (188, 188, 1)),
    "unetpp": ("UNetPP", {"size": 32}, (32, 32, 3)),
    "wavenet": ("WaveNet", {"samples": 1536}, (1, 1536, 256)),
}


class Network(Protocol):
    """Either of the two networks: (N, H, W, C) to its logits."""

    def __call__(self, x: jax.Array) -> jax.Array: ...


class Unpaired(Exception):
    """A layer whose shapes and input no layer of the other network has."""


@dataclass(frozen=True)
class Call:
    """What a layer got when it ran."""

    layer: nnx.Module
    x: jax.Array


@dataclass
class Guesses:
    """Which of several partners to take: those of `path`, then the first each time."""

    path: list[int] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)  # how many there were, so far in this run

    def take(self, among: int) -> int:
        step = len(self.widths)
        self.widths.append(among)
        return self.path[step] if step < len(self.path) else 0

    def following(self) -> Guesses | None:
        """The guesses with the last one that can change changed; None after all of them."""
        path = self.path + [0] * (len(self.widths) - len(self.path))
        while path:
            last = path.pop()
            if last + 1 < self.widths[len(path)]:
                return Guesses([*path, last + 1])
        return None


def variables(module: nnx.Module) -> dict[str, nnx.Variable[jax.Array]]:
    """The parameters and the statistics that a module holds itself, by attribute."""
    kinds = (nnx.Param, nnx.BatchStat)
    return {name: value for name, value in vars(module).items() if isinstance(value, kinds)}


def leaves(model: nnx.Module) -> list[nnx.Module]:
    return [module for _, module in nnx.iter_modules(model) if variables(module)]


def parameters(model: nnx.Module) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))


def shape_of(model: Callable[..., Network]) -> Network:
    """A network for inference whose parameters have no values yet: to draw them is slow."""
    made = nnx.eval_shape(lambda: model(rngs=nnx.Rngs(0)))
    made.eval()
    return made


def fill(model: nnx.Module, rng: np.random.Generator) -> None:
    """Random kernels that keep the values' size; vectors from 1/2 to 3/2, fit for a variance."""
    for leaf in leaves(model):
        for variable in variables(leaf).values():
            shape = variable.shape
            if len(shape) > 1:
                value = rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))
            else:
                value = rng.uniform(0.5, 1.5, size=shape)
            variable.set_value(jnp.asarray(value, variable.dtype))


@contextmanager
def watched(model: nnx.Module, before: Callable[[nnx.Module, jax.Array], None]) -> Iterator[None]:
    """Calls `before` with every layer that holds parameters and its input, before it runs."""

    def patched(original: Callable[[nnx.Module, jax.Array], jax.Array]) -> object:
        def call(self: nnx.Module, x: jax.Array) -> jax.Array:
            before(self, x)
            return original(self, x)

        return call

    with ExitStack() as stack:
        for kind in {type(leaf) for leaf in leaves(model)}:
            stack.enter_context(mock.patch.object(kind, "__call__", patched(kind.__call__)))
        yield


def difference(x: jax.Array, y: jax.Array) -> float:
    """The largest one, as a part of the largest value."""
    ours, theirs = np.asarray(x), np.asarray(y)
    return float(np.abs(ours - theirs).max() / np.abs(ours).max())


def close(x: jax.Array, y: jax.Array) -> bool:
    return x.shape == y.shape and difference(x, y) <= TOLERANCE


def shapes(layer: nnx.Module) -> list[tuple[str, tuple[int, ...]]]:
    return sorted((type(v).__name__, v.shape) for v in variables(layer).values())


def copy(source: nnx.Module, target: nnx.Module) -> None:
    """Copies by name; a lone parameter needs none."""
    ours, theirs = variables(target), variables(source)
    if len(ours) == 1:
        ours, theirs = ({"": next(iter(named.values()))} for named in (ours, theirs))
    assert ours.keys() == theirs.keys(), f"{type(source)} and {type(target)} name them differently"
    for name, variable in ours.items():
        variable.set_value(theirs[name].get_value())


def record(model: Network, x: jax.Array) -> tuple[list[Call], jax.Array]:
    """Every call of a layer, in order, and the logits."""
    calls: list[Call] = []
    with watched(model, lambda layer, x: calls.append(Call(layer, x))):
        logits = model(x)
    return calls, logits


def run_paired(calls: list[Call], by_hand: Network, x: jax.Array, guesses: Guesses) -> jax.Array:
    """The logits by hand, each layer having got its partner's parameters before it ran.

    Raises:
      Unpaired: if a layer has no partner, or is left without one.
    """
    left = list(calls)

    def adopt(layer: nnx.Module, x: jax.Array) -> None:
        wanted = shapes(layer)
        partners = [c for c in left if shapes(c.layer) == wanted and close(c.x, x)]
        if not partners:
            raise Unpaired(
                f"nothing like {type(layer).__name__} {wanted} gets what it does by hand"
            )
        partner = partners[guesses.take(len(partners)) if len(partners) > 1 else 0]
        left.remove(partner)
        copy(partner.layer, layer)

    with watched(by_hand, adopt):
        logits = by_hand(x)
    if left:
        raise Unpaired(f"by hand there is nothing like {shapes(left[0].layer)}")
    return logits


def matched(calls: list[Call], by_hand: Network, x: jax.Array, expected: jax.Array) -> None:
    """Asserts that some pairing gives the logits."""
    guesses: Guesses | None = Guesses()
    failures: list[str] = []
    while guesses is not None and len(failures) < ATTEMPTS:
        try:
            logits = run_paired(calls, by_hand, x, guesses)
        except Unpaired as error:
            failures.append(str(error))
        else:
            if close(expected, logits):
                return
            off = f"{difference(expected, logits):.1e}"
            failures.append(f"every layer has a partner, but the logits are {off} off")
        guesses = guesses.following()
    pytest.fail(f"no pairing in {len(failures)} fits; the first one: {failures[0]}")


@pytest.mark.parametrize("name", CASES)
def test_computes_what_the_network_by_hand_does(name: str) -> None:
    model, settings, size = CASES[name]
    generated = shape_of(getattr(cnndsl.load(HERE / f"{name}.cnn", set=settings), model))
    module = importlib.import_module(f"tests.networks.by_hand.{name}")
    by_hand = shape_of(getattr(module, model))
    assert parameters(generated) == parameters(by_hand)

    rng = np.random.default_rng(0)
    fill(generated, rng)
    x = jnp.asarray(rng.normal(size=(BATCH, *size)), jnp.float32)
    calls, expected = record(generated, x)
    assert bool(jnp.isfinite(expected).all())
    assert float(expected.std()) > 0
    matched(calls, by_hand, x, expected)
