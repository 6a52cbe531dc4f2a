# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""SparseMap: every short row, random long ones, and words that are no rows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.kernels.sparse_map import WORD_BITS, decode, encode


def plain(row: np.ndarray, word_bits: int) -> tuple[list[int], list[int]]:
    """The words of one row, bit by bit."""

    def words(bits: list[int]) -> list[int]:
        return [sum(bit << place for place, bit in enumerate(bits[first : first + word_bits])) for first in range(0, len(bits), word_bits)]

    return words([int(value != 0) for value in row]), words([int(value < 0) for value in row if value])


@pytest.mark.parametrize("word_bits", WORD_BITS)
@pytest.mark.parametrize("n", range(1, 8))
def test_every_short_row(n: int, word_bits: int) -> None:
    rows = np.array(list(itertools.product((-1, 0, 1), repeat=n)), np.int8)
    mask, signs = encode(rows, word_bits)
    expected = [plain(row, word_bits) for row in rows]
    assert mask.tolist() == [words for words, _ in expected]
    assert signs.tolist() == [word for _, words in expected for word in words]
    assert np.array_equal(decode(mask, signs, n), rows)


@pytest.mark.parametrize("seed", range(60))
def test_random_rows(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, n = random.integers(1, 40), random.integers(1, 700)
    density = random.choice([0.0, 0.05, 0.3, 1.0])
    ternary = (random.choice([-1, 1], (rows, n)) * (random.random((rows, n)) < density)).astype(np.int8)
    word_bits = int(random.choice(WORD_BITS))
    mask, signs = encode(ternary, word_bits)
    expected = [plain(row, word_bits) for row in ternary]
    assert mask.shape == (rows, -(-n // word_bits)) and mask.dtype == signs.dtype == np.dtype(f"u{word_bits // 8}")
    assert mask.tolist() == [words for words, _ in expected], f"pytest {__file__} -k 'random_rows and {seed}'"
    assert signs.tolist() == [word for _, words in expected for word in words]
    assert np.array_equal(decode(mask, signs, int(n)), ternary)


def test_no_rows_and_rows_of_zeros() -> None:
    assert [words.shape for words in encode(np.zeros((0, 5), np.int8))] == [(0, 1), (0,)]
    mask, signs = encode(np.zeros((3, 33), np.int8))
    assert mask.shape == (3, 2) and not mask.any() and signs.shape == (0,)
    assert not decode(mask, signs, 33).any()


def test_words_in_the_other_order_of_bytes() -> None:
    ternary = np.array([[1, -1, 0] * 20], np.int8)
    mask, signs = (words.astype(words.dtype.newbyteorder(">")) for words in encode(ternary, 16))
    assert np.array_equal(decode(mask, signs, 60), ternary)


@pytest.mark.parametrize(
    ("ternary", "word_bits", "sentence"),
    [
        (np.array([[2, 0]], np.int8), 32, "coefficients from 0 to 2 were to be encoded"),
        (np.array([1, 0], np.int8), 32, r"shape \(2,\) were to be encoded"),
        (np.zeros((2, 0), np.int8), 32, r"shape \(2, 0\) were to be encoded"),
        (np.zeros((2, 2)), 32, "of float64 and shape"),
        (np.zeros((2, 2), np.int8), 12, "words of 12 bits were asked for"),
    ],
)
def test_what_cannot_be_encoded(ternary: np.ndarray, word_bits: int, sentence: str) -> None:
    with pytest.raises(SumtileError, match=sentence):
        encode(ternary, word_bits)


def test_what_cannot_be_decoded() -> None:
    mask, signs = encode(np.ones((2, 40), np.int8))
    for broken in [(mask, signs[:-1], 40), (mask, signs, 39), (mask, signs, 65), (mask[0], signs, 40), (mask, signs.astype(np.uint64), 40)]:
        with pytest.raises(SumtileError, match="give what encode returned"):
            decode(*broken)
