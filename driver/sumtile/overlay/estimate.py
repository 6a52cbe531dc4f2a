# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""How many DSPs a design takes: an estimate from the widths of its multipliers, not a report of a tool."""

from __future__ import annotations

from sumtile.overlay.description import Overlay
from sumtile.overlay.engine import Array, Engine

ADDRESS_DSPS = 24
"""Products of run-time sizes: buffer addresses and loop bounds, the same in every engine."""

_WIDE = {"zynq-7000": 25, "zynq-ultrascale+": 27}
_NARROW = 18


def estimate_dsps(overlay: Overlay) -> dict[str, int]:
    """DSPs by part of the engine: ``arrays``, ``scale``, ``combine``, ``pool``, ``addresses``.

    A multiplier takes one DSP48 if its operands fit 25 x 18 bits (27 x 18 on UltraScale+), signs included, and several
    otherwise. Two lanes of at most 8 bits share one (``PackedProducts`` in ``operators.hpp``).
    """
    engine = overlay.engine
    wide = _WIDE[overlay.board.family]
    channels = engine.stream_bits // engine.data_bits
    sum_bits = max(engine.accumulator_bits(array) for array in engine.arrays)
    return {
        "arrays": sum(_array_dsps(engine, array, wide) for array in engine.arrays),
        "scale": engine.to // engine.scale_fold * _multiplier(sum_bits, 16, wide),
        "combine": channels * _multiplier(engine.mid_bits, 16, wide),
        "pool": channels * _multiplier(engine.data_bits + 17, 17, wide),
        "addresses": ADDRESS_DSPS,
    }


def _array_dsps(engine: Engine, array: Array, wide: int) -> int:
    lanes = {"adder": 0, "sp2": 0, "mac": engine.to, "mixed": array.fixed_lanes}[array.operator]
    if packs(engine.data_bits, array.weight_bits):
        multipliers = -(-lanes // 2)
    else:
        multipliers = lanes * _multiplier(engine.data_bits + 1, array.weight_bits, wide)
    return engine.ti // array.fold * engine.tp * multipliers


def packs(data_bits: int, weight_bits: int) -> bool:
    """Two products of these widths share a multiplier (``PackedProducts::kFit``)."""
    product = data_bits + weight_bits
    return product + weight_bits + 1 <= 25 and 2 * product <= 32


def _multiplier(a: int, b: int, wide: int) -> int:
    """DSPs of a product of two signed operands of ``a`` and ``b`` bits."""

    def pieces(wide_bits: int, narrow_bits: int) -> int:
        return -(-max(wide_bits - 1, 1) // (wide - 1)) * -(-max(narrow_bits - 1, 1) // (_NARROW - 1))

    return min(pieces(a, b), pieces(b, a))
