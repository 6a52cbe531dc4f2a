# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Labelled images for evaluation, calibration and training.

Three sources: Fashion-MNIST in its IDX files, an .npz file with arrays ``x`` and ``y``, and a folder with one folder of
images for each class, which stay files until :func:`sumtile.images.read_images` wants them in a network's size. No reader
unpickles anything.
"""

from __future__ import annotations

import gzip
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from sumtile.errors import SumtileError
from sumtile.files import regular_file

FASHION_CLASSES = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot")
FASHION_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its files."""

FOLDERS_VARIABLE = "SUMTILE_DATASETS"
"""Environment variable: a folder that holds data sets, looked through before Debian's place."""

_MOST_NUMBERED_CLASSES = 100_000
_IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True)
class Dataset:
    """Labelled images.

    Attributes:
        name: a short name, used in reports.
        images: pixels of one size, uint8 (N, height, width, channels) with 1 or 3 channels; or image files, paths (N,) in an
            array of objects. :func:`sumtile.images.read_images` makes a network's pixels of either.
        labels: int64 (N,), indices into ``classes``.
        classes: names of the classes.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        pixels = self.images.ndim == 4 and self.images.dtype == np.uint8 and self.images.shape[3] in (1, 3)
        files = self.images.ndim == 1 and all(isinstance(image, Path) for image in self.images)
        if not pixels and not files:
            raise SumtileError(f"data set '{self.name}' has {self.images.dtype} images of shape {self.images.shape}; give uint8 (N, height, width, 1 or 3), or paths (N,).")
        if self.labels.shape != (len(self.images),):
            raise SumtileError(f"data set '{self.name}' has {len(self.images)} images but labels of shape {self.labels.shape}; give one label for each image.")
        if not len(self.images):
            raise SumtileError(f"data set '{self.name}' is empty; give at least one image.")
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= len(self.classes):
            raise SumtileError(f"data set '{self.name}' has labels from {low} to {high} but {len(self.classes)} classes; labels count from 0 to classes - 1.")

    def __len__(self) -> int:
        return len(self.images)

    def first(self, count: int) -> Dataset:
        """The first ``count`` images, or all when there are fewer."""
        return self.take(np.arange(min(count, len(self))))

    def take(self, chosen: np.ndarray) -> Dataset:
        """The images at the indices ``chosen``, integers (M,)."""
        return Dataset(self.name, self.images[chosen], self.labels[chosen], self.classes)

    def spread(self, count: int) -> Dataset:
        """At most ``count`` images, spread evenly, since folders are sorted by class."""
        return self.take(spread(len(self), count))


def spread(total: int, count: int) -> np.ndarray:
    """At most ``count`` indices below ``total``, rising and evenly spaced: int64."""
    return np.arange(total) if count >= total else np.arange(count) * total // count


def open_dataset(source: str | Path, split: str = "test") -> Dataset:
    """Opens a data set by name or by path.

    Args:
        source: ``fashion-mnist``; a folder of IDX files; an .npz file; or a folder of class folders.
        split: ``train`` or ``test``, for sources that have both.

    Raises:
        SumtileError: nothing is there, or what is there is not a well-formed data set.
    """
    if str(source) == "fashion-mnist":
        return fashion_mnist(split)
    path = Path(source).expanduser()
    if path.suffix == ".npz":
        return read_npz(path)
    if not path.is_dir():
        raise SumtileError(f"there is no data set '{source}'; give 'fashion-mnist', an .npz file, a folder of class folders or a folder of IDX files.")
    if any(path.glob("*-idx3-ubyte.gz")):
        return fashion_mnist(split, path)
    return read_class_folders(path)


def image_files(folder: Path) -> list[Path]:
    """The image files right inside a folder, in the order of their names; what is no image by its suffix is left out."""
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in _IMAGE_SUFFIXES)


def save_samples(data: Dataset, folder: str | Path, per_class: int, among: np.ndarray | None = None) -> list[Path]:
    """Writes the first images of each class as PNG files named ``<index>_<class>.png``.

    Args:
        data: a data set of pixels.
        per_class: images of each class; fewer where the data set has fewer.
        among: bool (N,), which images may be chosen; all when None.

    Returns:
        the files in order of index.

    Raises:
        SumtileError: a data set of image files, which are there already.
    """
    if data.images.ndim == 1:
        raise SumtileError(f"data set '{data.name}' consists of image files; copy them, or give a data set of pixels.")
    Path(folder).mkdir(parents=True, exist_ok=True)
    eligible = np.ones(len(data), bool) if among is None else among
    chosen = np.sort(np.concatenate([np.flatnonzero((data.labels == label) & eligible)[:per_class] for label in range(len(data.classes))]))
    files = [Path(folder) / f"{index:05d}_{data.classes[data.labels[index]]}.png" for index in chosen]
    for index, file in zip(chosen, files, strict=True):
        Image.fromarray(data.images[index].squeeze(2) if data.images.shape[3] == 1 else data.images[index]).save(file, optimize=True)
    return files


def fashion_mnist(split: str = "test", folder: str | Path | None = None) -> Dataset:
    """Fashion-MNIST (Xiao et al., arXiv 1708.07747): 60,000 ``train`` or 10,000 ``test`` images, 28x28, grey.

    Args:
        split: ``train`` or ``test``.
        folder: where the four ``.gz`` files lie; by default ``$SUMTILE_DATASETS/fashion-mnist``, then ``$SUMTILE_DATASETS``,
            then Debian's place.

    Raises:
        SumtileError: no such split, the files are absent, or one is damaged.
    """
    prefixes = {"train": "train", "test": "t10k"}
    if split not in prefixes:
        raise SumtileError(f"Fashion-MNIST has no split '{split}'; choose 'train' or 'test'.")
    images_name, labels_name = f"{prefixes[split]}-images-idx3-ubyte.gz", f"{prefixes[split]}-labels-idx1-ubyte.gz"
    places = [Path(folder)] if folder else _fashion_folders()
    for place in places:
        if (place / images_name).exists() and (place / labels_name).exists():
            images, labels = read_idx(place / images_name), read_idx(place / labels_name)
            if images.ndim != 3 or labels.ndim != 1:
                raise SumtileError(f"{place} holds IDX arrays of shapes {images.shape} and {labels.shape}; images have three axes and labels one, so install the files anew.")
            return Dataset(f"fashion-mnist/{split}", images[..., None], labels.astype(np.int64), FASHION_CLASSES)
    looked = " and ".join(str(place) for place in places)
    raise SumtileError(f"{images_name} and {labels_name} were not found in {looked}; run 'apt install dataset-fashion-mnist' or set {FOLDERS_VARIABLE} to their folder.")


def read_idx(path: Path) -> np.ndarray:
    """One gzip-compressed IDX file of unsigned bytes.

    The format: two zero bytes, the type (8: unsigned byte), the number of axes, the axes as big-endian 32-bit integers, the data.

    Raises:
        SumtileError: not a readable gzip file, another magic number, or a length that disagrees with the axes.
    """
    try:
        with gzip.open(regular_file(path, "IDX file"), "rb") as file:
            content = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise SumtileError(f"{path} cannot be read as a gzip file ({error}); download or install it anew.") from error
    if len(content) < 4 or content[:3] != b"\0\0\x08" or not 1 <= content[3] <= 4:
        found = f"begins with the bytes {content[:4].hex(' ')}" if content else "is an empty file"
        raise SumtileError(f"{path} {found}, but an IDX file of unsigned bytes begins with 00 00 08 and its number of axes, 1 to 4; give another file.")
    axes, header = content[3], 4 + 4 * content[3]
    shape = tuple(int(size) for size in np.frombuffer(content[4 : min(header, len(content)) // 4 * 4], dtype=">u4"))
    expected = int(np.prod(shape, dtype=object))
    if len(shape) != axes or len(content) - header != expected:
        raise SumtileError(f"{path} holds {max(len(content) - header, 0)} bytes of data, but its header says {' x '.join(map(str, shape))}; the file is damaged, get it anew.")
    return np.frombuffer(bytearray(content), np.uint8, offset=header).reshape(shape)


def read_npz(path: Path) -> Dataset:
    """An .npz file with ``x`` uint8 (N, H, W) or (N, H, W, C), ``y`` integers (N,), and optionally ``classes``, strings in order.

    Raises:
        SumtileError: the file is absent, damaged or pickled, or an array is missing or of another type.
    """
    try:
        with np.load(regular_file(path, "data set"), allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("x", "y", "classes") if name in file.files}
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise SumtileError(f"{path} cannot be read as an .npz file without pickled objects ({error}); save it again with numpy.savez(path, x=..., y=...).") from error
    for name in ("x", "y"):
        if name not in arrays:
            raise SumtileError(f"{path} has no array '{name}'; save the images as x and the labels as y.")
    images, labels = arrays["x"], arrays["y"]
    if not np.issubdtype(labels.dtype, np.integer):
        raise SumtileError(f"{path} has labels y of type {labels.dtype}; save integers from 0.")
    classes = tuple(str(name) for name in arrays["classes"]) if "classes" in arrays else _numbered(path, labels)
    return Dataset(path.stem, images[..., None] if images.ndim == 3 else images, labels.astype(np.int64), classes)


def read_class_folders(folder: Path) -> Dataset:
    """A folder with one folder of images for each class, the classes in alphabetical order.

    Raises:
        SumtileError: no class folders, or no images.
    """
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    files = [(file, label) for label, name in enumerate(classes) for file in image_files(folder / name)]
    if not files:
        raise SumtileError(f"{folder} holds no images in class folders; put each class's images into a folder named after the class.")
    paths = np.array([file for file, _ in files], dtype=object)
    return Dataset(folder.name, paths, np.array([label for _, label in files], np.int64), tuple(classes))


def _fashion_folders() -> list[Path]:
    chosen = os.environ.get(FOLDERS_VARIABLE)
    return [*([Path(chosen) / "fashion-mnist", Path(chosen)] if chosen else []), FASHION_FOLDER]


def _numbered(path: Path, labels: np.ndarray) -> tuple[str, ...]:
    count = int(labels.max()) + 1 if labels.size else 0
    if count > _MOST_NUMBERED_CLASSES:
        raise SumtileError(f"{path} has labels up to {count - 1}; count labels from 0, or save the classes' names as the array 'classes'.")
    return tuple(map(str, range(count)))
