# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Real weights to integers: the shared scale of adder layers, and one scale for each filter of multiplying layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sumtile.formats import FixedPoint


@dataclass(frozen=True)
class IntegerWeights:
    """Weights such that ``sum over real values = (sum over integers + constant) * scale`` up to rounding.

    Attributes:
        integers: int64, shape of the real weights.
        scale: real value of one unit of the integer sums, shape (outputs,).
        constant: addend in units of the integer sums, shape (outputs,).
        clipped: share of the weights that were cut at the format's bounds.
    """

    integers: np.ndarray
    scale: np.ndarray
    constant: np.ndarray
    clipped: float


def share_scale(weights: np.ndarray, features: FixedPoint) -> IntegerWeights:
    """Weights of an adder layer in the format of its input, so that both subtract without aligning points.

    A weight ``w`` above the largest feature ``h`` satisfies ``|x - w| = |x - h| + (w - h)`` for every ``x <= h``, and
    likewise below the smallest. So weights are cut at the format's bounds, and what is cut away sums up to a constant
    for each filter: exact for all features that the format holds, zero padding included.

    Args:
        weights: real, (outputs, kernel height, kernel width, inputs).
        features: format of the input features; unsigned after a ReLU.
    """
    scaled = weights * 2.0**features.fl
    inside = np.clip(scaled, features.low, features.high)
    excess = np.abs(scaled - inside)
    outputs = len(weights)
    return IntegerWeights(
        integers=np.rint(inside).astype(np.int64),
        scale=np.full(outputs, features.scale),
        constant=-excess.reshape(outputs, -1).sum(axis=1),
        clipped=float(np.mean(excess > 0)),
    )


def scale_filters(weights: np.ndarray, features: FixedPoint, bits: int) -> IntegerWeights:
    """Weights of a multiplying layer: symmetric integers of ``bits`` bits with one scale a filter that covers its maximum.

    Args:
        weights: real, (outputs, kernel height, kernel width, inputs).
        features: format of the input features.
        bits: width of the weights.
    """
    outputs = len(weights)
    largest = np.abs(weights).reshape(outputs, -1).max(axis=1)
    step = np.where(largest > 0, largest, 1.0) / FixedPoint(bits, 0).high
    integers = np.rint(weights / step[:, None, None, None]).astype(np.int64)
    return IntegerWeights(integers, step * features.scale, np.zeros(outputs), 0.0)
