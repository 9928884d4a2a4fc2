"""The tables of recipes against the installed optax: names, arguments, order and defaults."""

from __future__ import annotations

import inspect

import optax
import pytest

from cnndsl.recipes.tables import AUGMENTATIONS, CALLS, LOSSES, OPTIMIZERS
from cnndsl.targets.flax.fragments import fragment

pytestmark = pytest.mark.xla

# Arguments that no recipe sets: the schedule's, types of state, and what masks decay.
LEFT_OUT = {"learning_rate", "mu_dtype", "accumulator_dtype", "mask", "weight_decay_mask"}
LEFT_OUT |= {"trust_ratio_mask"}


def of_optax(name: str) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(getattr(optax, name)).parameters
    return {n: p for n, p in parameters.items() if n not in LEFT_OUT}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_has_the_arguments_of_optax(name):
    known = OPTIMIZERS[name].arguments
    theirs = of_optax(name)
    if name == "novograd":  # which decays all parameters, or none
        theirs.pop("weight_decay")
    assert list(known) == list(theirs)
    for argument, parameter in theirs.items():
        assert known[argument].default == parameter.default, argument
        assert type(known[argument].default) is type(parameter.default), argument


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_default_is_a_value_that_the_table_accepts(name):
    for argument in OPTIMIZERS[name].arguments.values():
        assert argument.kind.convert(argument.default) == argument.default


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_masks_the_decay_is_an_argument_of_optax(name):
    decay = OPTIMIZERS[name].decay
    assert (decay is not None) == ("weight_decay" in OPTIMIZERS[name].arguments)
    if decay is not None:
        assert decay in inspect.signature(getattr(optax, name)).parameters


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_an_augmentation_has_the_arguments_of_its_definition(name):
    """And their defaults, where the definition has one that is not None."""
    scope: dict[str, object] = {}
    found = fragment(name)
    exec(f"import jax\nimport jax.numpy as jnp\n{found.text}", scope)
    function = scope[found.defines]
    assert callable(function)
    parameters = dict(inspect.signature(function).parameters)
    given = {"images", "labels", "key"}
    assert set(parameters) - given == set(AUGMENTATIONS[name].arguments)
    for argument, known in AUGMENTATIONS[name].arguments.items():
        default = parameters[argument].default
        if known.default is not None and default is not inspect.Parameter.empty:
            assert known.default == default, argument


def test_a_name_means_one_thing():
    names = [name for table in CALLS.values() for name in table]
    assert len(names) == len(set(names))
    assert set(LOSSES) == {"cross_entropy", "binary_cross_entropy", "focal"} | {
        "squared_error",
        "hinge",
    }
