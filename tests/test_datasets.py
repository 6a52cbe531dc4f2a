# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Readers of data sets: what they return, and the sentence for each way in which a file can be wrong."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sumtile.datasets import FASHION_CLASSES, FOLDERS_VARIABLE, Dataset, fashion_mnist, open_dataset, read_idx, save_samples
from sumtile.errors import SumtileError
from sumtile.images import read_images
from sumtile.network import Preprocess


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes()


@pytest.fixture
def fashion(tmp_path: Path) -> Path:
    """A folder with a small data set in Fashion-MNIST's files."""
    random = np.random.default_rng(1)
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for prefix, count in (("train", 7), ("t10k", 5)):
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(random.integers(0, 256, (count, 28, 28)))))
        (folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(random.integers(0, 10, count))))
    return folder


def test_fashion_mnist_from_a_folder(fashion: Path) -> None:
    data = open_dataset(fashion)
    assert data.images.shape == (5, 28, 28, 1) and data.images.dtype == np.uint8
    with gzip.open(fashion / "t10k-images-idx3-ubyte.gz") as file:
        assert data.images.tobytes() == file.read()[16:]
    assert data.labels.shape == (5,) and data.labels.dtype == np.int64
    assert data.classes == FASHION_CLASSES
    assert len(open_dataset(fashion, "train")) == 7


@pytest.mark.parametrize("below", [False, True])
def test_the_environment_variable_names_the_folder(fashion: Path, monkeypatch: pytest.MonkeyPatch, below: bool) -> None:
    monkeypatch.setenv(FOLDERS_VARIABLE, str(fashion.parent if below else fashion))
    assert len(open_dataset("fashion-mnist")) == 5


def test_absent_files_tell_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(SumtileError, match="apt install dataset-fashion-mnist"):
        fashion_mnist("test", tmp_path)


def test_an_unknown_split(fashion: Path) -> None:
    with pytest.raises(SumtileError, match="no split 'validation'"):
        fashion_mnist("validation", fashion)


def test_the_real_fashion_mnist() -> None:
    try:
        data = fashion_mnist("test")
    except SumtileError as absent:
        pytest.skip(str(absent))
    assert data.images.shape == (10000, 28, 28, 1)
    assert np.array_equal(np.bincount(data.labels), np.full(10, 1000))
    assert [data.classes[label] for label in data.labels[:3]] == ["ankle-boot", "pullover", "trouser"]


@pytest.mark.parametrize(
    ("content", "message"),
    [  # mtime: the bytes are part of the test's name, which parallel workers must agree on
        (gzip.compress(idx(np.zeros((4, 28, 28))), mtime=0)[:-20], "cannot be read as a gzip file"),
        (b"no gzip file at all", "cannot be read as a gzip file"),
        (gzip.compress(b"\1\0\x08\3", mtime=0), "begins with the bytes 01 00 08 03"),
        (gzip.compress(b"", mtime=0), "is an empty file"),
        (gzip.compress(bytes([0, 0, 8, 40]) + b"\0\0\0\1" * 40 + b"x", mtime=0), "begins with the bytes 00 00 08 28"),
        (gzip.compress(idx(np.zeros((4, 28, 28)))[:-1], mtime=0), "holds 3135 bytes of data, but its header says 4 x 28 x 28"),
        (gzip.compress(idx(np.zeros((4, 28, 28)))[:10], mtime=0), "the file is damaged"),
        (gzip.compress(idx(np.zeros(3)) + b"x", mtime=0), "holds 4 bytes of data, but its header says 3"),
        (gzip.compress(bytes([0, 0, 8, 4]) + b"\xff" * 16, mtime=0), "the file is damaged"),
    ],
)
def test_damaged_idx_files(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "t10k-images-idx3-ubyte.gz"
    file.write_bytes(content)
    with pytest.raises(SumtileError, match=message):
        read_idx(file)


def test_a_damaged_byte_inside_the_compressed_data(fashion: Path) -> None:
    file = fashion / "t10k-images-idx3-ubyte.gz"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(SumtileError, match="cannot be read as a gzip file"):
        open_dataset(fashion)


def test_images_and_labels_that_disagree(fashion: Path) -> None:
    (fashion / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.zeros(4))))
    with pytest.raises(SumtileError, match="5 images but labels of shape"):
        open_dataset(fashion)


def test_a_label_without_a_class(fashion: Path) -> None:
    (fashion / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.full(5, 10))))
    with pytest.raises(SumtileError, match="labels from 10 to 10 but 10 classes"):
        open_dataset(fashion)


def test_npz(tmp_path: Path) -> None:
    images = np.random.default_rng(2).integers(0, 256, (6, 5, 4, 3)).astype(np.uint8)
    np.savez(tmp_path / "a.npz", x=images, y=np.array([0, 1, 2, 0, 1, 2], np.uint8))
    np.savez(tmp_path / "b.npz", x=images[..., 0], y=np.zeros(6, int), classes=np.array(["cat", "dog"]))
    assert np.array_equal(open_dataset(tmp_path / "a.npz").images, images)
    assert open_dataset(str(tmp_path / "a.npz")).classes == ("0", "1", "2")
    grey = open_dataset(tmp_path / "b.npz")
    assert grey.images.shape == (6, 5, 4, 1) and grey.classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((2, 4, 4), np.uint8)}, "has no array 'y'"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": np.zeros(2)}, "labels y of type float64"),
        ({"x": np.zeros((2, 4, 4), np.float32), "y": np.zeros(2, int)}, "float32 images"),
        ({"x": np.zeros((2, 4, 4, 5), np.uint8), "y": np.zeros(2, int)}, "give uint8"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": np.zeros(3, int)}, "one label for each image"),
        ({"x": np.zeros((0, 4, 4), np.uint8), "y": np.zeros(0, int)}, "is empty"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": np.array([0, -1])}, "labels from -1 to 0"),
        ({"x": np.zeros((1, 4, 4), np.uint8), "y": np.array([10**15])}, "labels up to 1000000000000000"),
        ({"x": np.array([{}, {}], object), "y": np.zeros(2, int)}, "without pickled objects"),
    ],
)
def test_wrong_npz_files(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "wrong.npz", **arrays)
    with pytest.raises(SumtileError, match=message):
        open_dataset(tmp_path / "wrong.npz")


def test_a_truncated_and_an_absent_npz(tmp_path: Path) -> None:
    file = tmp_path / "cut.npz"
    np.savez(file, x=np.zeros((2, 4, 4), np.uint8), y=np.zeros(2, int))
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(SumtileError, match=r"cannot be read as an \.npz file"):
        open_dataset(file)
    with open(file, "wb") as single:
        np.save(single, np.zeros(3))
    with pytest.raises(SumtileError, match=r"cannot be read as an \.npz file"):
        open_dataset(file)
    with pytest.raises(SumtileError, match="there is no data set"):
        open_dataset(tmp_path / "absent.npz")


def class_folders(folder: Path, mode: str) -> Path:
    for label, name in enumerate(("bag", "coat")):
        (folder / name).mkdir(parents=True)
        for index in range(2):
            Image.new(mode, (6, 4), 10 * label + index if mode == "L" else (10 * label + index, 0, 5)).save(folder / name / f"{index}.png")
        (folder / name / "notes.txt").write_text("not an image")
    return folder


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("channels", [1, 3])
def test_class_folders_stay_files_until_a_network_wants_pixels(tmp_path: Path, mode: str, channels: int) -> None:
    data = open_dataset(class_folders(tmp_path / "set", mode))
    assert data.classes == ("bag", "coat") and data.labels.tolist() == [0, 0, 1, 1]
    assert [f"{file.parent.name}/{file.name}" for file in data.images] == ["bag/0.png", "bag/1.png", "coat/0.png", "coat/1.png"]
    pixels = read_images(data.images, Preprocess(8, 5, (0.0,) * channels, (1.0,) * channels))
    assert pixels.shape == (4, 8, 5, channels) and pixels.dtype == np.uint8
    if mode == "L":
        assert pixels[:, 0, 0, 0].tolist() == [0, 1, 10, 11]


def test_class_folders_without_images(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SumtileError, match="no images in class folders"):
        open_dataset(tmp_path / "empty")
    with pytest.raises(SumtileError, match="there is no data set"):
        open_dataset(tmp_path / "nothing")


def test_a_pipe_is_no_data_set(tmp_path: Path, fashion: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(SumtileError, match=r"pipe\.npz is not a regular file"):
        open_dataset(tmp_path / "pipe.npz")
    (fashion / "t10k-images-idx3-ubyte.gz").unlink()
    os.mkfifo(fashion / "t10k-images-idx3-ubyte.gz")
    with pytest.raises(SumtileError, match="is not a regular file"):
        open_dataset(fashion)


def test_samples_are_the_first_images_of_each_class(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    labels = np.array([1, 1, 0, 1, 2, 0])
    grey = Dataset("set", random.integers(0, 256, (6, 5, 4, 1)).astype(np.uint8), labels, ("a", "b", "c"))
    files = save_samples(grey, tmp_path / "grey", per_class=2)
    assert [file.name for file in files] == ["00000_b.png", "00001_b.png", "00002_a.png", "00004_c.png", "00005_a.png"]
    assert np.array_equal(np.asarray(Image.open(files[3])), grey.images[4, :, :, 0])
    not_the_first = save_samples(grey, tmp_path / "chosen", per_class=1, among=np.arange(6) > 0)
    assert [file.name for file in not_the_first] == ["00001_b.png", "00002_a.png", "00004_c.png"]
    color = Dataset("set", random.integers(0, 256, (6, 5, 4, 3)).astype(np.uint8), labels, ("a", "b", "c"))
    assert np.array_equal(np.asarray(Image.open(save_samples(color, tmp_path / "color", per_class=1)[0])), color.images[0])


def test_samples_of_image_files(tmp_path: Path) -> None:
    with pytest.raises(SumtileError, match="consists of image files"):
        save_samples(open_dataset(class_folders(tmp_path / "set", "L")), tmp_path, per_class=1)


def test_first() -> None:
    data = Dataset("set", np.zeros((4, 2, 2, 1), np.uint8), np.array([0, 1, 0, 1]), ("a", "b"))
    assert len(data.first(3)) == 3 and len(data.first(9)) == 4
    assert data.take(np.array([3, 0])).labels.tolist() == [1, 0]


def test_a_limit_spreads_over_the_data_set() -> None:
    chosen = _two_classes(100).spread(7)
    assert len(chosen) == 7
    assert len(_two_classes(5).spread(7)) == 5
    sorted_by_class = Dataset("s", np.zeros((90, 2, 2, 1), np.uint8), np.repeat(np.arange(3), 30), ("a", "b", "c"))
    assert np.bincount(sorted_by_class.spread(9).labels).tolist() == [3, 3, 3]


def _two_classes(count: int) -> Dataset:
    return Dataset("d", np.zeros((count, 4, 4, 3), np.uint8), np.arange(count) % 2, ("a", "b"))
