# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A program with fully connected layers on both engines of an overlay, through stock pynq on the emulated board and in the simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sumtile.csim import Simulator
from sumtile.emulated import EmulatedDevice
from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint
from sumtile.kernels.fc import Factor, FcLayer, sums
from sumtile.kernels.layer import Requantization
from sumtile.kernels.tiling import ceil_div
from sumtile.overlay import Overlay
from sumtile.overlay.design import FC_ENGINE
from sumtile.program import FcStep, Program, Tensor, check_program, read_program, write_program
from sumtile.program.golden import run_golden
from sumtile.runtime.execute import run
from tests.support.bench import open_bench
from tests.support.programs import build_stem, random_features

BOARD = "zc706"


def dense_program(overlay: Overlay, seed: int = 0, rank: int = 5) -> Program:
    """A convolution and, for its map, a layer in two factors and one in a single one."""
    program = build_stem(overlay, seed)
    rng = np.random.default_rng(seed)
    stem = program.steps[0]
    shape = program.tensors["stem"].shape
    inputs = shape.pixels * ceil_div(shape.channels, overlay.engine.ti) * overlay.engine.ti
    data = FixedPoint(overlay.engine.data_bits, 0)
    unsigned = replace(data, signed=False)
    svd = FcLayer(inputs, 37, 16, rank=rank, ifm_unsigned=True, ofm_unsigned=True, middle_shift=16, slope=0, out_shift=15)
    plain = FcLayer(37, 10, 16, ifm_unsigned=True, out_shift=16)
    values = run_golden(program, overlay.engine, random_features(program, seed))["stem"]
    vector = np.pad(values, ((0, 0), (0, 0), (0, -shape.channels % overlay.engine.ti))).reshape(1, -1)
    steps = [stem]
    for name, source, layer in (("svd", "stem", svd), ("scores", "svd", plain)):
        factors = []
        for outputs, terms in layer.factor_shapes:
            weights = rng.integers(-(1 << 15), 1 << 15, (outputs, terms)).astype(np.int16)
            # Any vector of that length will do to find the spread of the sums.
            found = sums(vector if terms == inputs else rng.integers(0, 1 << 15, (1, terms)), weights)
            scale = np.full(outputs, (1 << 31) / (2 * float(np.abs(found).max())))
            factors.append(Factor(weights, Requantization.fit(scale, rng.uniform(-(2.0**29), 2.0**29, outputs))))
        steps.append(FcStep(name, layer, source, name, tuple(factors)))
    tensors = {name: program.tensors[name] for name in ("input", "stem")}
    tensors["svd"] = Tensor("svd", svd.ofm, unsigned, 2)
    tensors["scores"] = Tensor("scores", plain.ofm, data, 0)
    made = replace(program, tensors=tensors, steps=tuple(steps), output="scores")
    check_program(made)
    return made


def test_both_engines_equal_the_golden_model(board: Callable[..., EmulatedDevice]) -> None:
    overlay = Overlay.load("fixed16", BOARD)
    program = dense_program(overlay)
    features = random_features(program)
    golden = run_golden(program, overlay.engine, features)
    assert len(np.unique(golden["svd"])) > 5 and len(np.unique(golden["scores"])) > 5
    with open_bench(board(BOARD), overlay) as bench:
        placement = bench.place(program)
        for _ in range(2):
            placement.write_input(features)
            profiles = run(bench.hardware, placement, timeout=5)
            assert np.array_equal(placement.read("scores"), golden["scores"])
        assert [profile.name for profile in profiles] == ["stem", "svd", "scores"]
        assert all(profile.busy > 0 for profile in profiles)


def test_the_simulation_equals_the_golden_model() -> None:
    overlay = Overlay.load("fixed16", BOARD)
    program = dense_program(overlay, seed=1)
    features = random_features(program, 1)
    golden = run_golden(program, overlay.engine, features)
    for name, values in Simulator(program).trace(features).items():
        assert np.array_equal(values, golden[name]), name


def test_a_program_file_keeps_its_factors(tmp_path: Path) -> None:
    overlay = Overlay.load("fixed16", BOARD)
    program = dense_program(overlay, seed=2)
    write_program(program, tmp_path / "dense.tile")
    read = read_program(tmp_path / "dense.tile")
    features = random_features(program, 2)
    assert np.array_equal(run_golden(read, overlay.engine, features)["scores"], run_golden(program, overlay.engine, features)["scores"])
    assert [step.layer for step in read.fc_layers] == [step.layer for step in program.fc_layers]


def test_swapped_ports_are_told(board: Callable[..., EmulatedDevice]) -> None:
    overlay = Overlay.load("fixed16", BOARD)
    with open_bench(board(BOARD), overlay) as bench:
        placement = bench.place(dense_program(overlay))
        placement.weights[FC_ENGINE].reverse()
        with pytest.raises(SumtileError, match="layer 'svd' failed: the weights hold no header where the engine expects one"):
            run(bench.hardware, placement, timeout=5)


def test_an_overlay_without_the_engine_is_told(board: Callable[..., EmulatedDevice]) -> None:
    overlay = Overlay.load("fixed16", BOARD)
    bare = replace(overlay, fc=None)
    with open_bench(board(BOARD), overlay) as bench:
        bench.overlay = bare
        with pytest.raises(SumtileError, match="overlay 'fixed16' for zc706 has no engine for fully connected layers; choose one that has"):
            bench.place(dense_program(overlay))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda step: replace(step, layer=replace(step.layer, images=2)), "takes 2 images, but a program runs one at a time"),
        (lambda step: replace(step, layer=replace(step.layer, rank=None)), r"has factors of \(\(5, 1920\), \(37, 5\)\) instead of \(\(37, 1920\),\)"),
        (lambda step: replace(step, layer=replace(step.layer, inputs=1900)), "but its source is"),
        (lambda step: replace(step, layer=replace(step.layer, ifm_unsigned=False)), "takes 'stem' for signed when it is not"),
    ],
)
def test_a_wrong_step_is_refused(change: Callable[[FcStep], FcStep], sentence: str) -> None:
    program = dense_program(Overlay.load("fixed16", BOARD))
    steps = tuple(change(step) if step.name == "svd" else step for step in program.steps)
    with pytest.raises(SumtileError, match=sentence):
        check_program(replace(program, steps=steps))
