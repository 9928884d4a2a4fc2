"""What optimizers of recipes do to parameters: decay of kernels alone, clipping, averages."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from cnndsl.recipes.tables import OPTIMIZERS
from cnndsl.training.create import create
from tests.modules import QUICK
from tests.recipes.compiled import network, text_of, trainer, trainer_of

pytestmark = pytest.mark.xla

# Every op whose parameters are no kernels: biases, scales, slopes, factors, coefficients.
BODY = """conv(4, 3) -> bn -> prelu
  conv(4, 3, connect = [[0, 1], [1], [2, 3], [0]]) -> layer_scale(0.5) -> subsample(2)
  depthwise(3) -> group_norm(2) -> layer_norm -> relu
  global_avg_pool -> dense(classes)"""


@cache
def model() -> nnx.Module:
    """A convolution, a batch norm, a dense layer."""
    module = network(text_of())
    return create(lambda rngs: module.Net(rngs=rngs), 0)


@cache
def with_everything() -> nnx.Module:
    module = network(text_of(body=BODY))
    return create(lambda rngs: module.Net(rngs=rngs), 0)


def flat(state: nnx.State) -> dict[tuple[object, ...], jax.Array]:
    return {tuple(path): value for path, value in nnx.to_flat_state(nnx.as_pure(state))}


def without_gradients(recipe: ModuleType, model: nnx.Module) -> dict[tuple[object, ...], jax.Array]:
    """The updates of a step without gradients: what is left of them is the decay."""
    params = nnx.as_pure(nnx.state(model, nnx.Param))
    tx = recipe.optimizer(1, model)

    def step(params: nnx.State) -> nnx.State:
        return tx.update(jax.tree.map(jnp.zeros_like, params), tx.init(params), params)[0]

    return flat(jax.jit(step, compiler_options=QUICK)(params))


def test_kernels_decay_and_nothing_else_does():
    params = flat(nnx.state(with_everything(), nnx.Param))
    updates = without_gradients(trainer("weight_decay 0.01"), with_everything())
    kernels = {path for path in params if path[-1] == "kernel"}
    assert len(kernels) == 4 and len(params) > 12
    for path, value in params.items():
        expected = -0.1 * 0.01 * value if path in kernels else jnp.zeros_like(value)
        np.testing.assert_allclose(updates[path], expected, rtol=1e-5, err_msg=str(path))


@pytest.mark.parametrize("name", [n for n, d in OPTIMIZERS.items() if d.decay])
def test_an_optimizer_that_decays_itself_decays_kernels(name):
    params = flat(nnx.state(model(), nnx.Param))
    updates = without_gradients(trainer("weight_decay 0.01\n  ema 0.5", optimizer=name), model())
    moved = {path for path, update in updates.items() if np.any(update != 0)}
    assert moved == {path for path in params if path[-1] == "kernel"}


def test_adamw_decays_as_its_argument_or_the_setting_says():
    by_setting = without_gradients(trainer("weight_decay 0.01", optimizer="adamw"), model())
    by_argument = without_gradients(trainer(optimizer="adamw(weight_decay = 0.01)"), model())
    default = without_gradients(trainer(optimizer="adamw"), model())
    none = without_gradients(trainer("weight_decay 0", optimizer="adamw"), model())
    for path, value in flat(nnx.state(model(), nnx.Param)).items():
        if path[-1] != "kernel":
            continue
        np.testing.assert_allclose(by_setting[path], -0.001 * value, rtol=1e-5)
        np.testing.assert_allclose(by_argument[path], by_setting[path], rtol=1e-6)
        np.testing.assert_allclose(default[path], -1e-5 * value, rtol=1e-5)
        assert np.all(none[path] == 0)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_is_that_of_optax(name):
    """With the schedule's rate and nothing else said, two steps give what optax's own gives."""
    recipe = trainer(optimizer=name, schedule="exponential(0.01, factor = 0.5)")
    params = nnx.as_pure(nnx.state(model(), nnx.Param))
    grads = jax.tree.map(lambda p: 0.01 + jnp.sin(p), params)
    decay = OPTIMIZERS[name].decay
    kernels = jax.tree.map(lambda p: p.ndim > 1, params)
    masks = {decay: kernels} if decay and OPTIMIZERS[name].arguments["weight_decay"].default else {}
    masks |= {"trust_ratio_mask": kernels} if name == "lars" else {}
    theirs = getattr(optax, name)(optax.exponential_decay(0.01, 1, 0.5), **masks)
    results = []
    for tx in (recipe.optimizer(1, model()), theirs):

        def steps(params: nnx.State, tx: optax.GradientTransformation = tx) -> nnx.State:
            state = tx.init(params)
            for _ in range(2):
                updates, state = tx.update(grads, state, params)
                params = optax.apply_updates(params, updates)
            return params

        results.append(jax.jit(steps, compiler_options=QUICK)(params))
    for ours, expected in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-7)


def test_arguments_reach_the_optimizer():
    recipe = trainer(optimizer="rmsprop(0.8, 1e-3, 1, momentum = 0.5, nesterov = true)")
    tx = recipe.optimizer(1, model())
    theirs = optax.rmsprop(0.1, 0.8, 1e-3, 1.0, momentum=0.5, nesterov=True)
    params = {"kernel": jnp.ones((2, 2))}
    grads = {"kernel": jnp.full((2, 2), 0.3)}
    ours, _ = tx.update(grads, tx.init(params), params)
    expected, _ = theirs.update(grads, theirs.init(params), params)
    np.testing.assert_allclose(ours["kernel"], expected["kernel"], rtol=1e-6)


def test_gradients_are_clipped_together_and_before_the_decay():
    recipe = trainer("clip 2", "weight_decay 0.01")
    params = nnx.as_pure(nnx.state(model(), nnx.Param))
    grads = jax.tree.map(jnp.ones_like, params)
    tx = recipe.optimizer(1, model())
    updates, _ = tx.update(grads, tx.init(params), params)
    norm = np.sqrt(sum(p.size for p in jax.tree.leaves(params)))
    for (path, update), value in zip(flat(updates).items(), flat(params).values(), strict=True):
        decay = 0.01 * value if path[-1] == "kernel" else 0
        np.testing.assert_allclose(update, -0.1 * (2 / norm + decay), rtol=1e-4)


RATED = """
  stage stem { conv(4, 3) -> bn -> relu }
  for c in [4, 8] { stage layer { residual(c) * 2 } }
  stage last { separable(8, 3) }
  stage head { global_avg_pool -> dense(classes) }"""
RESIDUAL = "block residual(c) { add [ in, { conv(in.channels, 3) -> bn } ] -> conv(c, 1) }\n"


@pytest.mark.parametrize("rule", ["sgd(momentum = 0.9)", "adamw(weight_decay = 0.1)"])
def test_stages_learn_at_their_own_rates(rule):
    factors = {"stem": 0.0, "layer.0": 0.25, "layer.1": 1.0, "last": 0.5, "head": 2.0}
    plain = RESIDUAL + text_of(body=RATED, optimizer=rule)
    said = "rates stem(0), layer1(0.25), last(1 / 2), head(2)"
    rated = RESIDUAL + text_of(said, body=RATED, optimizer=rule)
    module = network(plain)
    model = create(lambda rngs: module.Net(rngs=rngs), 0)
    params = nnx.as_pure(nnx.state(model, nnx.Param))
    grads = jax.tree.map(jnp.ones_like, params)

    def steps(params: nnx.State, recipe: ModuleType) -> nnx.State:
        tx = recipe.optimizer(1, model)
        state = tx.init(params)
        _, state = tx.update(grads, state, params)
        return tx.update(grads, state, params)[0]

    run = jax.jit(steps, static_argnums=1, compiler_options=QUICK)
    want, got = (flat(run(params, trainer_of(text))) for text in (plain, rated))
    seen = set()
    for path, value in want.items():
        stage = next(s for s in factors if ".".join(map(str, path)).startswith(s))
        seen.add(stage)
        np.testing.assert_allclose(got[path], factors[stage] * value, rtol=1e-6, err_msg=str(path))
    assert seen == factors.keys()


def test_it_serves_flax_and_the_pure_state_alike():
    text = text_of("weight_decay 0.01", optimizer="sgd(momentum = 0.9)")
    recipe, module = trainer_of(text), network(text)
    images = jax.random.uniform(jax.random.key(0), (4, 8, 8, 3))
    labels = jnp.arange(4)
    ours = module.Net(rngs=nnx.Rngs(0))
    ours.eval()
    optimizer = nnx.Optimizer(ours, recipe.optimizer(5, ours), wrt=nnx.Param)
    graph, params, rest = nnx.split(ours, nnx.Param, ...)
    params, rest = nnx.as_pure(params), nnx.as_pure(rest)
    tx = recipe.optimizer(5, ours)

    @nnx.jit
    def of_flax(model: nnx.Module, optimizer: nnx.Optimizer) -> None:
        grads = nnx.grad(lambda model: recipe.loss(model, images, labels)[0])(model)
        optimizer.update(model, grads)

    @jax.jit
    def of_state(params: nnx.State, state: optax.OptState) -> tuple[nnx.State, optax.OptState]:
        def mean_loss(params: nnx.State) -> jax.Array:
            return recipe.loss(nnx.merge(graph, params, rest), images, labels)[0]

        updates, state = tx.update(jax.grad(mean_loss)(params), state, params)
        return optax.apply_updates(params, updates), state

    state = tx.init(params)
    for _ in range(2):
        of_flax(ours, optimizer)
        params, state = of_state(params, state)
    expected = flat(params)
    for path, value in flat(nnx.state(ours, nnx.Param)).items():
        np.testing.assert_allclose(value, expected[path], rtol=1e-4, atol=1e-6)


# --- averages -------------------------------------------------------------------------


def test_a_recipe_without_averages_has_none():
    recipe = trainer()
    assert recipe.EMA_DECAY is None
    assert not hasattr(recipe, "average")


def test_averages_forget_where_they_began_and_then_move_as_the_recipe_says():
    recipe = trainer("ema 0.9")
    assert recipe.EMA_DECAY == 0.9
    values = np.random.default_rng(0).normal(size=200)
    average, expected = {"p": jnp.asarray(100.0)}, 100.0
    for step, value in enumerate(values):
        params = {"p": jnp.asarray(value)}
        average = recipe.average(average, params, jnp.asarray(step), recipe.EMA_DECAY)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    np.testing.assert_allclose(average["p"], expected, rtol=1e-4)
    assert abs(expected) < 1
