# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Rounding in which the weights that are still free make good the errors of those that are rounded already.

The nearest level of each weight is best for the weights, but not for a layer's sums: inputs are correlated, so that the
error of one weight can be taken back by another one. Source: Frantar et al., "GPTQ", ICLR 2023 (arXiv 2210.17323), sections 3
and 4; the rule for one weight is Hassibi and Stork's, "Optimal Brain Surgeon", NIPS 1992.

A long filter is taken in runs of at most :data:`RUN` inputs, as if inputs of different runs were not correlated: the time
grows with the cube of a run's length, and the memory with its square.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from sumtile.kernels.layer import Layer
from sumtile.quantize.noise import decibels
from sumtile.quantize.weights import IntegerWeights

DAMPING = 0.01
"""Share of the mean power of an input that is added to the power of each, so that inputs that never move leave no gap."""

RUN = 1024
"""Most inputs of a filter whose weights make good each other's errors."""

_CHUNK_BYTES = 1 << 26  # unfolded inputs held at a time


def compensate(weights: np.ndarray, rounded: IntegerWeights, geometry: Layer, features: np.ndarray) -> IntegerWeights:
    """Other levels with the same steps, for the least squared error of the layer's sums on the given input.

    Errors are made good within runs of at most :data:`RUN` inputs in the order of a flattened filter.

    Args:
        weights: real, (outputs, kernel height, kernel width, inputs).
        rounded: their nearest levels; gives the format and the steps.
        geometry: the layer; not depthwise, since a filter that sees one channel has little to choose from.
        features: integers of the input, (images, height, width, channels).
    """
    assert rounded.format is not None
    free = np.ascontiguousarray(weights.reshape(len(weights), -1).T) / rounded.step  # (inputs of a filter, outputs): what is still free is contiguous
    levels = np.empty(free.shape, np.int64)
    for run, power in _input_power(geometry, features).items():
        for index, share in zip(run, _spread(power)):
            levels[index] = rounded.format.nearest(free[index])
            ahead = share[index - run.start :]
            free[index : run.stop] -= np.outer(ahead, (free[index] - levels[index]) / ahead[0])
    integers = levels.T.reshape(weights.shape).astype(rounded.integers.dtype)
    return replace(rounded, integers=integers, snr=decibels(weights, weights - integers * rounded.step[:, None, None, None]))


def _spread(power: np.ndarray) -> np.ndarray:
    """The upper triangular factor of the inverse of the inputs' power: row k tells how the error of weight k spreads over those after it."""
    damped = power.copy()
    damped.flat[:: len(power) + 1] += max(DAMPING * float(np.mean(np.diag(power))), 1e-9)
    return np.linalg.cholesky(np.linalg.inv(damped)).T


def _input_power(geometry: Layer, features: np.ndarray) -> dict[range, np.ndarray]:
    """Mean products of all pairs of inputs of a run, (terms, terms), by the run in the order of a flattened filter."""
    terms = int(np.prod(geometry.weight_shape[1:]))
    chunk = max(1, _CHUNK_BYTES // (4 * terms * geometry.conv.pixels))
    powers = {run: np.zeros((len(run), len(run))) for run in _runs(terms)}
    for start in range(0, len(features), chunk):
        rows = _patches(geometry, features[start : start + chunk]).reshape(-1, terms).astype(np.float32)
        for run, power in powers.items():
            part = rows[:, run.start : run.stop]
            power += part.T @ part / (len(features) * geometry.conv.pixels)
    return powers


def _runs(terms: int) -> list[range]:
    """The fewest runs, of equal length but for one input."""
    count = -(-terms // RUN)
    bounds = [terms * index // count for index in range(count + 1)]
    return [range(start, stop) for start, stop in itertools.pairwise(bounds)]


def _patches(geometry: Layer, features: np.ndarray) -> np.ndarray:
    """What the filters see: (images, height, width, kernel height, kernel width, channels)."""
    top, left, bottom, right = geometry.padding
    padded = np.pad(features, ((0, 0), (top, bottom), (left, right), (0, 0)))
    reach = tuple((size - 1) * step + 1 for size, step in zip(geometry.kernel, geometry.dilation))
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=(1, 2))  # type: ignore[call-overload]  # the stub knows one axis only
    (down, along), (below, beside) = geometry.stride, geometry.dilation
    return windows[:, ::down, ::along, :, ::below, ::beside].transpose(0, 1, 2, 4, 5, 3)
