# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""SparseMap: rows of ternary coefficients as marks of those that are not zero and the packed signs of these.

Source: Li et al., "ESCALATE: Boosting the Efficiency of Sparse CNN Accelerator with Kernel Decomposition", MICRO'21. A
magnitude of one needs no payload but its sign. Rows are encoded one by one, with as many words for the signs of each, so that
the rows of an array decode in step.
"""

from __future__ import annotations

import numpy as np

from sumtile.errors import SumtileError


def encode(ternary: np.ndarray, word_bits: int, sign_words: int) -> tuple[np.ndarray, np.ndarray]:
    """Encodes rows of coefficients; ``hls/include/sumtile/sparse_map.hpp`` decodes them.

    Args:
        ternary: -1, 0 and 1 as integers of shape (..., n), where n fills whole words.
        word_bits: width of a word, 8, 16, 32 or 64.
        sign_words: words for the signs of a row.

    Returns:
        mask words of shape (..., n / word_bits), where bit i of a row, counted from the least significant bit of its first
        word, is set if coefficient i is not zero.
        sign words of shape (..., sign_words): bit j of a row is set where its j-th coefficient that is not zero is -1.

    Raises:
        SumtileError: a row with more coefficients that are not zero than its sign words have bits.
    """
    marked = ternary != 0
    ranks = np.cumsum(marked, axis=-1, dtype=np.int64) - 1
    most, room = int(ranks.max(initial=-1)) + 1, sign_words * word_bits
    if most > room:
        raise SumtileError(f"a row has {most} coefficients that are not zero, but its signs have {room} bits; let a tile of signs serve fewer coefficients.")
    signs = np.zeros((*ternary.shape[:-1], room), np.uint8)
    negative = np.nonzero(ternary < 0)
    places = (*negative[:-1], ranks[negative])
    signs[places] = 1
    return _words(marked, word_bits), _words(signs, word_bits)


def _words(bits: np.ndarray, word_bits: int) -> np.ndarray:
    return np.packbits(bits, axis=-1, bitorder="little").view(f"<u{word_bits // 8}")
