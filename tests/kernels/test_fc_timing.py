# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Cycles of fully connected layers: the model against the executed loops, and against the simulation with clocks."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from tests.support.overlays import FC_ENGINES

from sumtile.csim import simulate_fc
from sumtile.csim.timed import TimedKernel, load_timed_kernel
from sumtile.kernels.fc import FcLayer, run_fc
from sumtile.kernels.fc_cases import FcCase, random_fc_case
from sumtile.kernels.fc_cycles import fc_stage_cycles, fc_timing
from sumtile.kernels.fc_packing import fc_weight_bytes, pack_fc_layer
from sumtile.kernels.ports import Ports
from sumtile.overlay import Overlay
from sumtile.overlay.fc_engine import FC_TOP

RATES = (Fraction(1), Fraction(95, 100), Fraction(1, 2), Fraction(1, 3))
LAYERS = 60


def run(kernel: TimedKernel, overlay: Overlay, case: FcCase, ports: Ports) -> tuple[np.ndarray, dict[str, int], int]:
    """Result, iterations of each loop, and the cycle in which the last stage ended."""
    before = kernel.iterations()
    kernel.pace(ports)
    result = simulate_fc(kernel, overlay, case.layer, case.vectors, case.factors)
    after = kernel.iterations()
    return result, {name: after[name] - before[name] for name in after}, max(kernel.cycles().values())


@pytest.mark.parametrize("name", FC_ENGINES)
def test_random_layers_take_the_modelled_time(name: str) -> None:
    """Within 12 cycles and 2 % each, whatever the rates of the ports."""
    overlay = FC_ENGINES[name]
    fc, kernel = overlay.fully_connected, load_timed_kernel(overlay, top=FC_TOP)
    for seed in range(LAYERS):
        case = random_fc_case(fc, seed)
        rng = np.random.default_rng(seed)
        golden = run_fc(fc, case.layer, case.vectors, case.factors)
        for ports in (Ports(), Ports(*(RATES[index] for index in rng.integers(0, len(RATES), 4)))):
            result, loops, cycles = run(kernel, overlay, case, ports)
            timing = fc_timing(fc, case.layer, ports)
            repeat = f"random_fc_case(FC_ENGINES[{name!r}].fully_connected, {seed}) over {ports}: {timing.cycles} cycles modelled, {cycles} simulated"
            assert np.array_equal(result, golden), repeat
            assert loops == fc_stage_cycles(fc, case.layer) == timing.stages, repeat
            assert abs(timing.cycles - cycles) <= 12 + cycles / 50, repeat


@pytest.mark.parametrize("name", FC_ENGINES)
def test_packed_layers_have_the_bytes_that_are_told(name: str) -> None:
    fc = FC_ENGINES[name].fully_connected
    for seed in range(100):
        case = random_fc_case(fc, seed)
        assert pack_fc_layer(fc, 0, case.layer, case.factors).nbytes == fc_weight_bytes(fc, case.layer)


def test_one_pass_of_the_weights_serves_several_images() -> None:
    """The rows of weights are the same for any number of images, so the time of an image falls nearly as 1 / images."""
    overlay = FC_ENGINES["batch8"]
    fc, ports = overlay.fully_connected, replace(Ports(), weights=Fraction(95, 100))
    layer = FcLayer(inputs=512, outputs=1000, weight_bits=8, rank=200)
    one, five = (fc_timing(fc, replace(layer, images=images), ports) for images in (1, 5))
    assert five.stages["multiply"] == one.stages["multiply"]
    assert five.cycles < 1.05 * one.cycles
    kernel, case = load_timed_kernel(overlay, top=FC_TOP), random_fc_case(fc, 3)
    assert one.bound == five.bound == "weights"
    assert run(kernel, overlay, case, ports)[1]["multiply"] == fc_stage_cycles(fc, replace(case.layer, images=1))["multiply"]


def test_vgg16_fc6_in_two_factors_keeps_its_ports_busy() -> None:
    """Over four ports of the zc706, at least 98 % of the cycles move weights; the rest is the vector before them, and remainders of rows."""
    overlay = Overlay.load("fixed16", "zc706")
    fc, ports = overlay.fully_connected, replace(Ports.of(overlay), ddr_bytes=None)
    layer = FcLayer(inputs=25088, outputs=4096, weight_bits=16, rank=500)
    needed = 2 * (25088 * 500 + 500 * 4096) / (fc.row_bytes * float(ports.weights))
    assert needed / fc_timing(fc, layer, ports).cycles > 0.98
