# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The base of the processor's operations, and the integer arithmetic that they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint, round_shift
from sumtile.kernels.layer import MapShape
from sumtile.network.graph import SIDE_MAX

Padding = tuple[int, int, int, int]
"""(top, left, bottom, right)"""

Rules = Iterable[tuple[bool, str]]

_LEFT_MAX = 26  # bits by which any value but zero exceeds every format


class Operation(ABC):
    """Base of all operations; instances are plain values, so that a program file can hold them as JSON."""

    def takes(self, formats: Sequence[FixedPoint], target: FixedPoint) -> bool:
        """False where the integers between would be wider than the processor's."""
        return True

    @property
    def keeps_format(self) -> bool:
        """True when every result is one of the values that are read, or zero, so that a format of its own would only lose."""
        return True

    def signed(self, sources: Sequence[bool]) -> bool:
        """Whether results can be negative, by whether the sources can."""
        return any(sources)

    def ofm(self, *sources: MapShape) -> MapShape:
        """Shape of the result.

        Raises:
            SumtileError: a setting out of range, or maps that the operation cannot take.
        """
        for holds, sentence in self._rules(sources):
            if not holds:
                raise SumtileError(f"the processor cannot run this {type(self).__name__}: {sentence}.")
        return self._ofm(*sources)

    @abstractmethod
    def run(self, maps: Sequence[np.ndarray], formats: Sequence[FixedPoint], target: FixedPoint) -> np.ndarray:
        """Computes the result.

        Args:
            maps: integers of the sources, (height, width, channels), or all with the same axes before these.
            formats: their number formats.
            target: format of the result.

        Returns:
            integers of the result within the bounds of ``target``, in a type that holds them.
        """

    def operations(self, *sources: MapShape) -> int:
        """Additions, multiplications or comparisons for one image; 0 for what only copies."""
        return 0

    @abstractmethod
    def _rules(self, sources: Sequence[MapShape]) -> Rules:
        """What holds for the settings and the maps, and the sentence where it does not."""

    @abstractmethod
    def _ofm(self, *sources: MapShape) -> MapShape: ...


def one_source(sources: Sequence[MapShape]) -> Rules:
    """What holds for an operation on one map."""
    yield len(sources) == 1, f"it reads {len(sources)} maps instead of 1"


def window_rules(kernel: tuple[int, int], stride: tuple[int, int], padding: Padding) -> Rules:
    """What holds for windows on a map."""
    yield 1 <= min(*kernel, *stride) and max(*kernel, *stride) <= SIDE_MAX, f"its kernel {kernel} and stride {stride} must lie in 1 to {SIDE_MAX}"
    yield 0 <= min(padding) and max(padding) <= SIDE_MAX, f"its padding {padding} must lie in 0 to {SIDE_MAX}"


def padded(values: np.ndarray, padding: Padding, filler: int = 0) -> np.ndarray:
    """Maps (..., height, width, channels) with a border."""
    top, left, bottom, right = padding
    return np.pad(values, [(0, 0)] * (values.ndim - 3) + [(top, bottom), (left, right), (0, 0)], constant_values=filler) if any(padding) else values


def requantized(values: np.ndarray, source: FixedPoint, target: FixedPoint) -> np.ndarray:
    """The integers of the same real values in another format; the values themselves where it holds them all."""
    if source.fl == target.fl and target.low <= source.low and source.high <= target.high:
        return values
    return np.clip(shifted(values, source.fl - target.fl), target.low, target.high)


def shifted(values: np.ndarray, shift: int) -> np.ndarray:
    """``round_shift`` of at most 37 bits for any shift: beyond these bounds every value saturates or vanishes all the same."""
    return round_shift(values, min(max(shift, -_LEFT_MAX), 62))


def divided(values: np.ndarray, by: np.ndarray | np.int64) -> np.ndarray:
    """Integer quotients, rounded half to even; ``by`` is positive."""
    floor = values // by
    twice = 2 * (values - floor * by)
    return floor + ((twice > by) | ((twice == by) & (floor & 1 == 1)))
