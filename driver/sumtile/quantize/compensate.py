# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Rounding in which the weights that are still free make good the errors of those that are rounded already.

The nearest level of each weight is best for the weights, but not for a layer's sums: inputs are correlated, so that the
error of one weight can be taken back by another one. Source: Frantar et al., "GPTQ", ICLR 2023 (arXiv 2210.17323), sections 3
and 4; the rule for one weight is Hassibi and Stork's, "Optimal Brain Surgeon", NIPS 1992.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sumtile.kernels.layer import Layer
from sumtile.quantize.noise import decibels
from sumtile.quantize.weights import IntegerWeights

DAMPING = 0.01
"""Share of the mean power of an input that is added to the power of each, so that inputs that never move leave no gap."""

_CHUNK_BYTES = 1 << 26  # unfolded inputs held at a time


def compensate(weights: np.ndarray, rounded: IntegerWeights, geometry: Layer, features: np.ndarray) -> IntegerWeights:
    """Other levels with the same steps, for the least squared error of the layer's sums on the given input.

    Args:
        weights: real, (outputs, kernel height, kernel width, inputs).
        rounded: their nearest levels; gives the format and the steps.
        geometry: the layer; not depthwise, since a filter that sees one channel has little to choose from.
        features: integers of the input, (images, height, width, channels).
    """
    assert rounded.format is not None
    steps = rounded.step[:, None]
    free = weights.reshape(len(weights), -1) / steps
    levels = np.empty(free.shape, np.int64)
    spread = _spread(_input_power(geometry, features))
    for column, share in enumerate(spread):
        levels[:, column] = rounded.format.nearest(free[:, column])
        error = (free[:, column] - levels[:, column]) / share[column]
        free[:, column:] -= error[:, None] * share[column:]
    integers = levels.reshape(weights.shape)
    return replace(rounded, integers=integers, snr=decibels(weights, weights - integers * steps[:, :, None, None]))


def _spread(power: np.ndarray) -> np.ndarray:
    """The upper triangular factor of the inverse of the inputs' power: row k tells how the error of weight k spreads over those after it."""
    damped = power + np.eye(len(power)) * max(DAMPING * float(np.mean(np.diag(power))), 1e-9)
    return np.linalg.cholesky(np.linalg.inv(damped)).T


def _input_power(geometry: Layer, features: np.ndarray) -> np.ndarray:
    """Mean products of all pairs of inputs of a filter, (terms, terms), in the order of a flattened filter."""
    terms = int(np.prod(geometry.weight_shape[1:]))
    chunk = max(1, _CHUNK_BYTES // (4 * terms * geometry.conv.pixels))
    total = np.zeros((terms, terms))
    for start in range(0, len(features), chunk):
        rows = _patches(geometry, features[start : start + chunk]).reshape(-1, terms).astype(np.float32)
        total += rows.T @ rows
    return total / (len(features) * geometry.conv.pixels)


def _patches(geometry: Layer, features: np.ndarray) -> np.ndarray:
    """What the filters see: (images, height, width, kernel height, kernel width, channels)."""
    top, left, bottom, right = geometry.padding
    padded = np.pad(features, ((0, 0), (top, bottom), (left, right), (0, 0)))
    reach = tuple((size - 1) * step + 1 for size, step in zip(geometry.kernel, geometry.dilation))
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=(1, 2))  # type: ignore[call-overload]  # the stub knows one axis only
    (down, along), (below, beside) = geometry.stride, geometry.dilation
    return windows[:, ::down, ::along, :, ::below, ::beside].transpose(0, 1, 2, 4, 5, 3)
