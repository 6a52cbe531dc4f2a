# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Layers of given densities, and the parts of the basis array against the loops that the simulation executes."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.overlays import ENGINES

from sumtile.csim import load_kernel, simulate_layer
from sumtile.kernels.basis import split_weights
from sumtile.kernels.golden import accumulate, run_layer
from sumtile.kernels.layer import MapShape, Requantization
from sumtile.kernels.sparsity import PARTS, dense_cycles, part_cycles, sparse_layer

OVERLAY = ENGINES["basis"]


@pytest.mark.parametrize("coefficients, features", [(0.0, 1.0), (0.1, 0.5), (0.7, 0.3), (1.0, 1.0)])
def test_the_densities_are_those_asked_for(coefficients: float, features: float) -> None:
    sparse = sparse_layer(OVERLAY.engine, MapShape(9, 8, 40), 4, coefficients, features)
    marks = split_weights(sparse.layer, sparse.weights)[0]
    assert np.abs(marks).max(initial=0) <= 1 and np.mean(marks != 0) == pytest.approx(coefficients, abs=0.02)
    assert sparse.features.max() <= 255 and np.mean(sparse.features != 0) == pytest.approx(features, abs=0.03)
    again = sparse_layer(OVERLAY.engine, MapShape(9, 8, 40), 4, coefficients, features)
    np.testing.assert_array_equal(sparse.weights, again.weights)


@pytest.mark.parametrize("coefficients, features", [(0.05, 0.5), (0.5, 1.0)])
def test_the_simulation_executes_these_cycles(coefficients: float, features: float) -> None:
    engine, sparse = OVERLAY.engine, sparse_layer(OVERLAY.engine, MapShape(6, 7, 20), 3, coefficients, features)
    layer, kernel = sparse.layer, load_kernel(OVERLAY)
    largest = max(int(np.abs(accumulate(layer, sparse.features, sparse.weights)).max()), 1)
    requantization = Requantization.fit(np.full(layer.channels, 16000 / largest), np.zeros(layer.channels))
    before = kernel.iterations()
    result = simulate_layer(kernel, OVERLAY, layer, sparse.features, sparse.weights, requantization)
    np.testing.assert_array_equal(result, run_layer(engine, layer, sparse.features, sparse.weights, requantization))
    executed = {part: kernel.iterations()[stage] - before[stage] for stage, part in PARTS.items()}
    cycles = part_cycles(engine, layer, sparse.features, sparse.weights)
    assert {part: count for part, count in cycles.items() if part != "adders"} == {part: count for part, count in executed.items() if part != "adders"}
    assert executed["adders"] / engine.to <= cycles["adders"] <= executed["adders"], "the slowest row of all that the simulation counts together"


def test_zeros_save_cycles_until_the_gather_is_the_bound() -> None:
    engine, shape = OVERLAY.engine, MapShape(6, 7, 20)
    cycles = [part_cycles(engine, sparse.layer, sparse.features, sparse.weights) for sparse in (sparse_layer(engine, shape, 3, density, 1.0) for density in (0.02, 0.3, 1.0))]
    assert cycles[0]["adders"] < cycles[1]["adders"] < cycles[2]["adders"]
    assert len({each["gather"] for each in cycles}) == 1
    assert dense_cycles(engine, sparse_layer(engine, shape, 3, 0.3, 1.0).layer) == 6 * 7 * 20 * 20 * 9 // (9 * engine.to)
