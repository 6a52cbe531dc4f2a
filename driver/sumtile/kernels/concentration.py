# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Cycles that the rows of a basis array spend on adding up channels, which depend on where coefficients and features are zero.

A row adds the terms of one output and basis kernel, a vector for each word of ``ti`` channels: as many terms as features that are
not zero meet a coefficient that is not zero. ``hls/include/sumtile/concentrate.hpp`` says how terms find an adder.
"""

from __future__ import annotations

import numpy as np

from sumtile.kernels.basis import source_map, split_weights
from sumtile.kernels.cycles import source_stripe, stripes_of
from sumtile.kernels.layer import Layer
from sumtile.kernels.tiling import Tiling
from sumtile.overlay import Array, Engine


def row_cycles(engine: Engine, layer: Layer, tiling: Tiling, features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Cycles of every row of the array (int64, one for each of the ``to`` outputs of a group), all groups and stripes together.

    Args:
        features: (height, width, channels) integers.
        weights: those of the layer (:mod:`sumtile.kernels.basis`).
    """
    coefficients = split_weights(layer, weights)[0]
    padded = np.zeros((tiling.groups * engine.to, layer.bases, tiling.ifm_tiles * engine.ti), np.float32)
    padded[: layer.channels, :, : layer.ifm.channels] = coefficients != 0
    marks = padded.reshape(-1, tiling.ifm_tiles, engine.ti)
    active = _source_words(engine, layer, tiling, features)
    counts = np.einsum("pwi,nwi->npw", active, marks, optimize=True).astype(np.int64)
    vectors, inverse = np.unique(counts.reshape(-1, tiling.ifm_tiles), axis=0, return_inverse=True)
    cycles = concentrate_cycles(engine.array_of("basis"), engine.ti, vectors)[inverse.reshape(-1)]
    return cycles.reshape(tiling.groups, engine.to, -1).sum(axis=(0, 2))


def pixel_cycles(engine: Engine, layer: Layer, tiling: Tiling, sum_cycles: float | None) -> float:
    """Cycles of the whole array for a source pixel and a group, by the slowest of its stages.

    ``sum_cycles`` are those of a row for the channels of one output; None where no term is zero.
    """
    adding = dense_sum_cycles(engine, layer) if sum_cycles is None else sum_cycles
    return max(layer.bases * max(adding, tiling.ifm_tiles), tiling.group_tiles)


def dense_sum_cycles(engine: Engine, layer: Layer) -> int:
    """Cycles of a row for the channels of one output where no term is zero."""
    return -(-layer.ifm.channels // engine.array_of("basis").adders)


def mean_sum_cycles(engine: Engine, layer: Layer, weights: np.ndarray) -> float:
    """Mean cycles of a row for the channels of one output, where no feature is zero and coefficients are as often as in ``weights``."""
    words = -(-layer.ifm.channels // engine.ti)
    density = np.count_nonzero(split_weights(layer, weights)[0]) / (layer.channels * layer.bases * words * engine.ti)
    return mean_cycles(engine.array_of("basis"), engine.ti, words, density)


def mean_cycles(array: Array, lanes: int, words: int, density: float, seed: int = 0) -> float:
    """Mean cycles of a row for the sum of ``words`` vectors, where each of ``lanes`` terms is there with a probability.

    Args:
        density: that of the coefficients times that of the features, where the two do not know of each other.
    """
    counts = np.random.default_rng(seed).binomial(lanes, density, (4096, words))
    return float(concentrate_cycles(array, lanes, counts).mean())


def concentrate_cycles(array: Array, lanes: int, counts: np.ndarray) -> np.ndarray:
    """Cycles for sums of vectors, int64 of shape (sums,).

    Args:
        array: the basis array, with its adders and its window.
        lanes: places of a vector.
        counts: terms in each vector, shape (sums, vectors).
    """
    sums, vectors = counts.shape
    adders, ahead = array.adders, array.look_ahead
    filled = np.zeros((sums, ahead + lanes // adders, adders), bool)
    rows, taken, cycles = np.zeros(sums, np.int64), np.zeros(sums, np.int64), np.zeros(sums, np.int64)
    open_sums = np.arange(sums)
    while len(open_sums):
        takes = (taken < vectors) & (rows <= ahead)
        count = np.where(takes, counts[open_sums, np.minimum(taken, vectors - 1)], 0)
        filled |= _places(filled.shape, rows, count, taken % 2 == 1)
        rows += -(-count // adders)
        taken += takes
        _pick(filled, array)
        emptied = np.minimum(np.logical_and.accumulate(~filled[:, : ahead + 1].any(axis=2), axis=1).sum(axis=1), rows)
        rows -= emptied
        source = np.arange(filled.shape[1]) + emptied[:, None]
        filled = np.take_along_axis(filled, np.minimum(source, filled.shape[1] - 1)[:, :, None], axis=1) & (source < filled.shape[1])[:, :, None]
        cycles[open_sums] += 1
        remain = (taken < vectors) | (rows > 0)
        open_sums, filled, rows, taken = open_sums[remain], filled[remain], rows[remain], taken[remain]
    return cycles


def _places(shape: tuple[int, ...], rows: np.ndarray, count: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """Where the terms of a vector stand behind the rows that are waiting; turned vectors fill their rows from the last lane."""
    adders = shape[2]
    lane = np.where(turned[:, None], np.arange(adders)[::-1], np.arange(adders))
    part = np.arange(shape[1]) - rows[:, None]
    return (part[:, :, None] >= 0) & (part[:, :, None] * adders + lane[:, None] < count[:, None, None])


def _pick(filled: np.ndarray, array: Array) -> None:
    """Each lane takes a term, or none, out of ``filled``."""
    busy = np.zeros((len(filled), array.adders), bool)
    for aside in range(array.look_aside + 1):
        lanes = (np.arange(array.adders) + aside) % array.adders
        for row in range(array.look_ahead + 1):
            found = filled[:, row, lanes] & ~busy
            busy |= found
            filled[:, row, lanes] &= ~found


def _source_words(engine: Engine, layer: Layer, tiling: Tiling, features: np.ndarray) -> np.ndarray:
    """1 where a source pixel has a feature that is not zero, float32 of shape (pixels, words, ti), in every stripe that reads it."""
    source, (top, left, _, _) = source_map(layer), layer.padding
    active = np.zeros((source.height, source.width, tiling.ifm_tiles * engine.ti), np.float32)
    rows, columns = (min(size, extent - before) for size, extent, before in zip(features.shape, (source.height, source.width), (top, left)))
    active[top : top + max(rows, 0), left : left + max(columns, 0), : layer.ifm.channels] = features[: max(rows, 0), : max(columns, 0)] != 0
    walked = [row for stripe in stripes_of(layer, tiling) for row in source_stripe(layer, stripe)]
    return active[walked].reshape(-1, tiling.ifm_tiles, engine.ti)
