# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What follows from the widths of any engine's data and streams."""

from __future__ import annotations


class Widths:
    """Base of the engines' dataclasses, which have these three fields."""

    data_bits: int
    stream_bits: int
    weight_streams: int

    @property
    def mid_bits(self) -> int:
        """Width of a value between requantization and the output format."""
        return 2 * self.data_bits

    @property
    def data_bytes(self) -> int:
        """Bytes of one feature in memory."""
        return self.data_bits // 8

    @property
    def stream_bytes(self) -> int:
        """Bytes of one AXI4-Stream beat."""
        return self.stream_bits // 8

    @property
    def row_bytes(self) -> int:
        """Bytes of one beat from each weight stream."""
        return self.stream_bytes * self.weight_streams
