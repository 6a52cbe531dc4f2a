# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Layers at the far ends of what an engine accepts: counters and address widths that small layers never fill."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.overlays import small_overlay

from sumtile.csim import load_kernel, simulate_layer
from sumtile.errors import SumtileError
from sumtile.kernels.cases import fill_case
from sumtile.kernels.golden import run_layer
from sumtile.kernels.layer import Layer, MapShape, Pool, Requantization, Residual
from sumtile.kernels.packing import pack_descriptor, pack_features, pack_weights
from sumtile.kernels.tiling import tile
from sumtile.overlay import Overlay

PYNQ, ZCU = Overlay.load("adder", "pynq-z2"), Overlay.load("adder", "zcu102")
DEEP = {"feature_words": 4200, "weight_tiles": 200, "reorder_words": 4200, "pool_beats": 8192}
ONE_COLUMN = small_overlay("adder_conv", 8, lanes={"ti": 4, "to": 8, "tp": 1}, limits={"kernel": 11, "reduction": 65536, "channels": 256}, buffers=DEEP)
RAGGED = small_overlay("adder_conv", 8, lanes={"ti": 4, "to": 16, "tp": 3})
TALL = small_overlay("adder_conv", 8, buffers=DEEP)
SAME = (1, 1, 1, 1)
MSQ, SP2 = Overlay.load("msq", "pynq-z2"), Overlay.load("sp2", "zc706")
FIXED16 = Overlay.load("fixed16", "zc706")

LAYERS = {
    "600 columns on two column lanes": (PYNQ, Layer("adder", MapShape(5, 600, 3), 8, (3, 3), padding=SAME)),
    "1200 columns on four column lanes": (ZCU, Layer("adder", MapShape(5, 1200, 3), 8, (3, 3), padding=SAME)),
    "2000 columns on two column lanes": (PYNQ, Layer("adder", MapShape(2, 2000, 3), 8)),
    "4095 columns on one column lane": (ONE_COLUMN, Layer("adder", MapShape(1, 4095, 3), 4)),
    "padding of 150 columns on one column lane": (
        ONE_COLUMN,
        Layer("adder", MapShape(9, 20, 3), 8, (1, 11), dilation=(1, 15), padding=(0, 150, 0, 150)),
    ),
    "4095 rows and a pool": (TALL, Layer("adder", MapShape(4095, 3, 2), 8, (3, 3), padding=SAME, pool=Pool("max", (2, 2), (2, 2)))),
    "strides of 15": (TALL, Layer("mac", MapShape(40, 41, 5), 9, (3, 5), (15, 14), (15, 13), (20, 20, 20, 20))),
    "4096 output channels and a residual": (PYNQ, Layer("adder", MapShape(2, 3, 40), 4096, residual=Residual(True, 5))),
    "16384 input channels": (ZCU, Layer("mac", MapShape(1, 1, 16384), 24)),
    "a window of 31 x 33": (ZCU, Layer("mac", MapShape(31, 33, 3), 5, pool=Pool("average", (31, 33), (255, 255), mul=65535, shift=26))),
    "4080 output channels of mixed rows": (MSQ, Layer("mixed", MapShape(2, 2, 20), 4080)),
    "16384 input channels and SP2 weights": (SP2, Layer("sp2", MapShape(1, 1, 16384), 33)),
    "sums of 16 bits": (FIXED16, Layer("mac", MapShape(3, 11, 900), 17, (3, 3), padding=SAME)),
    "depthwise groups of 40 in words of 16": (MSQ, Layer("mixed", MapShape(5, 4, 410), 410, (3, 3), padding=SAME, depthwise=True)),
    "a depthwise group beyond the last word": (RAGGED, Layer("mac", MapShape(7, 8, 20), 20, (3, 3), padding=SAME, depthwise=True)),
}


@pytest.mark.parametrize("types", ["native", "vendor"])
@pytest.mark.parametrize("name", LAYERS)
def test_extreme_layers(name: str, types: str) -> None:
    overlay, layer = LAYERS[name]
    case = fill_case(np.random.default_rng(1), overlay.engine, layer)
    golden = run_layer(overlay.engine, case.layer, case.features, case.weights, case.requantization, case.residual)
    result = simulate_layer(load_kernel(overlay, types), overlay, case.layer, case.features, case.weights, case.requantization, case.residual)
    assert np.array_equal(golden, result)


def test_an_empty_kernel_is_refused() -> None:
    with pytest.raises(SumtileError, match="the kernel is \\(0, 1\\)"):
        tile(PYNQ.engine, Layer("adder", MapShape(3, 3, 3), 8, (0, 1)))


def test_what_does_not_fit_the_logic_is_refused() -> None:
    layer = Layer("mac", MapShape(3, 3, 3), 8)
    tiling = tile(PYNQ.engine, layer)
    with pytest.raises(SumtileError, match="descriptor field 'index' has the value 65536"):
        pack_descriptor(PYNQ.engine, PYNQ.stamp, layer, tiling, index=1 << 16)
    with pytest.raises(SumtileError, match="a feature has the value 128"):
        pack_features(PYNQ.engine, np.full((3, 3, 3), 128), unsigned=False)
    with pytest.raises(SumtileError, match="a weight has the value -129"):
        pack_weights(PYNQ.engine, layer, tiling, np.full(layer.weight_shape, -129))
    with pytest.raises(SumtileError, match="offset"):
        Requantization.fit(np.ones(8), np.full(8, 2.0**31))
