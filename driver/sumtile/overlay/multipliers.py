# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""DSPs of a product by the widths of its operands."""

from __future__ import annotations

_WIDE = {"zynq-7000": 25, "zynq-ultrascale+": 27}
_NARROW = 18


def packs(data_bits: int, weight_bits: int) -> bool:
    """Two products of these widths share a multiplier (``PackedProducts::kFit`` in ``operators.hpp``)."""
    product = data_bits + weight_bits
    return product + weight_bits + 1 <= 25 and 2 * product <= 32


def multiplier_dsps(a: int, b: int, family: str) -> int:
    """DSPs of a product of two signed operands of ``a`` and ``b`` bits: one if they fit its ports, 25 x 18 bits or 27 x 18 on UltraScale+."""
    wide = _WIDE[family]

    def pieces(wide_bits: int, narrow_bits: int) -> int:
        return -(-max(wide_bits - 1, 1) // (wide - 1)) * -(-max(narrow_bits - 1, 1) // (_NARROW - 1))

    return min(pieces(a, b), pieces(b, a))
