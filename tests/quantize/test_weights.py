# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Integer weights of adder layers: the clip-and-constant identity."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sumtile.formats import FixedPoint
from sumtile.quantize.weights import share_scale

FORMATS = st.builds(FixedPoint, bits=st.integers(2, 8), fl=st.integers(-3, 9), signed=st.booleans())
SEEDS = st.integers(0, 2**32 - 1)


def random_weights(seed: int, spread: float) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, (3, 2, 2, 5))


@settings(deadline=None)
@given(features=FORMATS, seed=SEEDS, spread=st.sampled_from([0.1, 10.0, 300.0, 3000.0]))
def test_clipping_and_the_constant_change_no_sum_of_integers(features: FixedPoint, seed: int, spread: float) -> None:
    integers = np.rint(random_weights(seed, spread))
    quantized = share_scale(integers * features.scale, features)
    x = np.random.default_rng(seed + 1).integers(features.low, features.high, (50, 1, 2, 2, 5), endpoint=True)
    x[0], x[1], x[2] = 0, features.low, features.high
    exact = -np.abs(x - integers).sum(axis=(2, 3, 4))
    found = -np.abs(x - quantized.integers).sum(axis=(2, 3, 4)) + quantized.constant
    np.testing.assert_array_equal(found, exact)
    assert features.low <= quantized.integers.min() and quantized.integers.max() <= features.high


@settings(deadline=None)
@given(features=FORMATS, seed=SEEDS)
def test_real_weights_cost_at_most_half_a_unit_each(features: FixedPoint, seed: int) -> None:
    weights = random_weights(seed, 20 * features.scale)
    quantized = share_scale(weights, features)
    x = np.random.default_rng(seed).integers(features.low, features.high, (20, 1, 2, 2, 5), endpoint=True)
    exact = -np.abs(x * features.scale - weights).sum(axis=(2, 3, 4))
    found = (-np.abs(x - quantized.integers).sum(axis=(2, 3, 4)) + quantized.constant) * quantized.step
    assert np.abs(found - exact).max() <= 0.5 * 20 * features.scale * (1 + 1e-9)


def test_unsigned_features_move_negative_weights_to_the_constant() -> None:
    features = FixedPoint(8, 0, signed=False)
    quantized = share_scale(np.array([-3.0, 5.0, 300.0]).reshape(1, 1, 1, 3), features)
    assert quantized.integers.ravel().tolist() == [0, 5, 255]
    assert quantized.constant.tolist() == [-(3 + 45)]
    assert quantized.clipped == 2 / 3
