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
        format: a format whose levels are symmetric, or a :class:`~sumtile.formats.Mixed` one of two such formats.

    Returns:
        float64 of shape (outputs,).
    """
    outermost = np.full(len(weights), int(format.levels[-1]))
    if isinstance(format, Mixed):
        outermost = np.where(format.fixed_rows(len(weights)), format.fixed.levels[-1], format.sp2.levels[-1])
    largest = np.abs(weights).reshape(len(weights), -1).max(axis=1).astype(np.float64)
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
        format: the levels; of :class:`~sumtile.formats.Mixed`, each row is fitted to its own.
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
    ratios = REACH * np.arange(1, starts + 1) / starts
    return np.array([_fitted(row, step, ratios, format) for row, step in zip(weights.reshape(len(weights), -1), covering_steps(weights, format))])


def _fitted(row: np.ndarray, covering: float, ratios: np.ndarray, format: WeightFormat) -> float:
    """The step of one filter."""
    filter_ = _Filter(row, format)
    candidates, explained = filter_.refit(np.concatenate([[covering], covering * ratios]))
    best = int(np.argmax(explained))
    step, power = candidates[best], explained[best]
    while True:
        (candidate,), (gained,) = filter_.refit(np.array([step]))
        if gained <= power * (1 + 1e-12):
            return float(step)
        step, power = candidate, gained


class _Filter:
    """The magnitudes of a filter in order, with their running sums, so that a step costs no pass over them.

    The levels are symmetric: what lies between the borders of two levels goes to the level there, and its sum is a
    difference of running sums.
    """

    def __init__(self, row: np.ndarray, format: WeightFormat) -> None:
        self._levels = format.levels[format.levels >= 0].astype(np.float64)
        self._borders = (self._levels[1:] + self._levels[:-1]) / 2
        self._magnitudes = np.sort(np.abs(row.astype(np.float64)))
        self._sums = np.concatenate([[0.0], np.cumsum(self._magnitudes)])

    def refit(self, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The best steps for the levels that lie nearest at the given steps, and the power that they explain."""
        inner = np.searchsorted(self._magnitudes, steps[:, None] * self._borders, "right")  # a tie goes to the smaller magnitude
        ends = np.full((len(steps), 1), len(self._magnitudes))
        places = np.concatenate([np.zeros_like(ends), inner, ends], axis=1)
        product = np.diff(self._sums[places], axis=1) @ self._levels
        power = np.diff(places, axis=1) @ self._levels**2
        best = np.divide(product, power, out=steps.copy(), where=power > 0)
        return best, product * best * (power > 0)
