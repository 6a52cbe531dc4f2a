# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Signal-to-noise ratio, the measure of every report of the quantizer."""

from __future__ import annotations

import numpy as np


def decibels(values: np.ndarray, errors: np.ndarray) -> float:
    """Power of the values over that of their errors, in dB; infinite where there is no error, minus infinity where there is nothing else."""
    return decibels_of(*(float(np.sum(np.square(array, dtype=np.float64))) for array in (values, errors)))


def decibels_of(signal: float, noise: float) -> float:
    """The same of two powers."""
    if noise == 0:
        return float("inf")
    return 10 * float(np.log10(signal / noise)) if signal > 0 else float("-inf")
