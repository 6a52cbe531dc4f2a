# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Formats of multiplying layers' weights: the integer levels that a weight can have, and the nearest one.

A level counts steps of the format; what a step is worth in real numbers is a scale that a quantizer chooses, for each
filter or for each layer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats.fixed import FixedPoint


class WeightFormat(ABC):
    """Base of all weight formats.

    Attributes:
        bits: width of a weight in memory.
        operator: name of the lanes that multiply by it: ``mac``, ``sp2``, ``mixed`` or ``basis``.
    """

    bits: int
    operator: ClassVar[str]

    @property
    @abstractmethod
    def levels(self) -> np.ndarray:
        """Every integer that a weight can be: int64, sorted, zero among them."""

    @abstractmethod
    def __str__(self) -> str:
        """A few words for reports."""

    def nearest(self, values: np.ndarray) -> np.ndarray:
        """The level nearest to each value (int64, same shape); a tie goes to the smaller magnitude, and what lies beyond the levels saturates.

        Args:
            values: real numbers in steps of the format.
        """
        values, levels = np.asarray(values, np.float64), self.levels
        borders = (levels[1:] + levels[:-1]) / 2
        # On a border the lower level is the smaller magnitude for positive values, the upper one for negative values.
        below, above = (np.searchsorted(borders, values, side) for side in ("left", "right"))
        return levels[np.where(values >= 0, below, above)]


@dataclass(frozen=True)
class Symmetric(WeightFormat):
    """Fixed point without the lowest code of two's complement: ``-(2**(bits-1) - 1)`` to ``2**(bits-1) - 1``.

    Source: the "fixed" format of Chang et al., "Mix and Match", HPCA'21, section III: at 4 bits ±a·{0, 1/7, …, 1}, so
    that a step is worth a / 7.

    Attributes:
        bits: 2 to 16.
    """

    bits: int
    operator: ClassVar[str] = "mac"

    def __post_init__(self) -> None:
        require_width(self, 2, 16)

    def __str__(self) -> str:
        return f"fixed {self.bits} bit"

    @property
    def levels(self) -> np.ndarray:
        high = (1 << (self.bits - 1)) - 1
        return np.arange(-high, high + 1, dtype=np.int64)


@dataclass(frozen=True)
class Twos(WeightFormat):
    """Two's complement: ``-2**(bits-1)`` to ``2**(bits-1) - 1``; a step is worth ``2**-fl``, where fl may be negative.

    Source: Qiu et al., "Going Deeper with Embedded FPGA Platform", FPGA'16, section 4.

    Attributes:
        bits: 2 to 16.
    """

    bits: int
    operator: ClassVar[str] = "mac"

    def __post_init__(self) -> None:
        require_width(self, 2, 16)

    def __str__(self) -> str:
        return f"two's complement {self.bits} bit"

    @property
    def levels(self) -> np.ndarray:
        return np.arange(-(1 << (self.bits - 1)), 1 << (self.bits - 1), dtype=np.int64)

    def nearest(self, values: np.ndarray) -> np.ndarray:
        """The nearest level of each value (int64, same shape): ties to even, as in every other fixed-point format."""
        return FixedPoint(self.bits, 0).quantize(values)


@dataclass(frozen=True)
class Ternary(WeightFormat):
    """-1, 0 and 1, stored in two bits.

    Source: Li et al., "Ternary Weight Networks", 2016 (arXiv 1605.04711), section 2.
    """

    bits: int = field(default=2, init=False, repr=False)
    operator: ClassVar[str] = "mac"

    def __str__(self) -> str:
        return "ternary"

    @property
    def levels(self) -> np.ndarray:
        return np.array([-1, 0, 1], dtype=np.int64)


@dataclass(frozen=True)
class SharedKernels(WeightFormat):
    """Ternary coefficients, and kernels of 8 bits that they add up: what a layer of basis kernels has in place of weights.

    Source: Li et al., "ESCALATE", MICRO'21: ternary coefficients and a basis of 8 bits.
    """

    bits: int = field(default=8, init=False, repr=False)
    operator: ClassVar[str] = "basis"

    def __str__(self) -> str:
        return "ternary sums of kernels of 8 bits"

    @property
    def levels(self) -> np.ndarray:
        return np.arange(-127, 128, dtype=np.int64)


def require_width(format: WeightFormat, low: int, high: int) -> None:
    """Raises SumtileError unless the format's width lies in low to high."""
    if not low <= format.bits <= high:
        raise SumtileError(f"weights of the format '{format}' were asked for, but it has {low} to {high} bits; use a width among these.")
