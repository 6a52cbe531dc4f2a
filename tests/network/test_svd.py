# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Fully connected layers in two factors: sizes, nearness, batch normalization, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import Activation, BatchNorm, Flatten, Grid, Linear, Network, Preprocess, channel_groups, reorder_channels
from sumtile.network.graph import INPUT
from sumtile.network.reference import run_float
from sumtile.network.svd import Decomposition, Factored, check_rank, factor_blank, factor_layer, highest_rank
from tests.support.networks import lenet, random_images


def linear(outputs: int, inputs: int, seed: int = 0) -> Network:
    """One layer whose singular values fall quickly, on a map of one channel."""
    random = np.random.default_rng(seed)
    weight = random.normal(0, 1, (outputs, inputs)) @ np.diag(0.7 ** np.arange(inputs)) @ random.normal(0, 1, (inputs, inputs))
    nodes = [Flatten("flat", (INPUT,)), Linear("fc", ("flat",), weight.astype(np.float32), random.normal(0, 1, outputs).astype(np.float32))]
    return Network("one", Preprocess(1, inputs, (0.5,), (0.5,)), nodes)


def test_the_sizes_of_the_paper_are_exact() -> None:
    fc6 = Factored("fc6", 4096, 25088, 500)
    assert (fc6.weights_before, fc6.weights) == (102_760_448, 14_592_000)
    assert str(fc6) == "fc6 in two factors of rank 500: 14,592,000 weights for 102,760,448 (-85.8 %)"


@pytest.mark.parametrize(("outputs", "inputs"), [(12, 40), (40, 12), (17, 17)])
def test_factors_are_the_nearest_of_their_rank(outputs: int, inputs: int) -> None:
    network = linear(outputs, inputs)
    decomposition = Decomposition(network, "fc")
    weight = decomposition.layer.weight.astype(np.float64)
    _, expected, _ = np.linalg.svd(weight, full_matrices=False)
    assert np.allclose(decomposition.values, expected, atol=1e-6 * expected[0])
    for rank in (1, 3, 5):
        first, second = decomposition.factors(rank)
        assert (first.shape, second.shape) == ((rank, inputs), (outputs, rank))
        assert np.linalg.norm(weight - second @ first) == pytest.approx(np.sqrt(np.square(expected[rank:]).sum()), rel=1e-4)
        assert np.allclose(np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=0), rtol=1e-4)


def test_a_network_at_full_rank_computes_the_same() -> None:
    """Of a rank as low as the layer's own, nothing is lost; bias, names and what follows stay."""
    random = np.random.default_rng(3)
    network = lenet()
    fc1 = network.node("fc1")
    assert isinstance(fc1, Linear)
    fc1.weight = random.normal(0, 1, (17, 6)) @ random.normal(0, 0.1, (6, fc1.weight.shape[1]))
    factored, report = factor_layer(network, Decomposition(network, "fc1"), 6)
    assert report == Factored("fc1", 17, 180, 6)
    assert [node.name for node in factored.nodes if isinstance(node, Linear)] == ["fc1.v", "fc1", "fc2"]
    assert factored.node("fc1.v").inputs == ("flat",) and factored.node("fc1").inputs == ("fc1.v",)
    x = network.preprocess.apply(random_images(network, 4, 1))
    before, after = run_float(network, x), run_float(factored, x)
    for name, values in before.items():
        assert np.allclose(after[name], values, atol=1e-4 * np.abs(values).max()), name
    assert len(network.nodes) + 1 == len(factored.nodes)


def test_the_scale_of_a_batch_normalization_weighs_the_rows() -> None:
    """The error behind the normalization is the least that a rank allows; an output of scale 0 costs nothing."""
    network = linear(8, 20)
    gamma = np.array([50.0, 0.01, 1, 1, 0, 1, 1, 1])
    norm = BatchNorm("norm", ("fc",), gamma, np.zeros(8), np.zeros(8), np.ones(8), epsilon=0.0)
    network = replace(network, nodes=[*network.nodes, norm])
    decomposition = Decomposition(network, "fc")
    scaled = gamma[:, None] * decomposition.layer.weight
    values = np.linalg.svd(scaled, compute_uv=False)
    first, second = decomposition.factors(2)
    assert np.linalg.norm(scaled - gamma[:, None] * (second @ first)) == pytest.approx(np.sqrt(np.square(values[2:]).sum()), rel=1e-4)
    assert not second[4].any() and np.isfinite(second).all()
    plain = Decomposition(replace(network, nodes=[*network.nodes[:-1], Activation("relu", ("fc",)), replace(norm, inputs=("relu",))]), "fc")
    assert np.allclose(plain.values, np.linalg.svd(decomposition.layer.weight, compute_uv=False), rtol=1e-3, atol=1e-4)


def test_energy_is_the_share_of_squared_values() -> None:
    network = linear(6, 6)
    network.nodes[1].weight = np.diag([5, 4, 3, 2, 1, 0]).astype(np.float32)  # type: ignore[attr-defined]
    decomposition = Decomposition(network, "fc")
    assert [decomposition.energy(rank) for rank in (1, 2, 6)] == pytest.approx([25 / 55, 41 / 55, 1])
    assert [decomposition.rank_of_energy(share) for share in (0.01, 25 / 55, 0.46, 0.9, 1)] == [1, 1, 2, 3, 5]
    for share in (0, 1.01, float("nan")):
        with pytest.raises(SumtileError, match="lies above 0 and up to 1"):
            decomposition.rank_of_energy(share)


def test_channels_of_a_factored_network_can_be_reordered() -> None:
    network, _ = factor_layer(lenet(), Decomposition(lenet(), "fc1"), 7)
    orders = {group.name: np.random.default_rng(1).permutation(group.channels) for group in channel_groups(network) if not group.pinned}
    assert "fc1.v" in orders
    x = network.preprocess.apply(random_images(network, 3, 2))
    expected = run_float(network, x)[network.output]
    assert np.allclose(run_float(reorder_channels(network, orders), x)[network.output], expected, atol=1e-4)


def test_grids_of_factored_weights_are_left_out() -> None:
    grid = Grid(4, True, False, np.array(0.5))
    network = replace(lenet(), grids={"fc1.weight": grid, "fc2.weight": grid, "fc1": grid})
    assert set(factor_layer(network, Decomposition(network, "fc1"), 7)[0].grids) == {"fc2.weight", "fc1"}


def test_a_blank_network_has_the_shapes_and_takes_no_memory() -> None:
    network, (report,) = factor_blank(lenet(), {"fc1": 3})
    assert report == Factored("fc1", 17, 180, 3)
    shapes = {node.name: node.weight.shape for node in network.nodes if isinstance(node, Linear)}
    assert shapes == {"fc1.v": (3, 180), "fc1": (17, 3), "fc2": (5, 17)}
    assert network.node("fc1.v").weight.base.nbytes == 4  # type: ignore[attr-defined]


def test_what_cannot_be_factored_is_one_sentence() -> None:
    network = lenet()
    fc1 = network.node("fc1")
    assert isinstance(fc1, Linear) and highest_rank(fc1) == 15
    assert check_rank(fc1, 15).saved > 0
    for rank, sentence in (
        (16, "two factors of rank 16 have 3,152 weights, and layer 'fc1' itself has 3,060; choose a rank up to 15"),
        (0, "rank 0 was asked for"),
        (18, "ranks from 1 to 17"),
    ):
        with pytest.raises(SumtileError, match=re.escape(sentence)):
            factor_layer(network, Decomposition(network, "fc1"), rank)
    with pytest.raises(SumtileError, match=re.escape("no fully connected layer 'conv1' to factor (it has: fc1, fc2)")):
        Decomposition(network, "conv1")
    with pytest.raises(SumtileError, match="itself has 1; leave the layer as it is"):
        check_rank(Linear("one", (INPUT,), np.ones((1, 1))), 1)
    paths = replace(network, nodes=[replace(node, name=f"head/{node.name}/Gemm") if isinstance(node, Linear) else node for node in network.nodes[:-2]])
    assert Decomposition(paths, "fc1").layer.name == "head/fc1/Gemm"
    with pytest.raises(SumtileError, match="several fully connected layers 'head' to factor"):
        Decomposition(replace(paths, nodes=[*paths.nodes, Linear("head/fc2", ("head/fc1/Gemm",), np.ones((5, 17)))]), "head")
    twice, _ = factor_layer(network, Decomposition(network, "fc1"), 7)
    with pytest.raises(SumtileError, match="has a node 'fc1.v' already"):
        factor_layer(twice, Decomposition(twice, "fc1"), 2)
    broken = replace(network, nodes=[replace(node, weight=np.full_like(node.weight, np.nan)) if node is fc1 else node for node in network.nodes])  # type: ignore[attr-defined]
    with pytest.raises(SumtileError, match="not finite"):
        Decomposition(broken, "fc1")
