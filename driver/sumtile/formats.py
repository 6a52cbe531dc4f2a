# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Number formats of the programmable logic, and the two rounding rules that all of it shares.

A tensor in fixed point is an integer array together with a :class:`FixedPoint`; its real value is
``integers * 2**-fl``. Rounding is half to even and overflow saturates, in numpy and in C++ alike.

Sources: IEEE 754-2019, section 4.3.1, for rounding half to even (roundTiesToEven), which adds no bias; Jacob et al.,
"Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018, section 2.2,
for requantization by an integer multiplier and a right shift, then saturation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sumtile.errors import SumtileError

FL_MAX = 64
"""Largest magnitude of a fractional length."""


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

        Unsigned is chosen when ``low >= 0``, unless ``signed`` says otherwise.
        """
        signed = low < 0 if signed is None else signed
        for fl in range(40, -41, -1):
            candidate = cls(bits, fl, signed)
            if low >= candidate.low * candidate.scale and high <= candidate.high * candidate.scale:
                return candidate
        raise SumtileError(f"values from {low:g} to {high:g} do not fit {bits} bits at any fl from -40 to 40; check the tensor.")


def round_shift(values: np.ndarray, shift: int | np.ndarray) -> np.ndarray:
    """``values / 2**shift`` for integers, rounded half to even (IEEE 754-2019, section 4.3.1); a negative shift multiplies.

    Args:
        values: int64 array.
        shift: integer or an array that broadcasts against ``values``.

    Returns:
        int64 array of the broadcast shape.
    """
    values = np.asarray(values, dtype=np.int64)
    shift = np.asarray(shift, dtype=np.int64)
    right = np.maximum(shift, 0)
    floor = values >> right
    rest = values - (floor << right)
    half = np.int64(1) << np.maximum(right - 1, 0)
    # Where nothing is shifted out, the rest is zero and stays below the half of one.
    up = (rest > half) | ((rest == half) & (floor & 1 == 1))
    return (floor + up) << np.maximum(-shift, 0)


def saturate(values: np.ndarray, bits: int, signed: bool = True) -> np.ndarray:
    """Clips integers to a width of ``bits``."""
    target = FixedPoint(bits, 0, signed)
    return np.clip(values, target.low, target.high)
