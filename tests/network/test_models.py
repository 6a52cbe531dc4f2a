# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The networks and the images in ``models/``: what its README says about them holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sumtile.datasets import FASHION_CLASSES, fashion_mnist
from sumtile.errors import SumtileError
from sumtile.network import Conv, Network
from sumtile.network.compression import layer_costs
from sumtile.network.reference import run_float
from sumtile.network.storage import load_network

MODELS = Path(__file__).parents[2] / "models"
SAMPLES = sorted((MODELS / "samples").glob("*.png"))


@pytest.fixture(scope="module")
def network() -> Network:
    return load_network(MODELS / "lenet5_adder_fashion.npz")


def classify(network: Network, images: np.ndarray) -> np.ndarray:
    return run_float(network, network.preprocess.apply(images))[network.output].argmax(1)


def test_the_network(network: Network) -> None:
    operators = [node.operator for node in network.nodes if isinstance(node, Conv)]
    assert operators == ["mac", "adder", "adder"]
    assert network.classes == FASHION_CLASSES
    assert (MODELS / "lenet5_adder_fashion.npz").stat().st_size < 1_000_000


def test_the_ordinary_network() -> None:
    ordinary = load_network(MODELS / "lenet5_fashion.npz")
    assert [node.operator for node in ordinary.nodes if isinstance(node, Conv)] == ["mac"] * 3
    assert ordinary.classes == FASHION_CLASSES
    assert (MODELS / "lenet5_fashion.npz").stat().st_size < 300_000


def test_the_compressed_network() -> None:
    dense, compressed = (load_network(MODELS / name) for name in ("lenet5_wide_fashion.npz", "lenet5_wide_penni_fashion.npz"))
    assert sorted(compressed.bases) == ["conv2", "conv3"] and not dense.bases
    assert all(bases.is_ternary and bases.basis.shape == (4, 3, 3) and bases.basis.dtype == np.int8 for bases in compressed.bases.values())
    assert [sum(cost.flops for cost in layer_costs(network)) for network in (dense, compressed)] == [15_027_712, 2_473_177]
    assert sum(cost.bytes for cost in layer_costs(compressed, weight_bits=8)) == pytest.approx(72_154, abs=1)
    assert compressed.classes == FASHION_CLASSES


def test_the_samples_are_two_of_each_class_and_recognized(network: Network) -> None:
    names = [file.stem.split("_", 1)[1] for file in SAMPLES]
    assert sorted(names) == sorted(FASHION_CLASSES * 2)
    images = np.stack([np.asarray(Image.open(file)) for file in SAMPLES])[..., None]
    assert [network.classes[label] for label in classify(network, images)] == names


@pytest.mark.parametrize("name", ["lenet5_adder_fashion.npz", "lenet5_fashion.npz", "lenet5_wide_fashion.npz", "lenet5_wide_penni_fashion.npz"])
def test_the_accuracy_on_the_first_test_images(name: str) -> None:
    network = load_network(MODELS / name)
    try:
        data = fashion_mnist("test").first(500)
    except SumtileError as error:
        pytest.skip(str(error))
    right = (classify(network, data.images) == data.labels).mean()
    assert right >= 0.9
    for file in SAMPLES:
        index = int(file.stem.split("_")[0])
        assert index >= 500 or np.array_equal(np.asarray(Image.open(file)), data.images[index, :, :, 0]), file.name
