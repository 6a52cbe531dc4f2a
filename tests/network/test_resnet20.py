# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The ordinary ResNet-20: its option A shortcuts, and the published weights on CIFAR-10 images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import Conv, Network, channel_groups
from sumtile.network.reference import run_float
from sumtile.network.resnet20 import build_resnet20, load_resnet20
from tests.support.data import DATA, needs

WEIGHTS, IMAGES = DATA / "resnet20_cifar10_akamaster.npz", DATA / "cifar10_train1000.npz"

needs_data = needs(WEIGHTS, IMAGES)


def random_arrays(seed: int) -> dict[str, np.ndarray]:
    """Arrays of the checkpoint's names and shapes."""
    random = np.random.default_rng(seed)
    arrays: dict[str, np.ndarray] = {}

    def add(conv: str, norm: str, outputs: int, inputs: int) -> None:
        arrays[f"{conv}.weight"] = random.normal(0, 0.2, (outputs, inputs, 3, 3)).astype(np.float32)
        for part in ("weight", "bias", "running_mean", "running_var"):
            arrays[f"{norm}.{part}"] = random.uniform(0.5, 1.5, outputs).astype(np.float32)

    add("conv1", "bn1", 16, 3)
    inputs = 16
    for stage, outputs in enumerate((16, 32, 64), start=1):
        for block in range(3):
            add(f"layer{stage}.{block}.conv1", f"layer{stage}.{block}.bn1", outputs, inputs)
            add(f"layer{stage}.{block}.conv2", f"layer{stage}.{block}.bn2", outputs, outputs)
            inputs = outputs
    arrays["linear.weight"], arrays["linear.bias"] = random.normal(0, 1, (10, 64)), random.normal(0, 1, 10)
    return arrays


@pytest.fixture(scope="module")
def network() -> Network:
    network = build_resnet20(random_arrays(0))
    network.check()
    return network


def test_shape_of_the_network(network: Network) -> None:
    convs = [node for node in network.nodes if isinstance(node, Conv)]
    assert {conv.operator for conv in convs} == {"mac"}
    assert len(convs) == 19 + 2 and len(network.nodes) == 3 + 9 * 7 + 2 + 3
    assert [group.channels for group in channel_groups(network) if len(group.producers) > 1] == [16, 32, 64]


@pytest.mark.parametrize(("block", "source", "filler"), [("layer2.0", "layer1.2", 8), ("layer3.0", "layer2.2", 16)])
def test_shortcuts_take_every_other_pixel_and_pad_channels_on_both_sides(network: Network, block: str, source: str, filler: int) -> None:
    tensors = run_float(network, np.random.default_rng(0).standard_normal((2, 3, 32, 32)))
    expected = np.pad(tensors[source][:, :, ::2, ::2], ((0, 0), (filler, filler), (0, 0), (0, 0)))
    np.testing.assert_array_equal(tensors[f"{block}.shortcut"], expected)


def test_a_checkpoint_without_an_array_is_refused(tmp_path: Path) -> None:
    arrays = random_arrays(1)
    del arrays["layer3.2.bn2.running_var"]
    np.savez(tmp_path / "weights.npz", **arrays)
    with pytest.raises(SumtileError, match=r"weights\.npz has no array 'layer3\.2\.bn2\.running_var', which the ResNet-20 needs; give its CIFAR-10 weights\."):
        load_resnet20(tmp_path / "weights.npz")
    with pytest.raises(SumtileError, match=r"cannot be read as an npz archive of arrays .*; give the ResNet-20 weights\."):
        load_resnet20(tmp_path / "absent.npz")


def test_files_of_other_arrays_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(SumtileError, match=r"one\.npy cannot be read as an npz archive of arrays .*; give the ResNet-20 weights\."):
        load_resnet20(tmp_path / "one.npy")
    for name in ("layer1.0.conv1.weight", "layer2.0.conv1.weight"):
        np.savez(tmp_path / "weights.npz", **{**random_arrays(1), name: np.float32(3)})
        with pytest.raises(SumtileError, match=r"weights\.npz has an array of another shape than the ResNet-20 needs .*; give its CIFAR-10 weights\."):
            load_resnet20(tmp_path / "weights.npz")


@needs_data
def test_the_published_weights_classify() -> None:
    network = load_resnet20(WEIGHTS)
    with np.load(IMAGES) as archive:
        images, labels = archive["x"][:100], archive["y"][:100]
    scores = run_float(network, network.preprocess.apply(images))[network.output]
    assert np.mean(scores.argmax(axis=1) == labels) >= 0.98
