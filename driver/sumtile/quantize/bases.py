# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Shared kernels as the integers of an engine that adds and subtracts input maps first and convolves the sums then.

Source: Li et al., "ESCALATE: Boosting the Efficiency of Sparse CNN Accelerator with Kernel Decomposition", MICRO'21: ternary
coefficients, and their scales in the kernels, which have 8 bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import Symmetric
from sumtile.network.bases import BASIS_BITS, Bases


@dataclass(frozen=True, eq=False)
class IntegerBases:
    """``weight[n, c] = steps[n] * sum over m of coefficients[n, c, m] * kernels[n, m]``.

    Attributes:
        kernels: int8 (outputs, d, kernel height, kernel width): the shared kernels times the scales of each output.
        coefficients: int8 of -1, 0 and 1, (outputs, inputs, d).
        steps: what an integer is worth: float64 (outputs,), for the requantization of the output channels.
    """

    kernels: np.ndarray
    coefficients: np.ndarray
    steps: np.ndarray

    def compose(self) -> np.ndarray:
        """The kernels of all pairs of channels in integers of at most ``d * 127``: int64 (outputs, inputs, kernel height, kernel width)."""
        return np.einsum("ncm,nmyx->ncyx", self.coefficients.astype(np.int64), self.kernels.astype(np.int64))


def fold_scales(bases: Bases, factors: np.ndarray | None = None, bits: int = BASIS_BITS) -> IntegerBases:
    """Puts the scales of ternary coefficients into kernels of their own for each output, whose largest weight covers the integers.

    Args:
        bases: with ternary coefficients.
        factors: by which each output is multiplied besides, such as a batch normalization's: (outputs,); ones when None.
        bits: width of the kernels' symmetric integers, at most 8.

    Raises:
        SumtileError: coefficients that are not ternary, or a width beyond 8.
    """
    if not bases.is_ternary:
        raise SumtileError(f"coefficients of {bases.coefficients.dtype} were to be folded, but an engine adds and subtracts only; make them ternary first.")
    if bits > BASIS_BITS:
        raise SumtileError(f"kernels of {bits} bits were asked for, but a basis has at most {BASIS_BITS}; give fewer.")
    scale = bases.scale * bases.used()  # what no coefficient reads must not widen the step
    if factors is not None:
        scale = scale * np.asarray(factors, np.float64)[:, None]
    real = scale[:, :, None, None] * bases.basis.astype(np.float64)
    largest = np.abs(real).max(axis=(1, 2, 3))
    steps = np.where(largest > 0, largest, 1) / Symmetric(bits).levels.max()
    return IntegerBases(np.rint(real / steps[:, None, None, None]).astype(np.int8), bases.coefficients, steps)
