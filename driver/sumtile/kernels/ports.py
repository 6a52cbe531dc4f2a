# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""How fast an overlay's memory ports move data on a board, in beats a cycle."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sumtile.overlay import Overlay

ONE = Fraction(1)


@dataclass(frozen=True)
class Ports:
    """Rates of the engine's ports.

    Attributes:
        features, weights, residual, result: beats of the stream that the port moves a cycle, more than 0 and at most 1. An
            engine with several weight streams has a port for each, and ``weights`` is the rate of one.
        ddr_bytes: bytes a cycle that the memory moves for all ports together; None for a memory without a limit.
    """

    features: Fraction = ONE
    weights: Fraction = ONE
    residual: Fraction = ONE
    result: Fraction = ONE
    ddr_bytes: Fraction | None = None

    @classmethod
    def of(cls, overlay: Overlay) -> Ports:
        """The rates on the overlay's board: each stream has a memory port of the board, both run at the overlay's clock."""
        board, engine = overlay.board, overlay.engine
        share = Fraction(board.port_efficiency).limit_denominator(1000)
        rate = min(ONE, share * board.hp_bits / engine.stream_bits)
        ddr = Fraction(board.ddr_efficiency).limit_denominator(1000) * board.ddr_bytes_per_second
        return cls(rate, rate, rate, rate, ddr / Fraction(overlay.clock_mhz * 1e6).limit_denominator(1))
