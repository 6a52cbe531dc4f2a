# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Real scales to engine integers: accuracy, dead and huge factors, residual alignment, averages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sumtile.compiler.arithmetic import lower_arithmetic
from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint, Symmetric, round_shift
from sumtile.kernels.activation import activate
from sumtile.kernels.layer import Layer, MapShape, Pool, Requantization
from sumtile.overlay import Engine, Overlay
from sumtile.quantize import QuantizedLayer

ENGINE = Overlay.load("adder", "zcu102").engine
WIDE = replace(ENGINE, data_bits=16)
SEEDS = st.integers(0, 2**32 - 1)


def layer(scale: np.ndarray, offset: np.ndarray, activated: FixedPoint, **changes: object) -> QuantizedLayer:
    channels = len(scale)
    geometry = Layer("mac", MapShape(4, 4, 3), channels)
    base = QuantizedLayer(("conv",), "input", None, geometry, np.zeros(geometry.weight_shape, np.int64), Symmetric(8), scale, offset, 1.0, None, None, activated)
    return replace(base, **changes)  # type: ignore[arg-type]


def requantized(engine: Engine, lowered: Layer, requantization: Requantization, sums: np.ndarray, residual: np.ndarray | None = None) -> np.ndarray:
    """The engine's arithmetic after the sums, as kernels.golden has it."""
    values = round_shift(sums * requantization.mul, requantization.shift) + requantization.add
    bound = 1 << (engine.mid_bits - 1)
    values = np.clip(values, -bound, bound - 1)
    if lowered.residual is not None and residual is not None:
        values = np.clip(values + round_shift(residual, -lowered.residual.shift), -bound, bound - 1)
    return activate(engine, lowered, values)


@settings(deadline=None)
@given(seed=SEEDS, bits=st.integers(2, 8), fl=st.integers(-4, 12), signed=st.booleans())
def test_large_sums_that_cancel_keep_half_a_unit(seed: int, bits: int, fl: int, signed: bool) -> None:
    """Adder sums lie thousands of output units from zero; batch normalization brings them back."""
    random = np.random.default_rng(seed)
    target = FixedPoint(bits, fl, signed)
    scale = np.exp(random.uniform(-9, 1, 8)) * target.scale * random.choice([-1, 1], 8)
    center = random.integers(-100000, 0, 8)
    offset = -scale * center
    sums = center + np.rint(random.uniform(-2, 2, (60, 8)) * target.high * target.scale / scale).astype(np.int64)
    lowered, requantization = lower_arithmetic(ENGINE, layer(scale, offset, target), FixedPoint(8, 0), None, target)
    found = requantized(ENGINE, lowered, requantization, sums)
    exact = np.clip((sums * scale + offset) / target.scale, target.low, target.high)
    assert np.abs(found - exact).max() <= 0.5 + 1.5 / 32 + target.high * 2.0**-12


@settings(deadline=None)
@given(seed=SEEDS, fl=st.integers(0, 9), residual_fl=st.integers(-2, 12), signed=st.booleans())
def test_residuals_are_aligned(seed: int, fl: int, residual_fl: int, signed: bool) -> None:
    random = np.random.default_rng(seed)
    target, other = FixedPoint(8, fl), FixedPoint(8, residual_fl, signed)
    scale = np.full(4, 2.0**-7)
    sums, residual = random.integers(-500, 500, (30, 4)), random.integers(other.low, other.high, (30, 4), endpoint=True)
    lowered, requantization = lower_arithmetic(ENGINE, layer(scale, np.zeros(4), target, residual="other"), FixedPoint(8, 0), other, target)
    assert lowered.residual is not None and lowered.residual.unsigned is not signed
    found = requantized(ENGINE, lowered, requantization, sums, residual)
    exact = np.clip((sums * scale + other.dequantize(residual)) / target.scale, target.low, target.high)
    reachable = (np.abs(sums * scale) < 900 * target.scale) & (np.abs(other.dequantize(residual)) < 100 * target.scale)
    assert np.abs(found - exact)[reachable].max(initial=0) <= 0.5 + 2 / 32


@pytest.mark.parametrize(("engine", "residual_fl"), [(ENGINE, -12), (ENGINE, 24), (ENGINE, 40), (WIDE, -15), (WIDE, 60)])
def test_residuals_of_another_order_of_magnitude_are_aligned(engine: Engine, residual_fl: int) -> None:
    """A huge one leaves fewer fractional bits, and one below all of them adds nothing."""
    target, other = FixedPoint(engine.data_bits, 2), FixedPoint(engine.data_bits, residual_fl)
    sums, residual = np.arange(-60, 60).reshape(-1, 4), np.resize([other.low, -1, 0, 1, 0, other.high], (30, 4))
    lowered, requantization = lower_arithmetic(engine, layer(np.full(4, 0.25), np.zeros(4), target, residual="other"), FixedPoint(8, 0), other, target)
    assert lowered.residual is not None and abs(lowered.residual.shift) < engine.mid_bits
    found = requantized(engine, lowered, requantization, sums, residual)
    exact = np.clip((sums * 0.25 + other.dequantize(residual)) / target.scale, target.low, target.high)
    assert np.abs(found - exact).max() <= 0.5 + 2 / 32


def test_factors_beyond_16_bits_keep_their_zero_crossing() -> None:
    target = FixedPoint(8, 4)
    scale = np.array([1e9, -1e12, 1e-30, 0.0])
    offset = np.array([-7e9, 3e12, 1.5, -2.0])
    lowered, requantization = lower_arithmetic(ENGINE, layer(scale, offset, target), FixedPoint(8, 0), None, target)
    sums = np.array([[6, 2, 5, 9], [7, 3, -5, 9], [8, 4, 5, -9]])
    assert requantized(ENGINE, lowered, requantization, sums).tolist() == [[-128, 127, 24, -32], [0, 0, 24, -32], [127, -128, 24, -32]]


def test_wide_engines_give_up_fraction_bits_for_their_offsets() -> None:
    target = FixedPoint(16, 13, signed=False)
    lowered, requantization = lower_arithmetic(WIDE, layer(np.array([2.0**-13]), np.array([322.0]), target), FixedPoint(16, 0), None, target)
    assert 0 < lowered.out_shift < 13 and requantization.add[0] == round(322 * 2 ** (13 + lowered.out_shift))
    with pytest.raises(SumtileError, match="exceeds 32 bits"):
        lower_arithmetic(WIDE, layer(np.array([1.0]), np.array([1e9]), target), FixedPoint(16, 0), None, target)


def test_activations_become_slopes_and_clamps() -> None:
    target = FixedPoint(6, 2, signed=False)
    lowered, _ = lower_arithmetic(ENGINE, layer(np.ones(1), np.zeros(1), target, slope=0.0, high=6.0), FixedPoint(6, 0), None, target)
    assert (lowered.slope, lowered.clamp_low, lowered.clamp_high) == (0, 0, 6 << (2 + lowered.out_shift)) and lowered.ofm_unsigned
    lowered, _ = lower_arithmetic(ENGINE, layer(np.ones(1), np.zeros(1), FixedPoint(6, 2), slope=0.125), FixedPoint(6, 0), None, FixedPoint(6, 2))
    assert (lowered.slope, lowered.clamp_low, lowered.clamp_high) == (2048, -32 << lowered.out_shift, 31 << lowered.out_shift)


@pytest.mark.parametrize(("kernel", "raised"), [((8, 8), 0), ((8, 8), 3), ((7, 7), 0), ((7, 5), 2), ((1, 3), -2), ((1, 1), 0), ((200, 255), 4)])
def test_averages_divide_and_rescale(kernel: tuple[int, int], raised: int) -> None:
    target = FixedPoint(8, 4 + raised, signed=False)
    geometry = Layer("mac", MapShape(255, 255, 3), 2, pool=Pool("average", kernel, (1, 1)))
    lowered, _ = lower_arithmetic(ENGINE, layer(np.ones(2), np.zeros(2), FixedPoint(8, 4, signed=False), geometry=geometry), FixedPoint(8, 0), None, target)
    pool = lowered.pool
    assert pool is not None and 1 <= pool.mul < 1 << 16 and 0 <= pool.shift < 32
    assert pool.mul / 2**pool.shift == pytest.approx(2.0**raised / (kernel[0] * kernel[1]), rel=2.0**-15)
    if kernel == (8, 8):
        assert pool.mul == 1 or pool.shift == 0
