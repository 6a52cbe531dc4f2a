# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The official AdderNet ResNet-20 on CIFAR-10 images, all in integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sumtile.compiler import compile_network
from sumtile.errors import SumtileError
from sumtile.network import Conv, Network
from sumtile.network.addernet import build_addernet_resnet20, load_addernet_resnet20
from sumtile.network.reference import run_float
from sumtile.overlay import Overlay
from sumtile.program.golden import run_golden
from sumtile.quantize import QuantizedNetwork, quantize_network
from sumtile.quantize.schemes import covering
from tests.support.data import DATA, needs

WEIGHTS, IMAGES = DATA / "addernet_resnet20_cifar10.npz", DATA / "cifar10_train1000.npz"
COUNT = 50

needs_data = needs(WEIGHTS, IMAGES)


@pytest.fixture(scope="module")
def network() -> Network:
    return load_addernet_resnet20(WEIGHTS)


@pytest.fixture(scope="module")
def images() -> tuple[np.ndarray, np.ndarray]:
    with np.load(IMAGES) as archive:
        return archive["x"], archive["y"]


@pytest.fixture(scope="module")
def scores(network: Network, images: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Float output for the first images: (images, classes)."""
    return run_float(network, network.preprocess.apply(images[0][:COUNT]))[network.output].reshape(COUNT, -1)


@pytest.fixture(scope="module")
def quantized(network: Network, images: tuple[np.ndarray, np.ndarray]) -> QuantizedNetwork:
    return quantize_network(network, images[0][-24:], covering(8))


@needs_data
def test_the_float_network_classifies(network: Network, scores: np.ndarray, images: tuple[np.ndarray, np.ndarray]) -> None:
    assert np.mean(scores.argmax(axis=1) == images[1][:COUNT]) >= 0.95
    adders = [node for node in network.nodes if isinstance(node, Conv) and node.operator == "adder"]
    assert len(adders) == 20 and len(network.nodes) == 3 + 9 * 7 + 2 * 2 + 3


@needs_data
def test_eight_bits_agree_with_float(network: Network, quantized: QuantizedNetwork, scores: np.ndarray, images: tuple[np.ndarray, np.ndarray]) -> None:
    overlay = Overlay.load("adder", "zcu102")
    program = compile_network(quantized, overlay)
    assert len(program.steps) == 22 and len({tensor.buffer for tensor in program.tensors.values()}) == 3
    features = program.tensors[program.input].format.quantize(network.preprocess.apply(images[0][:COUNT]).transpose(0, 2, 3, 1))
    found = run_golden(program, overlay.engine, features)[program.output].reshape(COUNT, -1)
    agreeing = int(np.sum(found.argmax(axis=1) == scores.argmax(axis=1)))
    assert agreeing >= COUNT - 2, f"{agreeing} of {COUNT} images agree"


@needs_data
def test_every_layer_keeps_its_signal(quantized: QuantizedNetwork) -> None:
    worst = min(quantized.errors, key=lambda error: error.snr)
    assert worst.snr > 18, f"{worst.name}: {worst.snr:.1f} dB"
    assert all(error.clipped_weights > 0.4 for error in quantized.errors if error.operator == "adder")


@needs_data
@pytest.mark.parametrize("board", ["pynq-z2", "zc706", "zcu102"])
def test_it_fits_every_board(quantized: QuantizedNetwork, board: str) -> None:
    assert compile_network(quantized, Overlay.load("adder", board)).board == board


def test_missing_or_foreign_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SumtileError, match="cannot be read as an npz archive"):
        load_addernet_resnet20(tmp_path / "absent.npz")
    (tmp_path / "text.npz").write_text("not an archive")
    with pytest.raises(SumtileError, match="cannot be read as an npz archive"):
        load_addernet_resnet20(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", weight=np.zeros(3))
    with pytest.raises(SumtileError, match=r"has no array 'conv1\.weight'"):
        load_addernet_resnet20(tmp_path / "other.npz")
    with pytest.raises(KeyError):
        build_addernet_resnet20({})
