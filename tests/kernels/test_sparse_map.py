# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""SparseMap: every short row and random long ones against words that are made bit by bit; the kernel's decoding is tested with its layers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.kernels.sparse_map import encode


def words(bits: list[int], word_bits: int, count: int) -> list[int]:
    bits = bits + [0] * (count * word_bits - len(bits))
    return [sum(bit << place for place, bit in enumerate(bits[first : first + word_bits])) for first in range(0, len(bits), word_bits)]


def plain(row: np.ndarray, word_bits: int, sign_words: int) -> tuple[list[int], list[int]]:
    """The words of one row, bit by bit."""
    marks, signs = [int(value != 0) for value in row], [int(value < 0) for value in row if value]
    return words(marks, word_bits, len(row) // word_bits), words(signs, word_bits, sign_words)


def test_every_row_of_a_word() -> None:
    rows = np.array(list(itertools.product((-1, 0, 1), repeat=8)), np.int8)
    mask, signs = encode(rows, 8, 1)
    expected = [plain(row, 8, 1) for row in rows]
    assert mask.tolist() == [words for words, _ in expected]
    assert signs.tolist() == [words for _, words in expected]


@pytest.mark.parametrize("seed", range(60))
def test_random_rows(seed: int) -> None:
    random = np.random.default_rng(seed)
    word_bits, shape = int(random.choice([8, 16, 32, 64])), tuple(random.integers(1, 5, 2))
    n, density = int(random.integers(1, 12)) * word_bits, random.choice([0.0, 0.05, 0.3, 1.0])
    ternary = (random.choice([-1, 1], (*shape, n)) * (random.random((*shape, n)) < density)).astype(np.int8)
    sign_words = -(-int((ternary != 0).sum(axis=2).max()) // word_bits) + int(random.integers(0, 2))
    mask, signs = encode(ternary, word_bits, sign_words)
    assert mask.shape == (*shape, n // word_bits) and signs.shape == (*shape, sign_words)
    assert mask.dtype == signs.dtype == np.dtype(f"<u{word_bits // 8}")
    for place in np.ndindex(*shape):
        assert (mask[place].tolist(), signs[place].tolist()) == plain(ternary[place], word_bits, sign_words), f"pytest {__file__} -k 'random_rows and {seed}'"


def test_a_row_whose_signs_have_no_room() -> None:
    ternary = np.zeros((3, 32), np.int8)
    ternary[1, :17] = -1
    assert encode(ternary, 16, 2)[1].tolist() == [[0, 0], [0xFFFF, 1], [0, 0]]
    with pytest.raises(SumtileError, match="a row has 17 coefficients that are not zero, but its signs have 16 bits"):
        encode(ternary, 16, 1)
