# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The error of a tensor over its fractional length, and of weights by filter."""

from __future__ import annotations

import numpy as np
import pytest

from sumtile.formats import FixedPoint, Mixed, Sp2, Symmetric
from sumtile.quantize.fl import error_curve
from sumtile.quantize.noise import decibels
from sumtile.quantize.weight_rules import FittedWeights
from sumtile.quantize.weights import filter_decibels


def test_a_curve_falls_to_what_just_avoids_overflow_and_rises_behind() -> None:
    values = np.random.default_rng(1).uniform(-0.9, 0.9, 5000)
    curve = error_curve(values, FixedPoint(8, 5), 6)
    assert list(curve) == list(range(-1, 12))
    assert min(curve, key=lambda fl: curve[fl]) == 7  # 127 / 128 is the largest number that it holds
    assert all(curve[fl] / curve[fl + 1] == pytest.approx(2, rel=0.15) for fl in range(1, 7))
    assert curve[11] == pytest.approx(1 - 0.0625 / 0.45, abs=0.02)  # nearly all saturate at 1 / 16


def test_zeros_have_no_error() -> None:
    assert set(error_curve(np.zeros(7), FixedPoint(4, 0), 2).values()) == {0.0}


def test_filters_together_are_the_layer() -> None:
    weights = np.random.default_rng(2).normal(0, 0.2, (6, 3, 3, 4)) * np.arange(1, 7)[:, None, None, None]
    weights[2] = 0.25
    rounded = FittedWeights(Mixed(Symmetric(4), Sp2(4), 1, 2), 16).quantize([weights])[0]
    ratios = filter_decibels(weights, rounded)
    power = np.square(weights).reshape(6, -1).sum(axis=1)
    assert ratios.shape == (6,) and np.isposinf(ratios[2])
    assert 10 * np.log10(power.sum() / np.sum(power / 10 ** (ratios / 10))) == pytest.approx(rounded.snr)
    assert ratios[0] == pytest.approx(decibels(weights[0], weights[0] - rounded.integers[0] * rounded.step[0]))
