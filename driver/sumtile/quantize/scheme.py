# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The settings of the post-training quantizer, and the number formats that follow from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint
from sumtile.quantize.calibrate import Range

SCALES = ("activations", "both")


@dataclass(frozen=True)
class Scheme:
    """Settings of :func:`sumtile.quantize.quantize_network`.

    Attributes:
        bits: width of every weight and activation, 2 to 8 (to 16 for a 16-bit engine).
        scale: what the one power-of-two scale of an adder layer's input and weights covers: ``activations`` (weights
            beyond it move to a constant) or ``both``, the naive rule.
        quantile: share of a tensor's magnitudes that its scale covers; 1 covers the maximum. The network's input and
            output always keep their whole range.
    """

    bits: int = 8
    scale: str = "activations"
    quantile: float = 1.0

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= 16:
            raise SumtileError(f"{self.bits} bits were asked for, but engines have 2 to 16; choose that many.")
        if self.scale not in SCALES:
            raise SumtileError(f"the scale rule '{self.scale}' is unknown; choose one of {', '.join(SCALES)}.")
        if not 0.5 <= self.quantile <= 1:
            raise SumtileError(f"a quantile of {self.quantile} was asked for, but it must lie in 0.5 to 1; 1 covers the maximum.")

    def __str__(self) -> str:
        share = "the maximum" if self.quantile == 1 else f"{100 * self.quantile:g} %"
        return f"{self.bits} bits, scales cover {share} of {'activations' if self.scale == 'activations' else 'activations and adder weights'}"

    def format(self, values: Range, *, signed: bool, adder_weights: Iterable[np.ndarray] = ()) -> FixedPoint:
        """The format of a tensor.

        Args:
            values: its range.
            signed: whether it can be negative.
            adder_weights: real weights of the adder layers that read it.
        """
        low, high = values.low, values.high
        if self.scale == "both":
            for weights in adder_weights:
                low, high = min(low, float(weights.min())), max(high, float(weights.max()))
        signed = signed or low < 0
        if max(-low, high) <= 0:
            high = 1.0  # a tensor that is always zero: any scale will do
        return FixedPoint.covering(min(low, 0.0) if signed else 0.0, high, self.bits, signed=signed)
