# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The time model against the simulation with clocks: random layers over random ports."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from tests.kernels.test_cycles import RUNS
from tests.support.layers import random_case
from tests.support.overlays import ENGINES

from sumtile.csim import simulate_layer
from sumtile.csim.timed import load_timed_kernel
from sumtile.kernels.cycles import stage_cycles
from sumtile.kernels.golden import run_layer
from sumtile.kernels.ports import Ports
from sumtile.kernels.tiling import tile
from sumtile.kernels.timing import layer_timing

LAYERS = 80
RATES = [Fraction(1), Fraction(19, 20), Fraction(3, 4), Fraction(1, 3)]


def test_model_is_close_to_the_clocks() -> None:
    errors = []
    for name, operator, weight_bits in RUNS:
        overlay, kernel = ENGINES[name], load_timed_kernel(ENGINES[name])
        for seed in range(LAYERS):
            case = random_case(overlay.engine, operator, seed, weight_bits)
            tiling = tile(overlay.engine, case.layer)
            for ports in _port_sets(seed):
                kernel.pace(ports)
                before = kernel.iterations()
                result = simulate_layer(kernel, overlay, case.layer, case.features, case.weights, case.requantization, case.residual)
                loops = {loop: count - before[loop] for loop, count in kernel.iterations().items()}
                cycles = max(kernel.cycles().values())
                timing = layer_timing(overlay.engine, case.layer, tiling, ports)
                repeat = f"random_case(ENGINES[{name!r}].engine, {operator!r}, {seed}, {weight_bits}) over {ports}: {timing.cycles} cycles modelled, {cycles} simulated"
                assert np.array_equal(result, run_layer(overlay.engine, case.layer, case.features, case.weights, case.requantization, case.residual)), repeat
                assert loops == stage_cycles(overlay.engine, case.layer, tiling), repeat
                assert cycles >= max(loops.values()), repeat
                assert abs(timing.cycles - cycles) <= 0.1 * cycles + 4, repeat
                errors.append(abs(timing.cycles / cycles - 1))
    assert np.median(errors) < 0.01 and np.percentile(errors, 90) < 0.03, np.percentile(errors, [50, 90, 99])


def _port_sets(seed: int) -> list[Ports]:
    rng = np.random.default_rng(seed)
    return [Ports(), *(Ports(*(RATES[index] for index in rng.integers(0, len(RATES), 4))) for _ in range(2))]
