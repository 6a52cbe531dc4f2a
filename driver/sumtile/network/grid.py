# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The numbers that a network was quantized to in training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Grid:
    """The numbers that training quantized something to: ``scale`` times the integers of a width.

    Attributes:
        bits: width of the integers, at least 1.
        signed: two's complement, or unsigned.
        narrow: without the lowest integer.
        scale: float array, () for one scale or (channels,) for one an output channel.
    """

    bits: int
    signed: bool
    narrow: bool
    scale: np.ndarray

    @property
    def low(self) -> int:
        """Smallest integer."""
        return (-(1 << (self.bits - 1)) if self.signed else 0) + (self.narrow and self.signed)

    @property
    def high(self) -> int:
        """Largest integer; an unsigned narrow grid ends one earlier, as QONNX has it."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1 - self.narrow

    def snap(self, values: np.ndarray, axis: int) -> np.ndarray:
        """The nearest numbers of the grid, in float32 of the same shape: ties to even, saturated.

        Args:
            axis: of the channels that have scales of their own.
        """
        scale = np.asarray(self.scale, np.float32)
        scale = scale.reshape(-1, *(1,) * (values.ndim - 1 - axis)) if scale.ndim else scale
        return np.asarray(np.rint(np.clip(values.astype(np.float32) / scale, self.low, self.high)) * scale)
