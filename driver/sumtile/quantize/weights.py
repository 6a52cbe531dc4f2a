# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Integer weights of a layer: in a format of their own for multiplying layers, in the input's format for adder layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sumtile.formats import FixedPoint, WeightFormat
from sumtile.quantize.noise import decibels


@dataclass(frozen=True)
class IntegerWeights:
    """Weights of a layer, and what is lost by them.

    The weights of a multiplying layer are ``integers * step``. In an adder layer the input has the same step, and
    ``sum over real values = (sum over integers + constant) * step`` up to rounding.

    Attributes:
        integers: int64, shape of the real weights.
        step: real value of one unit of a filter's weights, shape (outputs,).
        constant: addend in units of the integer sums, shape (outputs,); zero for multiplying layers.
        format: the levels of the integers; None for an adder layer, whose weights have the format of its input.
        snr: power of the weights over that of their errors, in dB; what the constant makes good is no error.
        clipped: share of the weights whose excess moved to the constant.
    """

    integers: np.ndarray
    step: np.ndarray
    constant: np.ndarray
    format: WeightFormat | None
    snr: float
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
    integers, excess = np.rint(inside), np.abs(scaled - inside)
    outputs = len(weights)
    return IntegerWeights(
        integers=integers.astype(np.int64),
        step=np.full(outputs, features.scale),
        constant=-excess.reshape(outputs, -1).sum(axis=1),
        format=None,
        snr=decibels(scaled, inside - integers),
        clipped=float(np.mean(excess > 0)),
    )


def round_filters(weights: np.ndarray, step: np.ndarray, format: WeightFormat) -> IntegerWeights:
    """Weights of a multiplying layer: the level nearest to each, with one step a filter.

    Args:
        weights: real, (outputs, kernel height, kernel width, inputs).
        step: real value of one unit of each filter, positive, shape (outputs,).
        format: the levels.
    """
    steps = step[:, None, None, None]
    integers = format.nearest(weights / steps)
    return IntegerWeights(integers, step, np.zeros(len(weights)), format, snr=decibels(weights, weights - integers * steps), clipped=0.0)
