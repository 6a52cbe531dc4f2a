# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Rows of two formats: which filters get which, and that the network does not change."""

from __future__ import annotations

import numpy as np
import pytest

from sumtile.formats import Mixed, Sp2, Symmetric
from sumtile.network import Activation, Add, Conv, Flatten, Linear, Network, Preprocess
from sumtile.network.reference import run_float
from sumtile.quantize.rows import assign_rows
from tests.support.networks import lenet, random_images, resnet

MIXED = Mixed(Symmetric(4), Sp2(4), 2, 5)


def variances(network: Network, name: str) -> np.ndarray:
    """Variance of each filter."""
    weight = network.node(name).weight  # type: ignore[attr-defined]
    return weight.reshape(len(weight), -1).var(axis=1)


def filters(random: np.random.Generator, *shape: int) -> np.ndarray:
    """Filters of different variances."""
    return random.normal(0, 1, shape) * random.uniform(0.1, 1, shape[0])[(slice(None), *[None] * (len(shape) - 1))]


def trunk(seed: int) -> Network:
    """Two layers that make one trunk, one on a branch beside it, and a classifier behind a flatten."""
    random = np.random.default_rng(seed)
    ones = (1, 1, 1, 1)
    nodes = [
        Conv("first", ("input",), filters(random, 11, 3, 3, 3), padding=ones),
        Activation("relu", ("first",)),
        Conv("branch", ("relu",), filters(random, 13, 11, 3, 3), padding=ones),
        Conv("back", ("branch",), filters(random, 11, 13, 1, 1)),
        Add("sum", ("back", "relu")),
        Flatten("flat", ("sum",)),
        Linear("last", ("flat",), filters(random, 6, 11 * 5 * 4)),
    ]
    return Network("trunk", Preprocess(5, 4, (0.5,) * 3, (0.25,) * 3), nodes, tuple("abcdef"))


@pytest.mark.parametrize("seed", range(3))
def test_the_filters_of_highest_variance_lie_in_the_fixed_rows(seed: int) -> None:
    ordered, _ = assign_rows(trunk(seed), MIXED, ["first", "branch", "back", "last"])
    fixed = MIXED.fixed_rows(13)
    found = variances(ordered, "branch")
    assert fixed.sum() == 5 and found[fixed].min() > found[~fixed].max()


@pytest.mark.parametrize("seed", range(3))
def test_a_trunk_follows_the_summed_ranks_of_the_layers_that_have_rows(seed: int) -> None:
    network = trunk(seed)
    ranks = {name: np.argsort(np.argsort(variances(network, name))) for name in ("first", "back")}
    for layers in (["first", "back"], ["back"]):
        ordered, _ = assign_rows(network, MIXED, layers)
        place = {tuple(row): index for index, row in enumerate(network.node("first").weight.reshape(11, -1))}  # type: ignore[attr-defined]
        order = np.array([place[tuple(row)] for row in ordered.node("first").weight.reshape(11, -1)])  # type: ignore[attr-defined]
        summed, fixed = sum(ranks[name] for name in layers)[order], MIXED.fixed_rows(11)
        assert summed[fixed].min() >= summed[~fixed].max(), f"seed {seed}, {layers}"


@pytest.mark.parametrize("seed", range(3))
def test_a_shortcut_that_is_exact_in_every_format_has_no_vote(seed: int) -> None:
    network = trunk(seed)
    shortcut = np.eye(11)[:, :, None, None] * np.arange(11, 0, -1)[:, None, None, None]
    network.nodes[4:5] = [Conv("shortcut", ("relu",), shortcut), Add("sum", ("back", "shortcut"))]
    ordered, _ = assign_rows(network, MIXED, ["back", "shortcut"])
    found, fixed = variances(ordered, "back"), MIXED.fixed_rows(11)
    assert found[fixed].min() > found[~fixed].max()


@pytest.mark.parametrize("seed", range(3))
def test_the_network_computes_the_same(seed: int) -> None:
    cases = [(trunk(seed), ["first", "branch", "back", "last"]), (lenet(seed), ["fc1"]), (resnet(seed), ["conv1", "conv4"])]
    for network, layers in cases:
        x = network.preprocess.apply(random_images(network, 3, seed))
        ordered, _ = assign_rows(network, MIXED, layers)
        moved = [name for name in layers if not np.array_equal(network.node(name).weight, ordered.node(name).weight)]  # type: ignore[attr-defined]
        np.testing.assert_allclose(run_float(ordered, x)[network.output], run_float(network, x)[network.output], rtol=1e-3, atol=1e-3, err_msg=f"{network.name}, seed {seed}")
        assert moved


def test_the_output_and_layers_without_rows_stay() -> None:
    network = trunk(0)
    assert np.array_equal(assign_rows(network, MIXED, ["last"])[0].node("last").weight, network.node("last").weight)  # type: ignore[attr-defined]
    ordered, _ = assign_rows(network, MIXED, ["branch"])
    assert np.array_equal(ordered.node("first").weight, network.node("first").weight)  # type: ignore[attr-defined]
    assert np.array_equal(np.sort(variances(ordered, "branch")), np.sort(variances(network, "branch")))
