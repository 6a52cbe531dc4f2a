# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Scales folded into kernels of 8 bits: how near they are, and that the order of adding and convolving does not matter."""

from __future__ import annotations

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network.bases import decompose, prune, round_basis, ternarize
from sumtile.quantize.bases import fold_scales


@pytest.mark.parametrize("seed", range(20))
def test_folded_kernels_are_near(seed: int) -> None:
    random = np.random.default_rng(seed)
    outputs, inputs, rank = (int(random.integers(1, high)) for high in (20, 30, 10))
    bases = round_basis(ternarize(prune(decompose(random.laplace(0, 0.1, (outputs, inputs, 3, 3)), rank), 0.7)))
    factors = random.uniform(-2, 2, outputs)
    folded = fold_scales(bases, factors)
    assert folded.kernels.shape == (outputs, bases.rank, 3, 3) and folded.kernels.dtype == np.int8 and folded.kernels.min() >= -127
    expected = bases.compose() * factors[:, None, None, None]
    error = np.abs(folded.steps[:, None, None, None] * folded.compose() - expected)
    assert (error <= 0.5001 * bases.rank * folded.steps[:, None, None, None]).all(), f"pytest {__file__} -k 'near and {seed}'"
    used = bases.used().any(axis=1)
    assert (np.abs(folded.kernels).max(axis=(1, 2, 3))[used] == 127).all() and not folded.kernels[~bases.used()].any()


@pytest.mark.parametrize("seed", range(10))
def test_adding_first_and_convolving_then_is_convolving_with_composed_kernels(seed: int) -> None:
    """The identity of ESCALATE, section 3, in integers."""
    random = np.random.default_rng(seed)
    folded = fold_scales(ternarize(decompose(random.laplace(0, 1, (5, 7, 3, 3)), int(random.integers(1, 10))), 0.2))
    x = np.lib.stride_tricks.sliding_window_view(random.integers(0, 256, (7, 8, 9)), (3, 3), axis=(1, 2))
    direct = np.einsum("ncyx,chwyx->nhw", folded.compose(), x)
    combined = np.einsum("ncm,chwyx->nmhwyx", folded.coefficients.astype(np.int64), x)
    assert np.array_equal(np.einsum("nmyx,nmhwyx->nhw", folded.kernels.astype(np.int64), combined), direct)


def test_what_cannot_be_folded() -> None:
    bases = decompose(np.ones((2, 2, 3, 3)), 2)
    with pytest.raises(SumtileError, match="make them ternary first"):
        fold_scales(bases)
    with pytest.raises(SumtileError, match="kernels of 9 bits were asked for"):
        fold_scales(ternarize(bases), bits=9)
