"""Data of every kind are read as they are, and what is wrong with them is said in one message."""

from __future__ import annotations

import gzip
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnndsl.cli import main
from cnndsl.training.data import open_data
from cnndsl.training.data.fit import Fit
from tests.training.conftest import KINDS, pictures, write_folder

pytestmark = pytest.mark.xla


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def write_idx(folder: Path, count: int = 30) -> None:
    folder.mkdir()
    for name, seed in (("train", 0), ("t10k", 1)):
        images, labels = pictures(count, seed=seed)
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[..., 0])))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels))


def write_cifar(folder: Path, count: int = 20) -> np.ndarray:
    folder.mkdir()
    rng = np.random.default_rng(0)
    records = rng.integers(0, 256, (count, 3073), np.uint8)
    records[:, 0] = np.arange(count) % 10
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        records.tofile(folder / f"{name}.bin")
    return records


def test_idx_files(folder):
    write_idx(folder / "idx")
    data = open_data("idx")
    images, labels = pictures(30)
    assert data.classes == ("0", "1", "2")
    assert data.train.shape == (8, 8, 1)
    np.testing.assert_array_equal(data.train.image(7), images[7])
    np.testing.assert_array_equal(data.train.labels, labels)
    assert len(data.held_out.labels) == 30


def test_cifar_files(folder):
    records = write_cifar(folder / "cifar")
    (folder / "cifar" / "batches.meta.txt").write_text("a b c d e f g h i j\n\n")
    data = open_data("cifar")
    assert data.classes == tuple("abcdefghij")
    assert len(data.train.labels) == 100
    image = data.train.image(3)
    assert image.shape == (32, 32, 3)
    assert image[0, 1].tolist() == records[3, 1:].reshape(3, 32, 32)[:, 0, 1].tolist()
    assert data.train.labels[23] == 3


def test_floats_of_an_npz_file_become_bytes(folder):
    images, labels = pictures(20)
    np.savez("floats.npz", images=images / 255, labels=labels[:, None])
    data = open_data("floats.npz")
    assert len(data.train.labels) + len(data.held_out.labels) == 20
    assert data.notes == ("floats.npz has no test images: a tenth is held out",)
    whole = data.whole
    assert whole is not None
    np.testing.assert_array_equal(whole.image(5), images[5])


@pytest.mark.parametrize("parted", [False, True])
def test_folders_of_files(folder, parted):
    write_folder(folder / "files" / ("train" if parted else ""), 30)
    if parted:
        write_folder(folder / "files" / "val", 6, seed=1)
    (folder / "files" / ".hidden").mkdir()
    data = open_data("files")
    assert data.classes == KINDS
    assert len(data.held_out.labels) == 6
    assert len(data.train.labels) == (30 if parted else 24)
    assert data.train.image(0).shape == (12, 12, 1)
    assert set(data.held_out.labels) == {0, 1, 2}


def test_what_the_hub_gives(folder, monkeypatch):
    """`datasets` as far as it is used; what it loads comes over the network."""
    import sys
    import types

    class ClassLabel:
        names = ("cat", "dog")

    Picture = type("Image", (), {})

    rows = [{"img": Image.new("RGB", (5, 4), (9, 8, 7)), "label": i % 2} for i in range(20)]

    class Split:
        @property
        def features(self):
            return {"img": Picture(), "label": ClassLabel()}

        def __getitem__(self, key):
            return [row[key] for row in rows] if isinstance(key, str) else rows[key]

    module = types.ModuleType("datasets")
    module.load_dataset = lambda name, config: {"train": Split()}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", module)
    data = open_data("hf:pets")
    assert data.classes == ("cat", "dog")
    assert data.train.image(0).shape == (4, 5, 3)
    assert len(data.train.labels) + len(data.held_out.labels) == 20


@pytest.mark.parametrize(
    ("fit", "shape"),
    [
        (Fit((8, 6, 1)), (20, 30, 3)),
        (Fit((9, 9, 3), "pad"), (4, 5, 1)),
        (Fit((4, 4, 1)), (4, 4, 1)),
    ],
)
def test_images_are_made_to_fit(fit, shape):
    image = np.arange(np.prod(shape)).reshape(shape).astype(np.uint8)
    found = fit(image)
    assert found.shape == fit.shape
    assert found.dtype == np.uint8


# --- what is wrong --------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, spec: str = "tiny.cnn") -> str:
    """The one message that a call ends with; nothing is left behind."""
    assert main(["train", spec, *arguments, "-o", "run"]) == 1
    result = capsys.readouterr()
    assert "Traceback" not in result.err
    assert result.err.startswith("error: ")
    assert result.err.count("error: ") == 1
    assert not Path("run").exists()
    return result.err


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("nowhere", "there is no nowhere"),
        ("empty", "empty holds nothing: no data that cnndsl reads"),
        ("tiny.cnn", "tiny.cnn is a file that is not read"),
        ("broken.npz", "broken.npz cannot be read"),
        ("other.npz", "other.npz holds a, b"),
        ("floats.npz", "floats.npz: images has floats from -1 to 1"),
        ("one", "one has 1 folder of images"),
        ("gap", "gap: no images in checks"),
        ("hf:something", "`hf:` needs the package `datasets`"),
    ],
)
def test_wrong_data(folder, capsys, data, message):
    (folder / "empty").mkdir()
    (folder / "broken.npz").write_bytes(b"PK\3\4broken")
    np.savez("other.npz", a=np.zeros(3), b=np.zeros(3))
    np.savez("floats.npz", images=np.linspace(-1, 1, 64).reshape(1, 8, 8), labels=np.zeros(1, int))
    write_folder(folder / "gap", 6)
    for file in (folder / "gap" / "checks").iterdir():
        file.unlink()
    (folder / "one" / "cats").mkdir(parents=True)
    assert message in refused(capsys, "--data", data)


def test_images_of_another_size(folder, capsys):
    write_folder(folder / "files", 30)
    np.savez("large.npz", images=np.zeros((20, 9, 9), np.uint8), labels=np.arange(20) % 2)
    said = refused(capsys, "--data", "large.npz", "--fit", "exact")
    assert "the images of large.npz are 9 x 9, the network takes 8 x 8" in said
    said = refused(capsys, "--data", "large.npz", "--fit", "pad")
    assert "--fit resize resizes them" in said
    said = refused(capsys, "--data", "files", "--fit", "exact", "--batch", "8")
    assert re.search(r"files/bars/000.png: it is 12 x 12, not 8 x 8", said)


def test_more_classes_than_outputs(folder, capsys):
    said = refused(capsys, "--data", "kinds.npz", "--set", "classes=2")
    assert "kinds.npz has 3 classes, Tiny 2 outputs" in said
    assert "leave out --set classes" in said
    said = refused(capsys, "--data", "kinds.npz", spec="LeNet5")
    assert "kinds.npz has 3 classes, LeNet5 10 outputs" in said


def test_a_class_without_images_to_train_with(folder, capsys):
    images, labels = pictures(20)
    np.savez("gap.npz", x_train=images, y_train=labels % 2, x_test=images, y_test=labels)
    assert "no images of 2 to train with" in refused(capsys, "--data", "gap.npz")


def test_a_batch_larger_than_the_data(folder, capsys):
    said = refused(capsys, "--data", "kinds.npz", "--batch", "100")
    assert "96 images do not fill a batch of 100" in said


def test_unreadable_images_are_named_and_left_out(folder, capsys):
    write_folder(folder / "files" / "train", 30)
    write_folder(folder / "files" / "val", 6, seed=1)
    victim = folder / "files" / "train" / "blobs" / "001.png"
    victim.write_bytes(victim.read_bytes()[:40])
    options = ["--data", "files", "--epochs", "1", "--batch", "8"]
    for memory in ("resident", "stream"):
        assert main(["train", "tiny.cnn", *options, "--memory", memory, "-o", memory]) == 0
        out = capsys.readouterr().out
        assert "left out, since it cannot be read: files/train/blobs/001.png" in out
    for file in (folder / "files" / "train" / "bars").iterdir():
        file.write_bytes(b"no image")
    said = refused(capsys, *options)
    assert "11 of 30 images cannot be read" in said
