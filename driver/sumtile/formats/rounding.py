# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The two rounding rules that all of the logic shares: half to even, and saturation; in numpy and in C++ alike.

Sources: IEEE 754-2019, section 4.3.1, for rounding half to even (roundTiesToEven), which adds no bias; Jacob et al.,
"Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018, section 2.2,
for requantization by an integer multiplier and a right shift, then saturation.
"""

from __future__ import annotations

import numpy as np

from sumtile.formats.fixed import FixedPoint


def round_shift(values: np.ndarray, shift: int | np.ndarray) -> np.ndarray:
    """``values / 2**shift`` for integers, rounded half to even (IEEE 754-2019, section 4.3.1); a negative shift multiplies.

    Args:
        values: int64 array.
        shift: integer or an array that broadcasts against ``values``.

    Returns:
        int64 array of the broadcast shape.
    """
    values = np.asarray(values, dtype=np.int64)
    shift = np.asarray(shift, dtype=np.int64)
    right = np.maximum(shift, 0)
    floor = values >> right
    rest = values - (floor << right)
    half = np.int64(1) << np.maximum(right - 1, 0)
    # Where nothing is shifted out, the rest is zero and stays below the half of one.
    up = (rest > half) | ((rest == half) & (floor & 1 == 1))
    return (floor + up) << np.maximum(-shift, 0)


def saturate(values: np.ndarray, bits: int, signed: bool = True) -> np.ndarray:
    """Clips integers to a width of ``bits``."""
    target = FixedPoint(bits, 0, signed)
    return np.clip(values, target.low, target.high)
