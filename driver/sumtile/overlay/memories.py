# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a memory of some depth and width takes of a device: halves of a block RAM, or LUTs.

Sources: AMD UG473, table 1-2, and UG573 for the shapes of a block RAM with one port to write and one to read; UG474 and
UG574 for LUTs as memory: four hold 32 words of 6 bits or 64 of 3, and one shifts 32 bits.
"""

from __future__ import annotations

from dataclasses import dataclass

LUTRAM_DEPTH = 64
"""Memories of at most so many words are built of LUTs."""

SHIFT_DEPTH = 32
"""FIFOs of at most so many words are built of shift registers, one LUT a bit."""

_HALF_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))


@dataclass(frozen=True)
class Memory:
    """A memory with one port to write and one to read, or several equal ones.

    Attributes:
        depth: words.
        width: bits of a word.
        banks: how many there are.
    """

    depth: int
    width: int
    banks: int = 1

    @property
    def halves(self) -> int:
        """Halves of block RAMs (18 Kib) that all banks take; 0 for a memory of LUTs."""
        if self.depth <= LUTRAM_DEPTH:
            return 0
        return self.banks * min(_up(self.depth, depth) * _up(self.width, width) for depth, width in _HALF_SHAPES)

    @property
    def luts(self) -> int:
        """LUTs that all banks take as memory; 0 for one of block RAMs."""
        if self.depth > LUTRAM_DEPTH:
            return 0
        return self.banks * 4 * (_up(self.width, 6) if self.depth <= 32 else _up(self.width, 3))


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
