# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The search for a fractional length.

Source: Qiu et al., "Going Deeper with Embedded FPGA Platform", FPGA'16, section 4: the fractional length with the
smallest sum of absolute errors, near the one that just avoids overflow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint

RADIUS_MAX = 16
"""Largest search radius; the outermost fractional lengths are then still those of a :class:`~sumtile.formats.FixedPoint`."""


def check_radius(radius: int) -> None:
    """Raises SumtileError for a search radius below 0 or above :data:`RADIUS_MAX`."""
    if not 0 <= radius <= RADIUS_MAX:
        raise SumtileError(f"a search radius of {radius} was asked for, but it must lie in 0 to {RADIUS_MAX}; 2 is usual.")


def search_fl(around: int, radius: int, error: Callable[[int], float]) -> int:
    """The fractional length from ``around - radius`` to ``around + radius`` with the smallest error; of several, the one closest to ``around``."""
    return min(sorted(range(around - radius, around + radius + 1), key=lambda fl: abs(fl - around)), key=error)


def rounding_error(expected: np.ndarray, found: np.ndarray, format: FixedPoint) -> float:
    """Sum of the absolute differences between the expected real values and the found ones in a format."""
    return float(np.sum(np.abs(expected - format.dequantize(format.quantize(found)))))


def error_curve(values: np.ndarray, format: FixedPoint, radius: int) -> dict[int, float]:
    """By fractional length, within ``radius`` of a format's, the sum of absolute errors over that of absolute values."""
    whole = float(np.sum(np.abs(values))) or 1.0
    return {fl: rounding_error(values, values, replace(format, fl=fl)) / whole for fl in range(format.fl - radius, format.fl + radius + 1)}
