# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The rank that a budget of accuracy allows, and a factored network in integers on the engine."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sumtile.compiler import compile_network
from sumtile.csim import Simulator
from sumtile.errors import SumtileError
from sumtile.network import Network
from sumtile.network.reference import run_float
from sumtile.network.svd import Decomposition, factor_layer
from sumtile.overlay import Overlay
from sumtile.program.golden import run_golden
from sumtile.quantize import quantize_network, read_quantized, schemes, write_quantized
from sumtile.quantize.ranks import RankTrial, smallest_rank
from tests.support.networks import lenet, random_images


def predictions(network: Network, images: np.ndarray) -> np.ndarray:
    return run_float(network, network.preprocess.apply(images))[network.output].argmax(axis=1)


def trial(count: int = 40) -> RankTrial:
    """A network whose own predictions are the labels, so that it starts with all of them right."""
    network = lenet(4)
    images = random_images(network, count, 5)
    return RankTrial(network, Decomposition(network, "fc1"), images, predictions(network, images))


def test_a_trial_counts_what_the_factored_network_gets_right() -> None:
    network = lenet(4)
    images = random_images(network, 40, 5)
    labels = predictions(network, images)
    found = RankTrial(network, Decomposition(network, "fc1"), images, labels)
    assert found.correct == 40 and found.highest == 15
    for rank in (1, 4, 15):
        factored, _ = factor_layer(network, Decomposition(network, "fc1"), rank)
        assert found.right(rank) == int((predictions(factored, images) == labels).sum())
    assert sorted(found.tried) == [1, 4, 15]


def test_the_rank_found_keeps_the_budget_and_no_tried_one_above_breaks_it() -> None:
    for points in (0.0, 5.0, 20.0, 60.0):
        found = trial()
        try:
            rank = smallest_rank(found, points)
        except SumtileError:
            assert found.right(found.highest) < found.correct - points / 100 * found.count
            continue
        assert all(right >= found.correct - points / 100 * found.count for tried, right in found.tried.items() if tried >= rank)
        assert rank == 1 or any(right < found.correct - points / 100 * found.count for tried, right in found.tried.items() if tried < rank)


class Known:
    """A trial whose counts are known, by rank from 1."""

    def __init__(self, counts: list[int]) -> None:
        self.counts, self.correct, self.count, self.highest = counts, 100, 100, len(counts)
        self.tried: dict[int, int] = {}
        self.decomposition = SimpleNamespace(layer=SimpleNamespace(name="fc"))

    def right(self, rank: int) -> int:
        return self.tried.setdefault(rank, self.counts[rank - 1])


@pytest.mark.parametrize(
    ("counts", "rank"),
    [
        ([0] * 9 + [99] * 23, 10),
        ([99] * 32, 1),
        ([0] * 31 + [99], 32),
        ([0] * 9 + [99] * 8 + [0] * 4 + [99] * 11, 22),  # a dip above the first good rank
        ([0] * 3 + [120] * 29, 4),  # more than without factors
    ],
)
def test_the_search_goes_on_above_a_dip(counts: list[int], rank: int) -> None:
    assert smallest_rank(Known(counts), 1.0) == rank  # type: ignore[arg-type]


def test_a_budget_that_no_rank_keeps_is_one_sentence() -> None:
    with pytest.raises(SumtileError, match="layer 'fc' loses 50.00 points of accuracy at rank 3, the highest that saves weights; allow more than 0.5 points"):
        smallest_rank(Known([0, 0, 50]), 0.5)  # type: ignore[arg-type]
    with pytest.raises(SumtileError, match="a loss of -1 points"):
        smallest_rank(Known([100]), -1)  # type: ignore[arg-type]
    network = lenet()
    with pytest.raises(SumtileError, match="0 images and 0 labels"):
        RankTrial(network, Decomposition(network, "fc1"), random_images(network, 1, 0)[:0], np.zeros(0, np.int64))


def test_two_factors_run_as_layers_of_their_own(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """The middle tensor has its own fl; golden model and C simulation agree; the file keeps all of it."""
    network = lenet(2)
    network, _ = factor_layer(network, Decomposition(network, "fc1"), 6)
    images = random_images(network, 8, 1)
    write_quantized(quantize_network(network, images, schemes.covering(8)), tmp_path / "factored.q")
    quantized = read_quantized(tmp_path / "factored.q")
    middle = quantized.formats["fc1.v"]
    assert middle.signed and quantized.layers[-3].name == "fc1.v" and not quantized.layers[-3].offset.any()
    overlay = Overlay.load("adder", "pynq-z2")
    program = compile_network(quantized, overlay)
    features = np.random.default_rng(1).integers(0, 100, (12, 12, 1))
    golden = run_golden(program, overlay.engine, features)
    simulator = Simulator(program)
    assert np.array_equal(simulator.infer(features).reshape(-1), golden[program.output].reshape(-1))
    simulator.close()
