# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Fixed point and the rounding rules against exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.formats import FL_MAX, FixedPoint, round_shift, saturate
from sumtile.formats.fixed import FL_COVERING_MAX


@pytest.mark.parametrize("shift", range(-3, 6))
def test_shifts_round_half_to_even(shift: int) -> None:
    values = np.arange(-200, 201)
    exact = [round(Fraction(int(value)) / Fraction(2) ** shift) for value in values]
    assert round_shift(values, shift).tolist() == exact


def test_each_value_may_have_its_own_shift() -> None:
    assert round_shift(np.array([6, 6, 6, -5]), np.array([-1, 0, 2, 1])).tolist() == [12, 6, 2, -2]


def test_saturation() -> None:
    values = np.array([-300, -128, 127, 128, 300])
    assert saturate(values, 8).tolist() == [-128, -128, 127, 127, 127]
    assert saturate(values, 8, signed=False).tolist() == [0, 0, 127, 128, 255]


@pytest.mark.parametrize("fl", [-7, -1, 0, 3, 20])
@pytest.mark.parametrize(("bits", "signed"), [(4, True), (8, False), (16, True), (16, False)])
def test_quantizing_is_rounding_and_saturating(bits: int, signed: bool, fl: int) -> None:
    format = FixedPoint(bits, fl, signed)
    steps = np.concatenate([np.random.default_rng(bits).uniform(1.2 * format.low - 2, 1.2 * format.high, 200), [0.5, 1.5, 2.5, -0.5, -1.5]])
    exact = [min(max(round(Fraction(step)), format.low), format.high) for step in steps]
    integers = format.quantize(steps * 2.0**-fl)
    assert integers.tolist() == exact
    assert format.quantize(format.dequantize(integers)).tolist() == exact


@pytest.mark.parametrize("seed", range(60))
def test_covering_is_the_finest_format_that_does_not_saturate(seed: int) -> None:
    random = np.random.default_rng(seed)
    bits, signed = int(random.integers(2, 17)), bool(random.integers(2))
    values = random.normal(0, 2.0 ** random.uniform(-20, 30), 50)
    low, high = (float(values.min()), float(values.max())) if signed else (0.0, float(np.abs(values).max()))
    format = FixedPoint.covering(low, high, bits)
    repeat = f"repeat with test_covering_is_the_finest_format_that_does_not_saturate(seed={seed})"
    assert (format.bits, format.signed) == (bits, signed), repeat
    assert format.low * format.scale <= low and high <= format.high * format.scale, repeat
    assert format.fl == 40 or low < format.low * format.scale / 2 or high > format.high * format.scale / 2, repeat


def test_covering_at_the_ends_of_a_format() -> None:
    assert FixedPoint.covering(-1.0, 127 / 128, 8) == FixedPoint(8, 7)
    assert FixedPoint.covering(-1.0, 1.0, 8) == FixedPoint(8, 6)
    assert FixedPoint.covering(0.0, 70_000.0, 16) == FixedPoint(16, -1, signed=False)
    assert FixedPoint.covering(-70.8, 65.0, 4) == FixedPoint(4, -4)
    assert FixedPoint.covering(0.0, 1.0, 8, signed=True) == FixedPoint(8, 6)


def test_tiny_values_have_the_largest_length_that_a_range_leads_to() -> None:
    assert [FixedPoint.covering(0.0, high, 8).fl for high in (2.0**-31, 2.0**-60, 0.0)] == [38, FL_COVERING_MAX, FL_COVERING_MAX]


@pytest.mark.parametrize("make", [lambda: FixedPoint(1, 0), lambda: FixedPoint(33, 0), lambda: FixedPoint(8, FL_MAX + 1), lambda: FixedPoint(8, -FL_MAX - 1)])
def test_formats_that_do_not_exist_are_refused(make: object) -> None:
    with pytest.raises(SumtileError, match="a fixed-point format"):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("high", [1e30, float("nan"), float("inf")])
def test_values_that_no_format_covers_are_refused(high: float) -> None:
    with pytest.raises(SumtileError, match="do not fit 8 bits at any fl"):
        FixedPoint.covering(0.0, high, 8)
