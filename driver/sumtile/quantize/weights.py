# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Integer weights of a layer: in a format of their own for multiplying layers, in the input's format for adder layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sumtile.formats import FixedPoint, Mixed, WeightFormat
from sumtile.quantize.noise import decibels, decibels_of

_CHUNK_VALUES = 1 << 22  # weights that are rounded at a time


@dataclass(frozen=True)
class IntegerWeights:
    """Weights of a layer, and what is lost by them.

    The weights of a multiplying layer are ``integers * step``. In an adder layer the input has the same step, and
    ``sum over real values = (sum over integers + constant) * step`` up to rounding.

    Attributes:
        integers: shape of the real weights, in the narrowest type that holds the format.
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
    scaled = weights.astype(np.float64) * 2.0**features.fl
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
    integers = np.empty(weights.shape, level_type(format))
    signal = noise = 0.0
    period = format.of if isinstance(format, Mixed) else 1  # rows of both kinds repeat after so many
    chunk = max(1, _CHUNK_VALUES // (weights[0].size * period)) * period
    for start in range(0, len(weights), chunk):
        part, steps = weights[start : start + chunk].astype(np.float64), step[start : start + chunk, None, None, None]
        levels = format.nearest(part / steps)
        integers[start : start + chunk] = levels
        signal, noise = signal + float(np.sum(np.square(part))), noise + float(np.sum(np.square(part - levels * steps)))
    return IntegerWeights(integers, step, np.zeros(len(weights)), format, snr=decibels_of(signal, noise), clipped=0.0)


def filter_decibels(weights: np.ndarray, rounded: IntegerWeights) -> np.ndarray:
    """The signal-to-noise ratio of each filter of a multiplying layer, in dB: (outputs,); infinite where it is exact.

    Args:
        weights: real, (outputs, kernel height, kernel width, inputs).
        rounded: the same in integers.
    """
    steps = rounded.step[:, None, None, None]
    return np.array([decibels(real, real - found) for real, found in zip(weights, rounded.integers * steps)])


def level_type(format: WeightFormat) -> np.dtype:
    """The narrowest signed integers that hold every level."""
    low, high = int(format.levels[0]), int(format.levels[-1])
    return next(np.dtype(kind) for kind in (np.int8, np.int16, np.int32) if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
