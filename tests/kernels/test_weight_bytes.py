# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The weight stream carries the weights and little else."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sumtile.kernels.layer import Layer, MapShape
from sumtile.kernels.packing import pack_weights
from sumtile.kernels.tiling import tile
from sumtile.overlay import Overlay

ARRAYS = [
    (name, board, array.operator, array.weight_bits)
    for name, board in (("fixed8", "zcu102"), ("fixed16", "zc706"), ("msq", "pynq-z2"), ("msq", "zc706"), ("sp2", "zcu102"))
    for array in Overlay.load(name, board).engine.arrays
]


@pytest.mark.parametrize("channels, kernel", [(672, (5, 5)), (480, (3, 3)), (96, (3, 3)), (1152, (1, 7)), (32, (7, 7))])
@pytest.mark.parametrize("name, board, operator, bits", ARRAYS)
def test_depthwise_weights_come_without_zeros(name: str, board: str, operator: str, bits: int, channels: int, kernel: tuple[int, int]) -> None:
    engine = Overlay.load(name, board).engine
    top, left = kernel[0] // 2, kernel[1] // 2
    layer = Layer(operator, MapShape(7, 7, channels), channels, kernel, padding=(top, left, top, left), weight_bits=bits, depthwise=True)
    weights = np.ones(layer.weight_shape, np.int64)
    sent = pack_weights(engine, layer, tile(engine, layer), weights)
    # Beyond the weights there are only the idle lanes of the last group, and the rows that end a group's last tile.
    rows = engine.tile_lanes(engine.array_of(operator, bits))
    groups = math.ceil(channels / engine.to)
    assert np.count_nonzero(_codes(sent, bits)) == weights.size
    assert sent.size <= groups * engine.to * (math.prod(kernel) + rows - 1) * bits // 8
    assert sent.size <= 4 * weights.size * bits // 8


def _codes(data: np.ndarray, bits: int) -> np.ndarray:
    return np.stack([data & 15, data >> 4]) if bits == 4 else data.view(f"<u{bits // 8}")
