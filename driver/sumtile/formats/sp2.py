# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""SP2: weights that are a sum of two powers of two, so that a product is two shifts and one addition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats.weights import WeightFormat, require_width


@dataclass(frozen=True)
class Sp2(WeightFormat):
    """Weights ±(q1 + q2), stored as the code ``sign | e1 | e2``.

    With K = 2**m1 - 1, an exponent code e stands for the term 2**(K - e), and for no term where it is zero. e1 has m1
    bits and reaches down to 1; e2 has m2 <= m1 bits and stops earlier. The largest level is 2**K, so that a step of a
    filter with the largest weight a is worth a / 2**K. At 4 bits the magnitudes are 0, 1, 2, 4, 5, 6 and 8.

    Source: Chang et al., "Mix and Match", HPCA'21 (arXiv 2012.04240), section III; 1 + m1 + m2 bits.

    Attributes:
        bits: 3 to 8.
    """

    bits: int
    operator: ClassVar[str] = "sp2"

    def __post_init__(self) -> None:
        require_width(self, 3, 8)

    def __str__(self) -> str:
        return f"SP2 {self.bits} bit"

    @property
    def m1(self) -> int:
        """Width of the first exponent code."""
        return self.bits // 2

    @property
    def m2(self) -> int:
        """Width of the second exponent code."""
        return (self.bits - 1) // 2

    @property
    def levels(self) -> np.ndarray:
        return np.unique(self.decode(np.arange(1 << self.bits)))

    def encode(self, integers: np.ndarray) -> np.ndarray:
        """Levels to codes (uint8, same shape): of the codes of one level, the smallest; zero has no sign.

        Raises:
            SumtileError: an integer that is no level.
        """
        integers = np.asarray(integers, np.int64)
        sign = 1 << (self.bits - 1)
        magnitudes, codes = np.unique(self.decode(np.arange(sign)), return_index=True)
        places = np.minimum(np.searchsorted(magnitudes, np.abs(integers)), len(magnitudes) - 1)
        wrong = magnitudes[places] != np.abs(integers)
        if wrong.any():
            raise SumtileError(f"the weight {integers[wrong].flat[0]} is no level of {self}, whose magnitudes are sums of two powers of two; quantize it with nearest() first.")
        return (codes[places] + np.where(integers < 0, sign, 0)).astype(np.uint8)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Codes to levels (int64, same shape); every code of ``bits`` bits has one.

        Raises:
            SumtileError: a code that is wider.
        """
        codes = np.asarray(codes, np.int64)
        if codes.size and not (codes.min() >= 0 and codes.max() < 1 << self.bits):
            raise SumtileError(f"codes from {codes.min()} to {codes.max()} were given, but {self} has 0 to {(1 << self.bits) - 1}; check how they were packed.")
        magnitude = self._term(codes >> self.m2, self.m1) + self._term(codes, self.m2)
        return np.where(codes >> (self.bits - 1), -magnitude, magnitude)

    def _term(self, codes: np.ndarray, width: int) -> np.ndarray:
        """The power of two that the lowest ``width`` bits of each code stand for."""
        exponents = codes & ((1 << width) - 1)
        return np.where(exponents == 0, 0, np.int64(1) << ((1 << self.m1) - 1 - exponents))
