# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A convolution whose kernels are sums of few shared ones, as a torch layer that learns both.

Source: Li et al., "PENNI: Pruned Kernel Sharing for Efficient CNN Inference", ICML'20 (arXiv 2005.07133).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from sumtile.network.bases import BASIS_BITS, Bases, fitted_delta, round_basis, ternarize


class BasisConv2d(nn.Module):
    """``weight[n, c] = sum over m of coefficients[n, c, m] * basis[m]``; it gives the weight, and :class:`~sumtile.train.graph.GraphModule` convolves.

    Attributes:
        basis: parameter (d, kernel height, kernel width).
        coefficients: parameter (outputs, inputs, d).
        mask: ones where a coefficient may differ from zero, shape of the coefficients; the others get no gradient.
        delta: None while coefficients are floats; else the share of the largest magnitude up to which they become zero,
            and coefficients are ternary and the basis has 8 bits, with straight-through gradients.
    """

    def __init__(self, bases: Bases) -> None:
        super().__init__()
        scaled = bases.coefficients * bases.scale[:, None]
        self.basis = nn.Parameter(torch.from_numpy(bases.basis.astype(np.float32)))
        self.coefficients = nn.Parameter(torch.from_numpy(scaled.astype(np.float32)))
        self.mask: torch.Tensor
        self.register_buffer("mask", (self.coefficients.detach() != 0).float())
        self.delta: float | None = None

    def quantize(self) -> None:
        """Goes on with ternary coefficients and a basis of 8 bits."""
        self.delta = fitted_delta(self._masked().detach().abs().numpy())

    def forward(self) -> torch.Tensor:
        """The kernels, (outputs, inputs, kernel height, kernel width)."""
        coefficients, basis = self._masked(), self.basis
        if self.delta is not None:
            coefficients, basis = _through(coefficients, _ternary(coefficients, self.delta)), _through(basis, _rounded(basis))
        return torch.tensordot(coefficients, basis, 1)

    def bases(self) -> Bases:
        """What it has learned, in numpy."""
        coefficients = self._masked().detach().numpy().copy()
        floats = Bases(self.basis.detach().numpy().copy(), coefficients, np.ones((len(coefficients), len(self.basis)), np.float32))
        return floats if self.delta is None else round_basis(ternarize(floats, self.delta))

    def magnitude(self) -> torch.Tensor:
        """Sum of the coefficients' magnitudes, the L1 norm of PENNI's loss."""
        return self._masked().abs().sum()

    def _masked(self) -> torch.Tensor:
        return self.coefficients * self.mask


def _ternary(coefficients: torch.Tensor, delta: float) -> torch.Tensor:
    """As :func:`sumtile.network.bases.ternarize`, signs times scales."""
    magnitudes = coefficients.abs()
    kept = magnitudes > delta * magnitudes.max()
    scale = (magnitudes * kept).sum(1, keepdim=True) / kept.sum(1, keepdim=True).clamp_min(1)
    return coefficients.sign() * kept * scale


def _rounded(basis: torch.Tensor) -> torch.Tensor:
    """As :func:`sumtile.network.bases.round_basis`, integers times steps."""
    largest = basis.abs().amax((1, 2), keepdim=True)
    steps = torch.where(largest > 0, largest, 1) / (2 ** (BASIS_BITS - 1) - 1)
    return (basis / steps).round() * steps


def _through(x: torch.Tensor, quantized: torch.Tensor) -> torch.Tensor:
    """The quantized values, with the gradient of those that they were made of (the straight-through estimator)."""
    return x + (quantized - x).detach()
