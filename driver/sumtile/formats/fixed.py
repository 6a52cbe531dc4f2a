# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Fixed point: an integer array together with a :class:`FixedPoint`, whose real value is ``integers * 2**-fl``.

Source: Qiu et al., "Going Deeper with Embedded FPGA Platform", FPGA'16, section 4; a fractional length may be negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sumtile.errors import SumtileError

FL_MAX = 64
"""Largest magnitude of a fractional length."""

FL_COVERING_MAX = 40
"""Largest magnitude of a fractional length that a range leads to, so that a search around it stays within :data:`FL_MAX`."""


@dataclass(frozen=True)
class FixedPoint:
    """Two's complement or unsigned fixed point with a power-of-two scale.

    Source: Qiu et al., "Going Deeper with Embedded FPGA Platform", FPGA'16, section 4: ``n = 2^-fl * sum B_i 2^i``.

    Attributes:
        bits: width in bits, 2 to 32.
        fl: fractional length, -64 to 64; the least significant bit is worth ``2**-fl``.
        signed: two's complement if true, unsigned otherwise.
    """

    bits: int
    fl: int
    signed: bool = True

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= 32:
            raise SumtileError(f"a fixed-point format of {self.bits} bits was asked for; use 2 to 32 bits.")
        if abs(self.fl) > FL_MAX:
            raise SumtileError(f"a fixed-point format with a fractional length of {self.fl} was asked for; use -{FL_MAX} to {FL_MAX}.")

    @property
    def low(self) -> int:
        """Smallest integer of the format."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        """Largest integer of the format."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    @property
    def scale(self) -> float:
        """Real value of one least significant bit."""
        return 2.0**-self.fl

    def quantize(self, values: np.ndarray) -> np.ndarray:
        """Real values to integers (int64, same shape): round half to even, then saturate."""
        scaled = np.rint(np.asarray(values, dtype=np.float64) * 2.0**self.fl)
        return np.clip(scaled, self.low, self.high).astype(np.int64)

    def dequantize(self, integers: np.ndarray) -> np.ndarray:
        """Integers back to real values (float64, same shape)."""
        return np.asarray(integers, dtype=np.float64) * self.scale

    @classmethod
    def covering(cls, low: float, high: float, bits: int, *, signed: bool | None = None) -> FixedPoint:
        """The finest power-of-two format of ``bits`` bits that holds both ``low`` and ``high`` without saturating.

        Unsigned is chosen when ``low >= 0``, unless ``signed`` says otherwise. A range of tiny values gets the fractional
        length :data:`~sumtile.formats.fixed.FL_COVERING_MAX`, though a larger one would hold it too.

        Raises:
            SumtileError: values that no fractional length down to ``-FL_COVERING_MAX`` holds.
        """
        signed = low < 0 if signed is None else signed
        for fl in range(FL_COVERING_MAX, -FL_COVERING_MAX - 1, -1):
            candidate = cls(bits, fl, signed)
            if low >= candidate.low * candidate.scale and high <= candidate.high * candidate.scale:
                return candidate
        raise SumtileError(f"values from {low:g} to {high:g} do not fit {bits} bits at any fl from -{FL_COVERING_MAX} to {FL_COVERING_MAX}; check the tensor.")
