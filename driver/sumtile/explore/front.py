# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Designs with what they cost, and which of them no other one beats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sumtile.explore.space import Design
from sumtile.overlay.estimate import Use

RESOURCES = ("lut", "dsp", "bram36")
"""What a design should take little of."""

STEP = 0.02
"""Share of a device in which resources are counted, and share of the time by which a design must be able to be better for a plan of it to be made: the models are no finer."""

Goals = tuple[float, ...]
"""What should be low: seconds, each of :data:`RESOURCES` in steps of the device, and the share of right answers with a minus."""


@dataclass(frozen=True)
class Point:
    """A design and what it costs.

    Attributes:
        engine_seconds, host_seconds: of an image; the processor's operations are at the rate that its board assumes.
        uses: the device's budget.
        accuracy: share of the images that are right; None where it was not measured.
    """

    design: Design
    engine_seconds: float
    host_seconds: float
    uses: tuple[Use, ...]
    accuracy: float | None = None

    @property
    def seconds(self) -> float:
        """Engine and processor, one after the other."""
        return self.engine_seconds + self.host_seconds

    @property
    def goals(self) -> Goals:
        """See :func:`goals`."""
        return goals(self.seconds, self.uses, self.accuracy)

    @property
    def fill(self) -> float:
        """Share of the resource that it takes most of."""
        return max(use.used / use.available for use in self.uses)

    def share(self, resource: str) -> float:
        """What it takes of a resource of the device."""
        return next(use.used / use.available for use in self.uses if use.resource == resource)


def goals(seconds: float, uses: Sequence[Use], accuracy: float | None) -> Goals:
    """What a design comes to; resources are rounded up to whole steps of :data:`STEP`."""
    shares = {use.resource: use.used / use.available for use in uses}
    return seconds, *(math.ceil(shares[name] / STEP) for name in RESOURCES), 0.0 if accuracy is None else -accuracy


class Front:
    """The points that no other one beats, by being at least as good in all goals.

    Of points that are equal in all goals, the one with the lower exact figures stays.

    Args:
        known: goals of points that count, and are not kept: float (N, goals).
    """

    def __init__(self, known: np.ndarray | None = None) -> None:
        self.points: list[Point] = []
        self._known = np.empty((0, len(RESOURCES) + 2)) if known is None else known
        self._goals = self._known[:0]

    @property
    def goals(self) -> np.ndarray:
        """Goals of the points: float (N, goals)."""
        return self._goals

    def beats(self, other: Goals) -> bool:
        """Whether a point is at least as good as that in all goals."""
        return any(bool((goals <= other).all(axis=1).any()) for goals in (self._known, self._goals))

    def add(self, point: Point) -> None:
        """Takes a point in, and those out that it beats."""
        new = point.goals
        equal = np.flatnonzero((self._goals == new).all(axis=1))
        if equal.size:
            if _exact(point) < _exact(self.points[equal[0]]):
                self.points[equal[0]] = point
        elif not self.beats(new):
            kept = ~(self._goals >= new).all(axis=1)
            self.points = [*(old for old, keep in zip(self.points, kept) if keep), point]
            self._goals = np.vstack((self._goals[kept], new))


def _exact(point: Point) -> tuple[object, ...]:
    return point.seconds, *(use.used for use in point.uses), repr(point.design)
