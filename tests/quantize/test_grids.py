# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Grids of trained quantization as formats: the same numbers, or a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint, Symmetric, Twos, WeightFormat
from sumtile.network import Grid
from sumtile.quantize.grids import tensor_format, weight_levels


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 8, 16])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("narrow", [True, False])
@pytest.mark.parametrize("steps", [(0.25, 0.5, 2.0), (0.1, 0.3, 0.7), (0.1,)])
def test_weights_become_levels_without_loss(bits: int, signed: bool, narrow: bool, steps: tuple[float, ...]) -> None:
    grid = Grid(bits, signed, narrow, np.array(steps if len(steps) > 1 else steps[0], np.float32))
    random = np.random.default_rng(bits)
    weight = grid.snap(random.normal(0, 2.0 ** (bits - 1) * max(steps), (3, 4, 3, 3)), axis=0)
    if bits == 16 and (not signed or (not narrow and steps[0] == 0.1)):
        with pytest.raises(SumtileError, match="has weights of 17 bits"):
            weight_levels("conv", weight, grid)
        return
    format, integers, found = weight_levels("conv", weight, grid)
    np.testing.assert_allclose(integers * found[:, None, None, None], weight, rtol=1e-6)
    assert np.isin(integers, format.levels).all() and format.bits <= max(bits + 1, 3)


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        (Grid(4, True, True, np.array(0.1)), Symmetric(4)),
        (Grid(4, True, False, np.array(0.125)), Twos(4)),
        (Grid(4, True, False, np.array(0.1)), Symmetric(5)),
        (Grid(4, False, False, np.array(0.5)), Symmetric(5)),
    ],
)
def test_the_format_is_the_narrowest_that_holds_the_levels(grid: Grid, expected: WeightFormat) -> None:
    assert weight_levels("conv", grid.snap(np.linspace(-9, 9, 50)[None], axis=0), grid)[0] == expected


def test_weights_off_their_grid_are_refused() -> None:
    with pytest.raises(SumtileError, match="^layer 'conv' has weights off the grid of 4 bits"):
        weight_levels("conv", np.array([[0.3]]), Grid(4, True, True, np.array(0.25)))


@pytest.mark.parametrize(("scale", "fl"), [(0.25, 2), (1.0, 0), (8.0, -3)])
@pytest.mark.parametrize("signed", [True, False])
def test_a_tensor_gets_the_same_numbers(scale: float, fl: int, signed: bool) -> None:
    grid = Grid(5, signed, False, np.array(scale, np.float32))
    format = tensor_format("relu", grid)
    assert format == FixedPoint(5, fl, signed)
    values = np.random.default_rng(fl + 9).normal(0, 20 * scale, (1, 500))
    np.testing.assert_array_equal(format.dequantize(format.quantize(values.astype(np.float32))), grid.snap(values, axis=1))


@pytest.mark.parametrize(
    ("grid", "reason"),
    [
        (Grid(4, True, False, np.array([0.5, 1.0])), "a scale for each of 2 channels"),
        (Grid(4, True, False, np.array(0.3)), "the scale 0.3, but a format's scale is a power of two"),
        (Grid(1, False, False, np.array(1.0)), "a 1-bit grid"),
        (Grid(20, True, False, np.array(1.0)), "a 20-bit grid"),
        (Grid(4, False, True, np.array(1.0)), "a narrow unsigned grid"),
    ],
)
def test_a_grid_that_no_format_has_is_refused(grid: Grid, reason: str) -> None:
    with pytest.raises(SumtileError, match=rf"^tensor 'relu' has .*{reason}.*; train it"):
        tensor_format("relu", grid)
