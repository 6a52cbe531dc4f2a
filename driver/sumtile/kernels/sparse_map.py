# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""SparseMap: rows of ternary coefficients as a bit mask of the non-zero ones and the packed signs of those.

Source: Li et al., "ESCALATE: Boosting the Efficiency of Sparse CNN Accelerator with Kernel Decomposition", MICRO'21. A
magnitude of one needs no payload but its sign, so a row of n coefficients with z non-zero ones takes n + z bits before
it is rounded up to whole words. Rows are encoded one by one, so that the rows of an array decode in step.
"""

from __future__ import annotations

import numpy as np

from sumtile.errors import SumtileError

WORD_BITS = (8, 16, 32, 64)


def encode(ternary: np.ndarray, word_bits: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Encodes rows of coefficients.

    Args:
        ternary: -1, 0 and 1 as int8 of shape (rows, n), n at least 1.
        word_bits: width of a word: 8, 16, 32 or 64.

    Returns:
        mask words of shape (rows, ceil(n / word_bits)), where bit i of a row, counted from the least significant bit of its
        first word, is set if coefficient i is not zero; bits behind the n-th are zeros.
        sign words, one axis: of each row, one after the other, as many words as its non-zero coefficients fill; bit j
        is set where the j-th non-zero coefficient of the row is -1. A row of zeros has no word here.

    Raises:
        SumtileError: another shape, another value than -1, 0 and 1, or another width.
    """
    _check_width(word_bits)
    if ternary.ndim != 2 or ternary.shape[1] < 1 or ternary.dtype.kind not in "iu":
        raise SumtileError(f"ternary coefficients of {ternary.dtype} and shape {ternary.shape} were to be encoded; give integers of shape (rows, n).")
    if ternary.size and (ternary.min() < -1 or ternary.max() > 1):
        raise SumtileError(f"coefficients from {ternary.min()} to {ternary.max()} were to be encoded, but only -1, 0 and 1 are ternary; quantize them first.")
    bits = np.zeros((len(ternary), _words(ternary.shape[1], word_bits) * word_bits), np.uint8)
    bits[:, : ternary.shape[1]] = ternary != 0
    row, column = np.nonzero(ternary)
    counts = np.bincount(row, minlength=len(ternary))
    signs = np.zeros(int(_words(counts, word_bits).sum()) * word_bits, np.uint8)
    signs[_sign_places(counts, word_bits)] = ternary[row, column] < 0
    return _packed(bits, word_bits), _packed(signs, word_bits)


def decode(mask: np.ndarray, signs: np.ndarray, n: int) -> np.ndarray:
    """The coefficients, int8 of shape (rows, n), of what :func:`encode` gave.

    Raises:
        SumtileError: words that no rows of n coefficients have.
    """
    word_bits = 8 * mask.dtype.itemsize
    _check_width(word_bits)
    if mask.dtype != signs.dtype or mask.ndim != 2 or signs.ndim != 1 or mask.shape[1] != _words(n, word_bits):
        raise SumtileError(
            f"masks of {mask.dtype} and shape {mask.shape} with signs of {signs.dtype} and shape {signs.shape} are no rows of {n} coefficients; give what encode returned, and its n."
        )
    bits = _bits(mask)
    counts = bits.sum(axis=1, dtype=np.int64)
    expected = int(_words(counts, word_bits).sum())
    if bits[:, n:].any() or len(signs) != expected:
        raise SumtileError(
            f"masks of {counts.sum()} coefficients in rows of {n} came with {len(signs)} sign words instead of {expected}, or with bits behind a row's end; give what encode returned."
        )
    ternary = np.zeros((len(mask), n), np.int8)
    ternary[bits[:, :n] != 0] = 1 - 2 * _bits(signs)[_sign_places(counts, word_bits)].astype(np.int8)
    return ternary


def _sign_places(counts: np.ndarray, word_bits: int) -> np.ndarray:
    """Where the signs of all rows lie in the bits of the sign words: each row begins a word."""
    words = _words(counts, word_bits)
    gap = (np.cumsum(words) - words) * word_bits - (np.cumsum(counts) - counts)
    return np.arange(counts.sum()) + np.repeat(gap, counts)


def _packed(bits: np.ndarray, word_bits: int) -> np.ndarray:
    return np.packbits(bits, axis=-1, bitorder="little").view(f"<u{word_bits // 8}")


def _bits(words: np.ndarray) -> np.ndarray:
    little = np.ascontiguousarray(words, words.dtype.newbyteorder("<"))
    return np.unpackbits(little.view(np.uint8), axis=-1, bitorder="little")


def _words(bits: np.ndarray | int, word_bits: int) -> np.ndarray:
    """Whole words, as int64."""
    return -(-np.asarray(bits, np.int64) // word_bits)


def _check_width(word_bits: int) -> None:
    if word_bits not in WORD_BITS:
        raise SumtileError(f"words of {word_bits} bits were asked for; give {', '.join(map(str, WORD_BITS))}.")
