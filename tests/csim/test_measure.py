# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A program's layers in the simulation with clocks: loops and cycles are those of the time model, and every stage accounts for its time."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from tests.support.programs import build_program, random_features

from sumtile.csim import timed
from sumtile.csim.timed import measure_layers
from sumtile.errors import SumtileError
from sumtile.kernels.ports import Ports
from sumtile.kernels.tiling import tile
from sumtile.kernels.timing import layer_timing
from sumtile.overlay import Overlay

OVERLAY = Overlay.load("adder", "pynq-z2")


@pytest.mark.parametrize("ports", [Ports(), Ports(weights=Fraction(1, 3), result=Fraction(19, 20))], ids=["full", "slow"])
def test_layers_take_the_modelled_time(ports: Ports) -> None:
    program = build_program(OVERLAY)
    measured = measure_layers(program, random_features(program), ports, OVERLAY)
    assert [layer.name for layer in measured] == [step.name for step in program.layers]
    for layer, step in zip(measured, program.layers):
        timing = layer_timing(OVERLAY.engine, step.layer, tile(OVERLAY.engine, step.layer), ports)
        assert layer.iterations == timing.stages, layer.name
        assert abs(layer.cycles - timing.cycles) <= 8 + layer.cycles / 10, layer.name
        assert all(layer.ends[stage] == layer.iterations[stage] + layer.waits[stage] for stage in layer.ends if layer.iterations[stage]), layer.name


def test_slower_ports_take_longer() -> None:
    program = build_program(OVERLAY)
    fast, slow = (sum(layer.cycles for layer in measure_layers(program, random_features(program), Ports(weights=rate), OVERLAY)) for rate in (Fraction(1), Fraction(1, 4)))
    assert slow > fast


def test_another_result_than_the_golden_model_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    program = build_program(OVERLAY)
    run = timed.simulate_layer

    def wrong(*arguments: object) -> np.ndarray:
        result = run(*arguments)  # type: ignore[arg-type]
        return result + (arguments[2] is program.layers[1].layer)

    monkeypatch.setattr(timed, "simulate_layer", wrong)
    with pytest.raises(SumtileError, match=f"layer '{program.layers[1].name}' has another result in the simulation with clocks than in the golden model"):
        measure_layers(program, random_features(program), Ports(), OVERLAY)
