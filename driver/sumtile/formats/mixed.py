# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""MSQ: some filters of a layer have fixed-point weights and the others SP2 weights, in the ratio of the lanes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats.sp2 import Sp2
from sumtile.formats.weights import Symmetric, WeightFormat


@dataclass(frozen=True)
class Mixed(WeightFormat):
    """Rows of two formats; a row is an output channel.

    Source: Chang et al., "Mix and Match", HPCA'21 (arXiv 2012.04240), section IV.

    Attributes:
        fixed: format of the fixed rows.
        sp2: format of the other rows, of the same width.
        fixed_of, of: that many of so many rows are fixed, at least one and not all.
    """

    fixed: Symmetric
    sp2: Sp2
    fixed_of: int
    of: int
    bits: int = field(init=False, repr=False)
    operator: ClassVar[str] = "mixed"

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", self.fixed.bits)  # the way to set a derived field of a frozen dataclass
        if self.fixed.bits != self.sp2.bits:
            raise SumtileError(f"{self.fixed} and {self.sp2} rows were to be mixed, but the rows of a layer have one width in memory; give both the same bits.")
        if not 0 < self.fixed_of < self.of:
            raise SumtileError(f"{self.fixed_of} of {self.of} rows were to be fixed, but a mix has rows of both kinds; use Symmetric or Sp2 where all are of one.")

    def __str__(self) -> str:
        return f"mixed {self.bits} bit, {self.fixed_of} of {self.of} rows fixed"

    @property
    def levels(self) -> np.ndarray:
        """Every integer that occurs in rows of either kind."""
        return np.union1d(self.fixed.levels, self.sp2.levels)

    def fixed_rows(self, outputs: int) -> np.ndarray:
        """True for the fixed rows of a layer, bool of shape (outputs,); see :func:`fixed_rows`."""
        return fixed_rows(outputs, self.fixed_of, self.of)

    def nearest(self, values: np.ndarray) -> np.ndarray:
        """The nearest level of each value in its row's format (int64, same shape); see :meth:`WeightFormat.nearest`.

        Args:
            values: real numbers in steps of their row's format; axis 0 is the output channel.
        """
        fixed = self.fixed_rows(len(values))
        integers = self.sp2.nearest(values)
        integers[fixed] = self.fixed.nearest(values[fixed])
        return integers


def fixed_rows(outputs: int, fixed: int, of: int) -> np.ndarray:
    """Which output channels or lanes are fixed, bool of shape (outputs,).

    Channel c is fixed where floor((c + 1) · fixed / of) > floor(c · fixed / of). The two kinds are interleaved, so that
    any number of channels from the first one on keeps the ratio as well as whole channels can.

    Args:
        outputs: number of channels.
        fixed, of: that many of so many channels are fixed, 0 <= fixed <= of.
    """
    return np.diff(np.arange(outputs + 1) * fixed // of) > 0
