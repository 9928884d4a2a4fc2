"""What augmentations do to images and labels: by hand, by their properties, under jit, by key."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.modules import QUICK
from tests.recipes.compiled import trainer

pytestmark = pytest.mark.xla

N = 32
KEY = jax.random.key(3)


def images(height: int = 6, width: int = 8, channels: int = 3) -> np.ndarray:
    """Bytes that are all different, as far as there are so many."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (N, height, width, channels), np.uint8)


LABELS = np.arange(N) % 10


@cache
def compiled(names: str, shape: str):
    return jax.jit(trainer(f"augment {names}", input=shape).augment, compiler_options=QUICK)


def augmented(*names: str, batch: np.ndarray | None = None, key: jax.Array = KEY):
    batch = images() if batch is None else batch
    function = compiled(", ".join(names), "x".join(map(str, batch.shape[1:])))
    found, labels = function(jnp.asarray(batch), jnp.asarray(LABELS), key)
    return np.asarray(found), np.asarray(labels)


EVERY = {
    "crop(2)": (6, 8),
    "crop(2, reflect = true)": (6, 8),
    "crop(size = [4, 5])": (4, 5),
    "crop(1, [4, 5])": (4, 5),
    "random_resized_crop": (6, 8),
    "random_resized_crop(4)": (4, 4),
    "flip": (6, 8),
    "vertical_flip": (6, 8),
    "color_jitter(0.4, 0.4, 0.4, 0.1)": (6, 8),
    "pca_noise": (6, 8),
    "cutout(3)": (6, 8),
    "mixup(1)": (6, 8),
    "cutmix": (6, 8),
    "mixup(1), cutmix": (6, 8),
    "crop(2), flip, cutout(2)": (6, 8),
}


@pytest.mark.parametrize("name", EVERY)
def test_bytes_become_floats_of_the_size_that_the_recipe_says(name):
    found, labels = augmented(name)
    assert found.shape == (N, *EVERY[name], 3)
    assert found.dtype == np.float32
    if "pca" not in name:
        assert found.min() >= 0 and found.max() <= 1 + 1e-6
    assert labels.shape == ((N, 10) if "mix" in name else (N,))


@pytest.mark.parametrize("name", EVERY)
def test_a_key_decides_everything(name):
    first, again = augmented(name)[0], augmented(name)[0]
    np.testing.assert_array_equal(first, again)
    other, _ = augmented(name, key=jax.random.key(4))
    assert (first != other).any()


@pytest.mark.parametrize("name", ["crop(2), flip, cutout(2)", "random_resized_crop", "cutmix"])
def test_jit_changes_nothing(name):
    recipe = trainer(f"augment {name}", input="6x8x3")
    plain, labels = recipe.augment(jnp.asarray(images()), jnp.asarray(LABELS), KEY)
    found, found_labels = augmented(name)
    np.testing.assert_allclose(plain, found, atol=1e-5)
    np.testing.assert_allclose(labels, found_labels, atol=1e-6)


def test_floats_are_changed_as_bytes_are():
    floats, _ = augmented("crop(2)", batch=images().astype(np.float32) / 255)
    np.testing.assert_allclose(floats, augmented("crop(2)")[0], atol=1e-6)


def test_without_augmentation_bytes_become_floats_and_no_more():
    recipe = trainer(input="6x8x3")
    found, labels = recipe.augment(jnp.asarray(images()), jnp.asarray(LABELS), KEY)
    np.testing.assert_allclose(found, images() / 255, rtol=1e-6)
    np.testing.assert_array_equal(labels, LABELS)


# --- which pixels stay where ----------------------------------------------------------


@pytest.mark.parametrize("reflect", [False, True])
def test_a_crop_is_a_window_of_the_padded_image(reflect):
    found, _ = augmented(f"crop(2, reflect = {str(reflect).lower()})")
    margins = ((0, 0), (2, 2), (2, 2), (0, 0))
    padded = np.pad(images() / 255, margins, mode="reflect" if reflect else "constant")
    corners = set()
    for cut, whole in zip(found, padded, strict=True):
        fitting = [
            (i, j)
            for i in range(5)
            for j in range(5)
            if np.allclose(cut, whole[i : i + 6, j : j + 8], atol=1e-6)
        ]
        assert len(fitting) == 1
        corners.update(fitting)
    assert {i for i, _ in corners} == {j for _, j in corners} == set(range(5))


def test_a_flip_is_a_mirror_image_of_half_the_images():
    for name, axis in (("flip", 1), ("vertical_flip", 0)):
        found, _ = augmented(name)
        whole = (images() / 255).astype(np.float32)
        mirrored = [
            np.allclose(a, np.flip(b, axis), atol=1e-6) for a, b in zip(found, whole, strict=True)
        ]
        same = [np.allclose(a, b, atol=1e-6) for a, b in zip(found, whole, strict=True)]
        assert all(m != s for m, s in zip(mirrored, same, strict=True))
        assert 6 < sum(mirrored) < N - 6
        always, never = augmented(f"{name}(1)")[0], augmented(f"{name}(0)")[0]
        np.testing.assert_allclose(always, np.flip(whole, axis + 1), rtol=1e-6)
        np.testing.assert_allclose(never, whole, rtol=1e-6)


def test_a_resized_crop_of_the_whole_image_is_that_image():
    found, _ = augmented("random_resized_crop(scale = [1, 1], ratio = [4/3, 4/3])")
    np.testing.assert_allclose(found, images() / 255, atol=1e-5)


def test_a_resized_crop_of_a_slope_is_a_slope_of_the_part_that_the_recipe_says():
    """Pixels that are their own columns and rows: what is left between them is the part."""
    rows, columns = np.mgrid[:64, :64] / 64
    batch = np.broadcast_to(np.stack([rows, columns], -1), (N, 64, 64, 2)).astype(np.float32)
    found, _ = augmented("random_resized_crop(scale = [0.2, 0.5])", batch=batch)
    middle = found[:, 16:48, 16:48]
    height = (middle[:, -1, 0, 0] - middle[:, 0, 0, 0]) * 64 / 31
    width = (middle[:, 0, -1, 1] - middle[:, 0, 0, 1]) * 64 / 31
    area, ratio = height * width, width / height
    assert 0.19 < area.min() < 0.28 and 0.4 < area.max() < 0.51
    assert 0.74 < ratio.min() < 0.85 and 1.2 < ratio.max() < 1.35
    assert found.min() >= -1e-6 and found.max() <= 63 / 64 + 1e-6


def test_cutout_blackens_a_square_cut_off_at_the_border():
    found, _ = augmented("cutout(3)", batch=np.full((N, 6, 8, 3), 255, np.uint8))
    sizes = set()
    for image in found:
        black = (image == 0).all(-1)
        rows, columns = np.flatnonzero(black.any(1)), np.flatnonzero(black.any(0))
        assert black[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert black.sum() == len(rows) * len(columns)
        sizes.add((len(rows), len(columns)))
        assert (image[~black] == 1).all()
    assert (3, 3) in sizes and sizes <= {(a, b) for a in (2, 3) for b in (2, 3)}


# --- colours --------------------------------------------------------------------------

GREY = np.array([0.299, 0.587, 0.114])


def test_brightness_is_a_factor():
    batch = np.full((N, 2, 2, 3), 100, np.uint8)
    found, _ = augmented("color_jitter(0.5)", batch=batch)
    factors = found[:, 0, 0, 0] / (100 / 255)
    assert 0.5 <= factors.min() < 0.7 and 1.3 < factors.max() <= 1.5
    np.testing.assert_allclose(found, np.broadcast_to(found[:, :1, :1, :1], found.shape), atol=2e-3)


def test_contrast_and_saturation_keep_what_they_turn_around():
    batch = np.random.default_rng(1).integers(90, 160, (N, 6, 8, 3), np.uint8)
    whole = batch / 255
    contrasted, _ = augmented("color_jitter(contrast = 0.3)", batch=batch)
    np.testing.assert_allclose(
        (contrasted @ GREY).mean((1, 2)), (whole @ GREY).mean((1, 2)), atol=1e-3
    )
    spread = (contrasted @ GREY).std((1, 2)) / (whole @ GREY).std((1, 2))
    assert 0.7 <= spread.min() < 0.85 and 1.15 < spread.max() <= 1.3
    saturated, _ = augmented("color_jitter(saturation = 0.3)", batch=batch)
    np.testing.assert_allclose(saturated @ GREY, whole @ GREY, atol=1e-3)
    greys = (whole @ GREY)[..., None]
    part = np.abs(saturated - greys).sum((1, 2, 3)) / np.abs(whole - greys).sum((1, 2, 3))
    assert 0.7 <= part.min() < 0.85 and 1.15 < part.max() <= 1.3


def test_a_hue_turns_and_keeps_how_light_a_colour_is():
    batch = np.random.default_rng(1).integers(100, 150, (N, 6, 8, 3), np.uint8)
    found, _ = augmented("color_jitter(hue = 0.5)", batch=batch)
    np.testing.assert_allclose(found @ GREY, batch / 255 @ GREY, atol=1e-3)
    assert np.abs(found - batch / 255).max() > 0.05


def test_jitter_of_nothing_changes_nothing():
    np.testing.assert_allclose(augmented("color_jitter")[0], images() / 255, atol=1e-5)


def test_pca_noise_adds_one_colour_to_all_pixels_of_an_image():
    found, _ = augmented("pca_noise(0.5)")
    added = found - images() / 255
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1], added.shape), atol=1e-5)
    # The first component is nearly grey, with more than ten times the deviation of the others.
    grey = added[:, 0, 0] @ np.full(3, 3**-0.5)
    assert grey.std() == pytest.approx(0.5 * 0.2175, rel=0.4)


# --- mixtures -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mixup(1)", "cutmix", "mixup(1), cutmix"])
def test_labels_of_a_mixture_are_probabilities(name):
    for seed in range(5):
        _, labels = augmented(name, key=jax.random.key(seed))
        assert labels.min() >= 0
        np.testing.assert_allclose(labels.sum(-1), 1, rtol=1e-5)


def parts(labels: np.ndarray) -> np.ndarray:
    """What is left of every label."""
    return labels[np.arange(N), LABELS]


def test_mixup_blends_images_as_their_labels():
    found, labels = augmented("mixup(1)")
    part = parts(labels)
    assert np.allclose(part, part[0]) and 0 < part[0] < 1
    whole = images() / 255
    blended = part[0] * whole + (1 - part[0]) * np.roll(whole, 1, axis=0)
    np.testing.assert_allclose(found, blended, atol=1e-5)
    assert np.allclose(labels[np.arange(N), np.roll(LABELS, 1)], 1 - part[0])


def test_cutmix_takes_a_box_as_large_as_the_part_of_the_label():
    whole = images() / 255
    for seed in range(5):
        found, labels = augmented("cutmix", key=jax.random.key(seed))
        taken = np.isclose(found, np.roll(whole, 1, axis=0), atol=1e-6).all((0, -1))
        kept = np.isclose(found, whole, atol=1e-6).all((0, -1))
        assert (taken != kept).all()
        rows, columns = taken.any(1), taken.any(0)
        assert (taken == np.outer(rows, columns)).all()
        np.testing.assert_allclose(parts(labels), 1 - taken.mean(), atol=1e-5)


def test_of_two_mixtures_a_coin_takes_one():
    whole = images() / 255
    kinds = set()
    for seed in range(12):
        found, labels = augmented("mixup(1), cutmix", key=jax.random.key(seed))
        part = parts(labels)[0]
        blended = part * whole + (1 - part) * np.roll(whole, 1, axis=0)
        kinds.add(np.allclose(found, blended, atol=1e-4))
    assert kinds == {True, False}


def test_labels_that_are_probabilities_already_are_mixed_too():
    """Of any number of classes: those of the data, not of the spec."""
    recipe = trainer("augment mixup(1)", input="6x8x3")
    labels = jax.nn.one_hot(LABELS, 37)
    _, mixed = recipe.augment(jnp.asarray(images()), labels, KEY)
    assert mixed.shape == (N, 37)
    np.testing.assert_allclose(mixed.sum(-1), 1, rtol=1e-5)
