# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The cycle model equals the loops that the simulation executes, stage by stage."""

from __future__ import annotations

import pytest
from tests.support.overlays import ENGINES

from sumtile.csim import load_kernel, simulate_layer
from sumtile.kernels.cases import random_case
from sumtile.kernels.concentration import row_cycles
from sumtile.kernels.cycles import stage_cycles
from sumtile.kernels.tiling import tile

RUNS = [
    ("adder8", "adder", 8),
    ("adder8", "mac", 8),
    ("sp2", "sp2", 4),
    ("ragged", "mixed", 8),
    ("ragged", "mac", 8),
    ("basis", "mac", 8),
]
BASIS_RUNS = [("basis", "basis", 8), ("basis16", "basis", 8)]
DEPTHWISE_RUNS = [run for run in RUNS if run[1] != "adder"]


@pytest.mark.parametrize("name, operator, weight_bits, depthwise", [(*run, None) for run in RUNS + BASIS_RUNS] + [(*run, True) for run in DEPTHWISE_RUNS])
def test_model_equals_executed_loops(name: str, operator: str, weight_bits: int, depthwise: bool | None) -> None:
    overlay = ENGINES[name]
    kernel = load_kernel(overlay)
    before = kernel.iterations()
    for seed in range(300):
        case = random_case(overlay.engine, operator, seed, weight_bits, depthwise)
        simulate_layer(kernel, overlay, case.layer, case.features, case.weights, case.requantization, case.residual)
        after = kernel.iterations()
        executed = {name: after[name] - before[name] for name in after}
        before = after
        tiling = tile(overlay.engine, case.layer)
        model = stage_cycles(overlay.engine, case.layer, tiling)
        if operator == "basis":
            model["concentrate"] = int(row_cycles(overlay.engine, case.layer, tiling, case.features, case.weights).sum())
        assert model == executed, f"random_case(ENGINES[{name!r}].engine, {operator!r}, {seed}, {weight_bits}, {depthwise}): {case.layer}"
