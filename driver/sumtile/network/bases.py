# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The kernels of a convolution as sums of a few that all of them share.

Sources: Li et al., "PENNI: Pruned Kernel Sharing for Efficient CNN Inference", ICML'20 (arXiv 2005.07133), section 3.1,
the decomposition; Li et al., "ESCALATE: Boosting the Efficiency of Sparse CNN Accelerator with Kernel Decomposition",
MICRO'21, ternary coefficients and a basis of 8 bits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sumtile.errors import SumtileError

BASIS_BITS = 8
"""Width of the integers that a quantized basis is made of."""

_DELTAS = np.arange(96) / 100


@dataclass(frozen=True, eq=False)
class Bases:
    """``weight[n, c] = sum over m of coefficients[n, c, m] * scale[n, m] * basis[m]``.

    Attributes:
        basis: kernels that all share: float32, or int8 from -127 to 127, of shape (d, kernel height, kernel width).
        coefficients: float32, or int8 of -1, 0 and 1, of shape (outputs, inputs, d).
        scale: float32 of shape (outputs, d).
    """

    basis: np.ndarray
    coefficients: np.ndarray
    scale: np.ndarray

    def check(self, owner: str) -> None:
        """Raises SumtileError for shapes that do not fit together, a type or a value that bases cannot have; ``owner`` is the layer's name."""
        shapes = f"{self.basis.shape}, {self.coefficients.shape} and {self.scale.shape}"
        whole = self.basis.ndim == self.coefficients.ndim == 3 and min(*self.basis.shape, *self.coefficients.shape) >= 1
        if not whole or self.coefficients.shape[2] != self.rank or self.scale.shape != (self.coefficients.shape[0], self.rank):
            raise SumtileError(f"layer '{owner}' has basis, coefficients and scale of shapes {shapes}, but (d, height, width), (outputs, inputs, d) and (outputs, d) are needed.")
        types = (self.basis.dtype, self.coefficients.dtype, self.scale.dtype)
        if types[0] not in (np.float32, np.int8) or types[1] not in (np.float32, np.int8) or types[2] != np.float32:
            raise SumtileError(
                f"layer '{owner}' has basis, coefficients and scale of {types[0]}, {types[1]} and {types[2]}; give float32, or int8 for quantized basis and coefficients."
            )
        if self.is_ternary and (self.coefficients.min() < -1 or self.coefficients.max() > 1):
            raise SumtileError(f"layer '{owner}' has integer coefficients from {self.coefficients.min()} to {self.coefficients.max()}; give -1, 0 and 1.")

    @property
    def rank(self) -> int:
        """d, the number of shared kernels."""
        return len(self.basis)

    @property
    def is_ternary(self) -> bool:
        """True when coefficients only add and subtract."""
        return self.coefficients.dtype == np.int8

    @property
    def nonzeros(self) -> int:
        """Coefficients that are not zero."""
        return int(np.count_nonzero(self.coefficients))

    def compose(self) -> np.ndarray:
        """The kernels: float32 of shape (outputs, inputs, kernel height, kernel width)."""
        scaled = self.coefficients * self.scale[:, None].astype(np.float64)
        return np.tensordot(scaled, self.basis.astype(np.float64), 1).astype(np.float32)

    def used(self) -> np.ndarray:
        """Which shared kernels an output needs: bool of shape (outputs, d)."""
        return (self.coefficients != 0).any(axis=1)

    def taken(self, outputs: np.ndarray, inputs: np.ndarray) -> Bases:
        """The bases of some outputs and inputs, given as indices in their new order."""
        return replace(self, coefficients=self.coefficients[outputs][:, inputs], scale=self.scale[outputs])

    def without_unused(self) -> Bases:
        """Without the shared kernels that no output needs; the first stays where none is needed."""
        kept = np.flatnonzero(self.used().any(axis=0))
        kept = kept if len(kept) else np.zeros(1, np.int64)
        return Bases(self.basis[kept], np.ascontiguousarray(self.coefficients[:, :, kept]), np.ascontiguousarray(self.scale[:, kept]))


def decompose(weight: np.ndarray, rank: int) -> Bases:
    """The best approximation of kernels by sums of ``rank`` shared ones, in the least squares sense.

    The kernels, one a row, are a matrix; its first right singular vectors are the basis, and the products with them the
    coefficients (PENNI, equations 2 to 4). At ``rank`` = kernel height * kernel width the kernels are exact.

    Args:
        weight: (outputs, inputs, kernel height, kernel width).
        rank: number of shared kernels; more than kernels or taps are no use and left out.

    Raises:
        SumtileError: the rank is not positive.
    """
    if rank < 1:
        raise SumtileError(f"kernels were to be decomposed into {rank} shared ones; give 1 to {weight.shape[2] * weight.shape[3]}.")
    outputs, inputs, *kernel = weight.shape
    rows = weight.reshape(outputs * inputs, -1).astype(np.float64)
    basis = np.linalg.svd(rows, full_matrices=False)[2][:rank]
    coefficients = (rows @ basis.T).reshape(outputs, inputs, -1)
    return Bases(basis.reshape(-1, *kernel).astype(np.float32), coefficients.astype(np.float32), np.ones((outputs, len(basis)), np.float32))


def prune(bases: Bases, deviations: float = 1.0) -> Bases:
    """Zeros in place of the coefficients whose magnitude is below ``deviations`` standard deviations of all of the layer (PENNI, section 3.3)."""
    small = np.abs(bases.coefficients) < deviations * np.std(bases.coefficients, dtype=np.float64)
    return replace(bases, coefficients=np.where(small, np.float32(0), bases.coefficients))


def ternarize(bases: Bases, delta: float | None = None) -> Bases:
    """Coefficients of -1, 0 and 1, with a scale for each output and shared kernel.

    A coefficient is zero up to ``delta`` times the layer's largest magnitude; the scale is the mean magnitude of the
    others, which is the one of least squared error.

    Args:
        bases: with float coefficients.
        delta: :func:`fitted_delta` when None.
    """
    magnitudes = np.abs(bases.coefficients * bases.scale[:, None])
    kept = magnitudes > (fitted_delta(magnitudes) if delta is None else delta) * magnitudes.max()
    scale = (magnitudes * kept).sum(axis=1, dtype=np.float64) / np.maximum(kept.sum(axis=1), 1)
    signs = np.sign(bases.coefficients * bases.scale[:, None]) * kept
    return replace(bases, coefficients=signs.astype(np.int8), scale=scale.astype(np.float32))


def fitted_delta(magnitudes: np.ndarray) -> float:
    """The share of the largest magnitude below which zero is best: hundredths up to 0.95, by the squared error of all coefficients.

    Args:
        magnitudes: of the coefficients, (outputs, inputs, d).
    """
    ordered = -np.sort(-magnitudes.astype(np.float64), axis=1)
    sums, counts = np.cumsum(ordered, axis=1), np.arange(1, magnitudes.shape[1] + 1)
    # With the z largest of a row kept, its error falls by the square of their sum over z.
    gains = np.concatenate([np.zeros_like(sums[:, :1]), sums**2 / counts[:, None]], axis=1)
    kept = [(magnitudes > delta * magnitudes.max()).sum(axis=1) for delta in _DELTAS]
    return float(_DELTAS[np.argmax([np.take_along_axis(gains, count[:, None], axis=1).sum() for count in kept])])


def round_basis(bases: Bases) -> Bases:
    """The basis in int8, each kernel's largest magnitude 127; what a step is worth goes into the scale."""
    largest = np.abs(bases.basis).max(axis=(1, 2)).astype(np.float64)
    steps = np.where(largest > 0, largest, 1) / (2 ** (BASIS_BITS - 1) - 1)
    integers = np.rint(bases.basis / steps[:, None, None]).astype(np.int8)
    return replace(bases, basis=integers, scale=(bases.scale * steps).astype(np.float32))
