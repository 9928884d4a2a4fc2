"""What the validator takes for the signatures of flax and jax.numpy is what they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from cnndsl.targets.flax.fragments import fragment
from cnndsl.targets.flax.signature import Signature
from cnndsl.targets.flax.symbolic_carried import HELPER_FUNCTIONS
from cnndsl.targets.flax.symbolic_flax import FACTORIES
from cnndsl.targets.flax.symbolic_functions import JNP_FUNCTIONS, NNX_FUNCTIONS, TensorFunction
from cnndsl.targets.flax.symbolic_kinds import HELPER_KINDS, KINDS

pytestmark = pytest.mark.xla

REAL = {
    **{f"nnx.{name}": (kind.signature, getattr(nnx, name)) for name, kind in KINDS.items()},
    **{
        f"{module.__name__}.{name}": (known.signature, getattr(module, name))
        for module, functions in ((nnx, NNX_FUNCTIONS), (jnp, JNP_FUNCTIONS))
        for name, known in functions.items()
        if isinstance(known, TensorFunction)
    },
}

# What the validator knows under one name, and flax computes by a default of its own.
OURS = {"kernel_init", "promote_dtype", "rngs"}
# What biases and scales start with: a number that every initialiser of that default draws.
STARTS = {"bias_init": 0, "scale_init": 1}


def agree(ours: Signature, real: Callable[..., object], *, named: bool = True) -> None:
    """Our arguments stand at the places of the real ones, and have their defaults."""
    function = real.__init__ if isinstance(real, type) else real
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    by_place = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    by_name = {p.name: p for p in parameters}
    assert len(ours.positional) <= len(by_place)
    for name, parameter in zip(ours.positional, by_place, strict=False):
        assert not named or parameter.name == name
        by_name[name] = parameter
    for name in ours.required:
        assert by_name[name].default is inspect.Parameter.empty
    for name, default in ours.defaults.items():
        if name in STARTS:
            drawn = by_name[name].default(jax.random.key(0), (3,), jnp.float32)
            assert (drawn == STARTS[name]).all(), name
        elif name not in OURS:
            assert by_name[name].default == default, name


@pytest.mark.parametrize("name", REAL)
def test_signatures_of_flax(name):
    ours, real = REAL[name]
    agree(ours, real)


@pytest.mark.parametrize("name", HELPER_KINDS | HELPER_FUNCTIONS)
def test_signatures_of_what_modules_carry(name):
    known = (HELPER_KINDS | HELPER_FUNCTIONS)[name]
    scope = {"jax": SimpleNamespace(Array=None), "nnx": nnx, "jnp": jnp}
    names = {n: object for n in fragment(name).imports - scope.keys()}
    exec(fragment(name).text, {**scope, **names}, scope)
    agree(known.signature, scope[fragment(name).defines], named=False)


@pytest.mark.parametrize("name", FACTORIES)
def test_initialisers_are_jaxs(name):
    real = getattr(nnx.initializers, name)
    same = FACTORIES[name]
    assert real is getattr(
        nnx.initializers, {"zeros": "zeros_init", "ones": "ones_init"}.get(same, same)
    )
    parameters = inspect.signature(real).parameters.values()
    assert all(p.default is not inspect.Parameter.empty for p in parameters)
