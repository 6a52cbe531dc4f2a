# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The activation that every engine ends its layers with (``hls/include/sumtile/activate.hpp``)."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from sumtile.formats import round_shift, saturate
from sumtile.kernels.layer import SLOPE_BITS
from sumtile.overlay.widths import Widths


class Activated(Protocol):
    """What the activation takes of a layer, whichever engine runs it."""

    @property
    def slope(self) -> int: ...
    @property
    def clamp_low(self) -> int: ...
    @property
    def clamp_high(self) -> int: ...
    @property
    def out_shift(self) -> int: ...
    @property
    def ofm_unsigned(self) -> bool: ...


def activate(engine: Widths, layer: Activated, values: np.ndarray) -> np.ndarray:
    """Leaky slope, clamp and the final rounding to the output format."""
    values = np.where(values < 0, round_shift(values * layer.slope, SLOPE_BITS), values)
    values = np.clip(values, layer.clamp_low, layer.clamp_high)
    return saturate(round_shift(values, layer.out_shift), engine.data_bits, not layer.ofm_unsigned)
