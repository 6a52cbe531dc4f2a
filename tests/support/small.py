# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a small float network, its program, images and a data set, as files that commands take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sumtile.cli import main
from sumtile.network import Activation, BatchNorm, Conv, Flatten, Linear, Network, Pool, Preprocess
from sumtile.network.reference import run_float
from sumtile.network.storage import save_network

CLASSES = ("left", "right", "top", "bottom", "ring", "dot")
SIDE = 12


@pytest.fixture(scope="session")
def dataset_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """70 random images of coarse blocks in an .npz file, with labels that name their classes."""
    rng = np.random.default_rng(6)
    path = tmp_path_factory.mktemp("dataset") / "random.npz"
    images = rng.integers(0, 256, (70, 3, 3, 3), np.uint8).repeat(SIDE // 3, axis=1).repeat(SIDE // 3, axis=2)
    np.savez(path, x=images, y=rng.integers(0, len(CLASSES), 70), classes=np.array(CLASSES))
    return path


@pytest.fixture(scope="session")
def network_file(dataset_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A multiplying and an adding convolution and a classifier with random weights, which prefers no class on the images."""
    rng = np.random.default_rng(5)
    scores = Linear("scores", ("flatten",), rng.normal(0, 0.2, (len(CLASSES), 24 * 36)))
    nodes = [
        Conv("conv1", ("input",), rng.normal(0, 0.4, (16, 3, 3, 3)), padding=(1, 1, 1, 1)),
        Activation("relu1", ("conv1",)),
        Pool("pool1", ("relu1",), kernel=(2, 2), stride=(2, 2)),
        Conv("conv2", ("pool1",), rng.normal(0, 0.8, (24, 16, 3, 3)), "adder", padding=(1, 1, 1, 1)),
        BatchNorm("bn2", ("conv2",), np.ones(24), np.zeros(24), np.full(24, -285.0), np.full(24, 3200.0)),
        Activation("relu2", ("bn2",)),
        Flatten("flatten", ("relu2",)),
        scores,
    ]
    network = Network("small", Preprocess(SIDE, SIDE, (0.5,) * 3, (0.25,) * 3), nodes, CLASSES)
    scores.bias = -run_float(network, network.preprocess.apply(np.load(dataset_file)["x"]))["scores"].mean(axis=0)
    path = tmp_path_factory.mktemp("network") / "small.npz"
    save_network(network, path)
    return path


@pytest.fixture(scope="session")
def image_files(dataset_file: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The first three images of the data set as PNG files; the last one is larger than the network's input."""
    folder = tmp_path_factory.mktemp("images")
    images = [Image.fromarray(pixels) for pixels in np.load(dataset_file)["x"][:3]]
    images[2] = images[2].resize((40, 30))
    for index, image in enumerate(images):
        image.save(folder / f"{index}.png")
    return sorted(folder.glob("*.png"))


@pytest.fixture(scope="session")
def program_file(network_file: Path, dataset_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network, compiled by the command for the ZCU102."""
    path = tmp_path_factory.mktemp("program") / "small.tile"
    assert main(["compile", str(network_file), "--calibrate", str(dataset_file), "-o", str(path)]) == 0
    return path
