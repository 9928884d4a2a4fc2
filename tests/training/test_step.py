"""The compiled step: every setting of a recipe, and every way to the same numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from cnndsl import zoo
from cnndsl.training import Settings, fit
from cnndsl.training.changes import Changes
from cnndsl.training.create import create
from cnndsl.training.define import choose, define
from cnndsl.training.devices import devices
from cnndsl.training.normalise import Normalise
from cnndsl.training.prepare import prepare, takes_larger
from cnndsl.training.step import Program
from tests.training.conftest import pictures

pytestmark = pytest.mark.xla

EVERYTHING = """\
# Auxiliary heads, batch norm, dropout, moving averages, mixtures of images.
model Everything(classes = 3) {
  input 8x8x1
  stage stem { conv(6, 3, bias = false) -> bn -> relu }
  aux early { global_avg_pool -> dense(classes) }
  stage head { flatten -> dropout(0.1) -> dense(classes) }
  train {
    optimizer sgd(momentum = 0.9, nesterov = true)
    schedule step(peak = 0.1, warmup = 1, at = [20, 30])
    epochs 40
    batch 24
    weight_decay 1e-4
    label_smoothing 0.1
    clip 5.0
    ema 0.9
    augment crop(pad = 1), flip, mixup(0.2)
  }
}
"""


def program(path: str, **changes: object) -> Program:
    """The program of a network on gray images of 8 x 8, in batches of 24, four to an epoch."""
    definition = define(choose(path), 3, Changes(batch=24))
    network = create(definition.build(), 0)
    normalise = Normalise((8, 8, 1), (0.4,), (0.3,))
    made = Program(network, definition.recipe, normalise, 4, devices(), 0)
    return replace(made, **changes)  # type: ignore[arg-type]


def batch(count: int = 24) -> tuple[jax.Array, jax.Array]:
    images, labels = pictures(count)
    return jnp.asarray(images), jnp.asarray(labels)


@pytest.fixture
def everything(folder: Path) -> str:
    (folder / "everything.cnn").write_text(EVERYTHING, encoding="utf-8")
    return "everything.cnn"


def test_all_settings_of_a_recipe_together(everything):
    made = program(everything)
    leaves = made.start()
    before = made.state(leaves)
    assert before.average is not None
    images, labels = batch()
    losses = []
    for _ in range(12):
        leaves, metrics = made.step(leaves, images, labels)
        losses.append(float(metrics.loss))
    assert np.isfinite(losses).all()
    assert min(losses[-3:]) < losses[0]
    state = made.state(leaves)
    assert int(state.step) == 12
    assert state.average is not None
    averaged = jax.tree.leaves(nnx.filter_state(state.average, lambda p, _: "kernel" in p))
    now = jax.tree.leaves(state.params)
    assert len(averaged) == 3
    assert all(np.isfinite(x).all() for x in now)
    network = made.network(leaves)
    kernel = np.asarray(network.stem_conv.kernel[...])  # type: ignore[attr-defined]
    assert any(np.array_equal(kernel, average) for average in averaged)
    assert any(name.startswith("average.stem_norm") for name in made.names)


@pytest.mark.slow
def test_a_run_of_steps_is_as_many_steps(everything):
    made = program(everything)
    images, labels = batch(48)
    order = jnp.asarray(np.random.default_rng(0).permutation(48).reshape(2, 24))
    together, metrics = made.steps_of(made.start(), images, labels, order)
    apart = made.start()
    for row in order:
        apart, last = made.step_of(apart, images, labels, row)
    assert metrics.loss.shape == (2,)
    assert float(metrics.loss[1]) == pytest.approx(float(last.loss), abs=1e-5)
    for name, a, b in zip(made.names, together, apart, strict=True):
        if not jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            np.testing.assert_allclose(a, b, atol=1e-5, err_msg=name)


def test_gradients_in_parts_are_those_of_the_whole(folder):
    spec = "model Plain { input 8x8x1 \n conv(4, 3) -> relu -> flatten -> dense(3) }\n"
    (folder / "plain.cnn").write_text(spec)
    images, labels = batch()
    found = []
    for parts in (1, 3):
        made = program("plain.cnn", accumulate=parts)
        leaves, metrics = made.step(made.start(), images, labels)
        found.append((leaves, metrics))
    (whole, once), (parted, thrice) = found
    np.testing.assert_allclose(once, thrice, atol=1e-6)
    for a, b in zip(whole, parted, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_bfloat16_keeps_parameters_in_float32(folder):
    definition = define(choose("tiny.cnn"), 3, Changes(batch=24))
    network = create(definition.build(dtype=jnp.bfloat16), 0)
    made = program("tiny.cnn", model=network)
    images, labels = batch()
    leaves, metrics = made.step(made.start(), images, labels)
    assert metrics.loss.dtype == jnp.float32
    state = made.state(leaves)
    kinds = {leaf.dtype for leaf in jax.tree.leaves((state.params, state.statistics))}
    assert kinds == {jnp.dtype("float32")}
    text = made.step.lower(made.start(), images, labels).as_text()  # type: ignore[attr-defined]
    assert "bf16" in text


def lines(run: Path) -> list[tuple[float, float]]:
    found = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [(line["step"], line["loss"]) for line in found]


def test_images_that_stream_are_those_that_stay(folder):
    settings = Settings("tiny.cnn", data="kinds.npz", epochs=2, batch=20, rate=0.01)
    fit(settings, folder / "stays")
    fit(replace(settings, memory="stream"), folder / "streams")
    assert lines(folder / "stays") == lines(folder / "streams")


@pytest.mark.slow
def test_images_that_other_processes_read(folder):
    settings = Settings("tiny.cnn", data="kinds.npz", epochs=1, batch=20)
    fit(settings, folder / "stays")
    fit(replace(settings, memory="stream", workers=2), folder / "streams")
    assert lines(folder / "stays") == lines(folder / "streams")


def test_larger_images_are_kept_for_crops_to_choose_from(folder):
    spec = EVERYTHING.replace("crop(pad = 1), flip, mixup(0.2)", "random_resized_crop")
    (folder / "crops.cnn").write_text(spec)
    images, labels = pictures(60, side=32)
    np.savez("large.npz", images=images, labels=labels)
    prepared = prepare(Settings("crops.cnn", data="large.npz", batch=24), devices())
    assert prepared.held_out.images.shape[1:] == (9, 9, 1)  # 8 / 0.875
    assert takes_larger(prepared.definition.recipe, (8, 8, 1))
    leaves = prepared.program.start()
    leaves, metrics = prepared.feed.run(prepared.program, leaves, 0, 1)
    assert np.isfinite(float(metrics[0].loss))
    prepared = prepare(Settings("tiny.cnn", data="large.npz", batch=24), devices())
    assert prepared.held_out.images.shape[1:] == (8, 8, 1)


def test_an_epoch_override_stretches_the_schedule(everything):
    recipe = define(choose(everything), 3, Changes(epochs=4, rate=0.5)).recipe
    rates = recipe.schedule(100)
    at = [round(float(jnp.asarray(rates(step))), 6) for step in (5, 50, 199, 201, 301)]
    assert recipe.EPOCHS == 4
    assert at == [0.25, 0.5, 0.5, 0.05, 0.005]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ResNet20", "MobileNetV2"])
def test_a_network_made_at_once_is_as_one_made_layer_by_layer(name):
    at_once = create(lambda rngs: zoo.create(name, rngs=rngs), 0)
    again = create(lambda rngs: zoo.create(name, rngs=rngs), 0)
    usual = zoo.create(name, rngs=nnx.Rngs(1))
    pairs = zip(
        *(nnx.to_flat_state(nnx.state(m, nnx.Param)) for m in (at_once, again, usual)), strict=True
    )
    for (path, a), (_, same), (_, b) in pairs:
        x, y = np.asarray(a.get_value()), np.asarray(b.get_value())
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        np.testing.assert_array_equal(x, np.asarray(same.get_value()))
        if x.size < 4000:
            continue
        assert x.std() == pytest.approx(y.std(), rel=0.1), path
        assert abs(x).max() == pytest.approx(abs(y).max(), rel=0.1), path
