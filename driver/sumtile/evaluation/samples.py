# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The network and the images that come with sumtile, for the demo and the notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sumtile.compiler import compile_network
from sumtile.datasets import Dataset
from sumtile.errors import SumtileError
from sumtile.evaluation.names import key
from sumtile.images import read_images
from sumtile.network import Network
from sumtile.network.storage import load_network
from sumtile.overlay import Overlay
from sumtile.overlay.resources import models_folder
from sumtile.program import Program
from sumtile.quantize import quantize_network, schemes

NETWORK = "lenet5_adder_fashion.npz"


@dataclass(frozen=True)
class Sample:
    """An image whose file name, ``NNNNN_class.png``, says what it shows."""

    path: Path
    label: str

    def shows(self, name: str) -> bool:
        """Whether ``name`` is the class of this image; only its letters and digits count."""
        return key(name) == key(self.label)


def load_samples() -> tuple[Network, list[Sample]]:
    """The trained float network, and the sample images in the order of their names.

    Raises:
        SumtileError: they are not where they were installed.
    """
    folder = models_folder() / "samples"
    samples = [Sample(path, path.stem.partition("_")[2]) for path in sorted(folder.glob("*.png"))]
    if not samples:
        raise SumtileError(f"there are no sample images in {folder}; install sumtile again, or work in a complete checkout.")
    return load_network(models_folder() / NETWORK), samples


def sample_dataset() -> Dataset:
    """The sample images with their labels, for where no data set is installed; the classes are the network's.

    Raises:
        SumtileError: they are not where they were installed.
    """
    network, samples = load_samples()
    labels = [next(index for index, name in enumerate(network.classes) if sample.shows(name)) for sample in samples]
    return Dataset("sumtile's samples", np.array([sample.path for sample in samples], dtype=object), np.array(labels, np.int64), network.classes)


def sample_program(overlay: Overlay) -> Program:
    """The network, quantized to 8 bits with the sample images and compiled for an overlay."""
    network, samples = load_samples()
    images = read_images((sample.path for sample in samples), network.preprocess)
    return compile_network(quantize_network(network, images, schemes.covering(8)), overlay)
