# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A program with layers of basis kernels: through its file, the golden model, the C simulation, the emulated board, and the plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sumtile
from sumtile.compiler.plan import plan_program
from sumtile.csim import Simulator
from sumtile.overlay import Overlay
from sumtile.program import read_program, write_program
from sumtile.program.golden import run_golden
from tests.support.programs import build_bases, golden_tensors, random_features

OVERLAY = Overlay.load("escalate", "pynq-z2")


@pytest.mark.parametrize("seed", range(3))
def test_every_way_to_run_it_gives_the_same_integers(seed: int, tmp_path: Path) -> None:
    program = build_bases(OVERLAY, seed, (7 + seed, 9))
    write_program(program, tmp_path / "bases.tile")
    program = read_program(tmp_path / "bases.tile")
    features = random_features(program, seed)
    expected = golden_tensors(program, OVERLAY, features)
    batch = run_golden(program, OVERLAY.engine, features)
    simulated = Simulator(program).trace(features)
    for name, values in expected.items():
        assert np.array_equal(batch[name], values) and np.array_equal(simulated[name], values), f"tensor '{name}' of build_bases(OVERLAY, {seed}, {(7 + seed, 9)})"
    with sumtile.Accelerator("escalate", board="pynq-z2") as accelerator:
        accelerator.load(program)
        assert np.array_equal(accelerator.infer(features), expected[program.output])


def test_the_plan_counts_the_dense_layer_and_the_time_of_the_sparse_one() -> None:
    program = build_bases(OVERLAY)
    body = next(step for step in program.steps if step.name == "body")
    plan = next(layer for layer in plan_program(program, OVERLAY).layers if layer.name == "body")
    assert plan.where == "basis 8 bit" and plan.operations <= body.layer.operations
    pixels = 12 * 14 * 3  # padded map, groups of 8 outputs
    assert plan.array_cycles == pixels * 5  # three basis kernels on one word; a tile of signs, one of marks and three of taps come in five
    assert plan.array_cycles <= plan.cycles < 2 * plan.array_cycles
    assert 0.2 < plan.lane_use < 1  # of eight outputs with nine multipliers each
