"""The Fashion-MNIST example: its reader rejects broken files, and three epochs learn."""

import gzip
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from examples.fashion_mnist import DEBIAN_FOLDER, DataError, read_idx, read_split, train

pytestmark = pytest.mark.xla

SCRIPT = Path(__file__).parents[1] / "examples" / "fashion_mnist.py"


def idx(array: np.ndarray) -> bytes:
    """An IDX file of unsigned bytes."""
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def write_split(folder: Path, name: str, images: np.ndarray, labels: np.ndarray) -> None:
    (folder / f"{name}-images-idx3-ubyte").write_bytes(idx(images))
    (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))


def run_example(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("zipped", [False, True])
def test_reads_what_was_written(tmp_path, zipped):
    array = np.arange(24).reshape(2, 3, 4)
    if zipped:
        (tmp_path / "data.gz").write_bytes(gzip.compress(idx(array)))
    else:
        (tmp_path / "data").write_bytes(idx(array))
    np.testing.assert_array_equal(read_idx(tmp_path / "data", rank=3), array)


GOOD = idx(np.arange(6))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "ends inside its header", id="empty"),
        pytest.param(GOOD[:7], "ends inside its header", id="half a header"),
        pytest.param(GOOD[:-1], "holds 5 bytes of data, its header says 6", id="truncated"),
        pytest.param(GOOD + b"\0", "holds 7 bytes of data, its header says 6", id="too long"),
        pytest.param(b"\x89PNG" + GOOD[4:], "starts with 89504e47", id="not IDX"),
        pytest.param(b"\0\0\x0d\1" + GOOD[4:], "starts with 00000d01", id="floats"),
        pytest.param(b"\0\0\x08\3" + GOOD, "starts with 00000803, expected 00000801", id="rank"),
        pytest.param(b"\0\0\x08\1\xff\xff\xff\xff", "header says 4294967295", id="huge"),
    ],
)
def test_rejects_a_broken_file(tmp_path, content, message):
    (tmp_path / "data").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx(tmp_path / "data", rank=1)


@pytest.mark.parametrize("cut", [slice(0, 12), slice(0, -9), slice(2, None)])
def test_rejects_a_broken_gzip(tmp_path, cut):
    (tmp_path / "data.gz").write_bytes(gzip.compress(GOOD)[cut])
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path / "data", rank=1)


def test_pads_and_scales(tmp_path):
    write_split(tmp_path, "train", np.full((3, 28, 28), 255), np.array([0, 9, 4]))
    images, labels = read_split(tmp_path, "train")
    assert images.shape == (3, 32, 32, 1)
    assert images.dtype == np.float32
    assert images.sum() == 3 * 28 * 28
    assert labels.tolist() == [0, 9, 4]


@pytest.mark.parametrize(
    ("shape", "labels", "message"),
    [
        ((2, 28, 28), [1], "2 images, 1 labels"),
        ((0, 28, 28), [], "0 images, 0 labels"),
        ((1, 32, 32), [1], "expected \\(28, 28\\)"),
        ((1, 28, 28), [10], "hold a 10, expected 0 to 9"),
    ],
)
def test_rejects_what_is_not_fashion_mnist(tmp_path, shape, labels, message):
    write_split(tmp_path, "train", np.zeros(shape), np.array(labels))
    with pytest.raises(DataError, match=message):
        read_split(tmp_path, "train")


def test_rejects_a_batch_larger_than_the_data():
    split = np.zeros((2, 32, 32, 1), np.float32), np.zeros(2, np.int32)
    with pytest.raises(DataError, match="2 training images do not fill a batch of 3"):
        train(split, split, epochs=1, batch_size=3, seed=0)


def test_a_missing_folder_is_one_message_without_a_traceback(tmp_path):
    result = run_example("--data", str(tmp_path))
    assert result.returncode == 1
    assert "train-images-idx3-ubyte is missing" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_three_epochs_reach_85_percent():
    if not DEBIAN_FOLDER.is_dir():
        reason = f"needs the data that Debian's dataset-fashion-mnist puts in {DEBIAN_FOLDER}"
        assert "CI" not in os.environ, reason
        pytest.skip(reason)
    result = run_example("--epochs", "3")
    assert result.returncode == 0, result.stderr
    accuracies = [float(found) for found in re.findall(r"test accuracy (\S+)", result.stdout)]
    assert len(accuracies) == 3
    assert accuracies[-1] >= 0.85
