# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Shrunk networks: random ones with dead channels compute the same, and what can go is gone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sumtile.network import Activation, Add, BatchNorm, Conv, Flatten, Linear, Network, Node, Preprocess
from sumtile.network.bases import decompose, prune, ternarize
from sumtile.network.graph import INPUT
from sumtile.network.reference import run_float
from sumtile.network.shrink import shrink
from tests.network.test_order import RandomGraph
from tests.support.graphs import random_graph
from tests.support.networks import random_images

ONES = (1, 1, 1, 1)


def with_dead_channels(network: Network, random: np.random.Generator) -> Network:
    """Filters, and inputs of filters, of zeros."""
    nodes: list[Node] = []
    for node in network.nodes:
        if isinstance(node, (Conv, Linear)):
            weight = node.weight.copy()
            weight[random.random(len(weight)) < 0.5] = 0
            run = weight.shape[1] if isinstance(node, Conv) else 1
            weight[:, np.repeat(random.random(weight.shape[1] // run) < 0.3, run)] = 0
            node = replace(node, weight=weight)
        nodes.append(node)
    return replace(network, nodes=nodes)


def weights(network: Network) -> int:
    return sum(node.weight.size for node in network.nodes if isinstance(node, (Conv, Linear)))


def same(network: Network, smaller: Network, seed: int) -> None:
    x = network.preprocess.apply(random_images(network, 2, seed))
    expected, found = (run_float(each, x)[each.output] for each in (network, smaller))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * float(np.abs(expected).max() + 1))


@pytest.mark.parametrize("seed", range(16))
def test_random_residual_networks(seed: int) -> None:
    random = np.random.default_rng(seed)
    network = with_dead_channels(RandomGraph(random, exact=False).network(), random)
    smaller = shrink(network)
    same(network, smaller, seed)
    assert weights(smaller) <= weights(network) and [node.name for node in smaller.nodes] == [node.name for node in network.nodes]
    assert weights(shrink(smaller)) == weights(smaller)


@pytest.mark.parametrize("seed", range(16))
def test_random_networks_with_every_node(seed: int) -> None:
    network = with_dead_channels(random_graph(seed, adders=True), np.random.default_rng(seed))
    same(network, shrink(network), seed)


def test_most_random_networks_shrink() -> None:
    shares = []
    for seed in range(16):
        random = np.random.default_rng(seed)
        network = with_dead_channels(RandomGraph(random, exact=False).network(), random)
        shares.append(weights(shrink(network)) / weights(network))
    assert np.mean(np.array(shares) < 0.8) > 0.4 and min(shares) < 0.3


def chain(padding: tuple[int, int, int, int], beta: float) -> Network:
    """Two 3x3 convolutions, the first with one filter of zeros, behind which a batch normalization makes ReLU(beta)."""
    random = np.random.default_rng(3)
    first, second = (random.normal(0, 1, shape).astype(np.float32) for shape in ((4, 1, 3, 3), (3, 4, 3, 3)))
    first[1] = 0
    shift = np.array([0.1, beta, -0.2, 0.3], np.float32)
    nodes: list[Node] = [
        Conv("one", (INPUT,), first, padding=ONES),
        BatchNorm("bn", ("one",), np.ones(4, np.float32), shift, np.zeros(4, np.float32), np.ones(4, np.float32)),
        Activation("relu", ("bn",)),
        Conv("two", ("relu",), second, padding=padding),
    ]
    return Network("chain", Preprocess(8, 7, (0.0,), (1.0,)), nodes)


def test_a_constant_goes_into_the_next_bias() -> None:
    network = chain((0, 0, 0, 0), beta=0.5)
    smaller = shrink(network)
    assert [smaller.node(name).weight.shape for name in ("one", "two")] == [(3, 1, 3, 3), (3, 3, 3, 3)]  # type: ignore[attr-defined]
    np.testing.assert_allclose(smaller.node("two").bias, 0.5 * network.node("two").weight[:, 1].sum(axis=(1, 2)), rtol=1e-4)  # type: ignore[attr-defined]
    same(network, smaller, 1)


def test_a_constant_of_zero_goes_behind_padding_too() -> None:
    network = chain(ONES, beta=-0.5)
    smaller = shrink(network)
    assert len(smaller.node("one").weight) == 3 and smaller.node("two").bias is None  # type: ignore[attr-defined]
    same(network, smaller, 1)


def test_a_constant_that_meets_padding_stays_unless_borders_may_change() -> None:
    network = chain(ONES, beta=0.5)
    assert len(shrink(network).node("one").weight) == 4  # type: ignore[attr-defined]
    smaller = shrink(network, approximate_borders=True)
    assert len(smaller.node("one").weight) == 3  # type: ignore[attr-defined]
    x = network.preprocess.apply(random_images(network, 2, 1))
    expected, found = (run_float(each, x)["two"] for each in (network, smaller))
    np.testing.assert_allclose(found[:, :, 1:-1, 1:-1], expected[:, :, 1:-1, 1:-1], atol=1e-4)
    assert np.abs(found - expected)[:, :, 0].max() > 0.1


def residual(dead_trunk: bool, dead_branch: bool) -> Network:
    """A shortcut past a convolution; channel 2 of either side may come from a filter of zeros."""
    random = np.random.default_rng(5)
    trunk, branch, last = (random.normal(0, 1, shape).astype(np.float32) for shape in ((4, 1, 3, 3), (4, 4, 3, 3), (5, 4)))
    trunk[2] *= not dead_trunk
    branch[2] *= not dead_branch
    last = np.repeat(last, 30, axis=1)
    nodes: list[Node] = [
        Conv("trunk", (INPUT,), trunk, padding=ONES),
        Conv("branch", ("trunk",), branch, bias=np.zeros(4, np.float32), padding=ONES),
        Add("add", ("branch", "trunk")),
        Activation("relu", ("add",)),
        Flatten("flat", ("relu",)),
        Linear("fc", ("flat",), last),
    ]
    return Network("residual", Preprocess(5, 6, (0.0,), (1.0,)), nodes)


@pytest.mark.parametrize(("dead_trunk", "dead_branch", "left"), [(True, True, 3), (True, False, 4), (False, True, 4), (False, False, 4)])
def test_a_shortcut_loses_a_channel_only_where_both_sides_do(dead_trunk: bool, dead_branch: bool, left: int) -> None:
    network = residual(dead_trunk, dead_branch)
    smaller = shrink(network)
    assert [len(smaller.node(name).weight) for name in ("trunk", "branch")] == [left, left]  # type: ignore[attr-defined]
    assert smaller.node("fc").weight.shape == (5, 30 * left)  # type: ignore[attr-defined]
    same(network, smaller, 2)


def test_bases_shrink_with_their_layers() -> None:
    random = np.random.default_rng(7)
    network = chain((0, 0, 0, 0), beta=-1.0)
    bases = prune(decompose(random.normal(0, 1, (3, 4, 3, 3)), 5), 0.1)
    bases.coefficients[:, :, 3] = 0
    bases.coefficients[:, 2] = 0
    bases = ternarize(bases, 0.0)
    network = replace(network, nodes=[*network.nodes[:3], replace(network.node("two"), weight=bases.compose())], bases={"two": bases})  # type: ignore[arg-type]
    smaller = shrink(network)
    assert smaller.bases["two"].basis.shape == (4, 3, 3) and smaller.bases["two"].coefficients.shape == (3, 2, 4)
    assert smaller.node("one").weight.shape == (2, 1, 3, 3)  # type: ignore[attr-defined]
    same(network, smaller, 3)


def test_a_network_of_zeros_keeps_a_channel_everywhere() -> None:
    network = chain(ONES, beta=0.5)
    nodes = [replace(node, weight=np.zeros_like(node.weight)) if isinstance(node, Conv) else node for node in network.nodes]
    smaller = shrink(replace(network, nodes=nodes))
    assert [smaller.node(name).weight.shape for name in ("one", "two")] == [(1, 1, 3, 3), (3, 1, 3, 3)]  # type: ignore[attr-defined]
    same(replace(network, nodes=nodes), smaller, 4)
