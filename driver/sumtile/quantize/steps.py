# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The step of each filter: one that covers the largest weight, and one that fits all weights best."""

from __future__ import annotations

import numpy as np

from sumtile.formats import Mixed, WeightFormat

REACH = 1.5
"""Largest step of the search, in covering steps: above 1, the largest weight meets a level inside of the outermost."""


def covering_steps(weights: np.ndarray, format: WeightFormat) -> np.ndarray:
    """Steps that put the largest magnitude of each filter on the outermost level; 1 for a filter of zeros.

    Args:
        weights: real, (outputs, ...).
        format: a format whose levels are symmetric, or a :class:`Mixed` one of two such formats.

    Returns:
        float64 of shape (outputs,).
    """
    outermost = np.full(len(weights), int(format.levels[-1]))
    if isinstance(format, Mixed):
        outermost = np.where(format.fixed_rows(len(weights)), format.fixed.levels[-1], format.sp2.levels[-1])
    largest = np.abs(weights).reshape(len(weights), -1).max(axis=1)
    return np.where(largest > 0, largest, 1.0) / outermost


def fitted_steps(weights: np.ndarray, format: WeightFormat, starts: int) -> np.ndarray:
    """Steps of least squared error between the weights and the nearest levels.

    For given levels ``q`` of a filter ``w``, the best step is ``<w, q> / <q, q>``, which explains ``<w, q>^2 / <q, q>``
    of its power. The search takes the best of the covering step and of ``starts`` more, evenly spaced up to
    :data:`REACH` times the covering one, and then alternates between the nearest levels and their best step until no
    filter gains. The error never exceeds the covering step's. Source: the alternation of Lloyd ("Least squares quantization in PCM", IEEE Trans. Inf. Theory
    1982) with one free scale.

    Args:
        weights: real, (outputs, ...).
        format: the levels; of :class:`Mixed`, each row is fitted to its own.
        starts: number of steps to begin with, at least 1.

    Returns:
        float64 of shape (outputs,), positive.
    """
    if isinstance(format, Mixed):
        fixed = format.fixed_rows(len(weights))
        steps = np.empty(len(weights))
        for of_kind, kind in ((fixed, format.fixed), (~fixed, format.sp2)):
            if of_kind.any():  # the rows of a narrow layer may all be of one kind
                steps[of_kind] = fitted_steps(weights[of_kind], kind, starts)
        return steps
    rows = weights.reshape(len(weights), -1)
    covering = covering_steps(weights, format)
    steps, power = _refit(rows, covering, format)
    for start in range(1, starts + 1):
        candidate, explained = _refit(rows, covering * REACH * start / starts, format)
        steps, power = np.where(explained > power, candidate, steps), np.maximum(power, explained)
    active = np.arange(len(rows))
    while active.size:
        candidate, explained = _refit(rows[active], steps[active], format)
        gains = explained > power[active] * (1 + 1e-12)
        active = active[gains]
        steps[active], power[active] = candidate[gains], explained[gains]
    return steps


def _refit(rows: np.ndarray, steps: np.ndarray, format: WeightFormat) -> tuple[np.ndarray, np.ndarray]:
    """The best steps for the levels that lie nearest at the given steps, and the power that they explain."""
    levels = format.nearest(rows / steps[:, None])
    product, power = np.sum(rows * levels, axis=1), np.sum(levels * levels, axis=1)
    best = np.divide(product, power, out=steps.copy(), where=power > 0)
    return best, product * best * (power > 0)
