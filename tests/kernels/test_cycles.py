# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The cycle model equals the loops that the simulation executes, stage by stage."""

from __future__ import annotations

import pytest
from tests.support.layers import random_case
from tests.support.overlays import small_overlay

from sumtile.csim import load_kernel, simulate_layer
from sumtile.kernels.cycles import stage_cycles
from sumtile.kernels.tiling import tile

RAGGED = {"scale_fold": 3, "lanes": {"ti": 8, "to": 12, "tp": 2}, "limits": {"kernel": 7, "reduction": 65536, "channels": 240}, "weight_streams": 2}
OVERLAYS = {
    "adder": small_overlay("adder_conv", 8),
    "mac": small_overlay("adder_conv", 8, weight_streams=4),
    "sp2": small_overlay("sp2_conv", 8),
    "mixed": small_overlay("msq_conv", 8, **RAGGED),
    "mac of two tiles a step": small_overlay("msq_conv", 8, **RAGGED),
}


@pytest.mark.parametrize("name, depthwise", [(name, depthwise) for name in OVERLAYS for depthwise in (None, True) if name != "adder" or not depthwise])
def test_model_equals_executed_loops(name: str, depthwise: bool | None) -> None:
    overlay, operator = OVERLAYS[name], name.split()[0]
    kernel = load_kernel(overlay)
    before = kernel.iterations()
    for seed in range(300):
        case = random_case(overlay.engine, operator, seed, depthwise=depthwise)
        simulate_layer(kernel, overlay, case.layer, case.features, case.weights, case.requantization, case.residual)
        after = kernel.iterations()
        executed = {name: after[name] - before[name] for name in after}
        before = after
        model = stage_cycles(overlay.engine, case.layer, tile(overlay.engine, case.layer))
        assert model == executed, f"random_case({overlay.name}, {operator!r}, {seed}, depthwise={depthwise}): {case.layer}"
