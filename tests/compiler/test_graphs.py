# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Random networks with every kind of node: close to the float network, and the same integers in the golden model, in the C simulation and on an emulated board."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

import sumtile
from sumtile.compiler import compile_network, sketch_network
from sumtile.csim import Simulator
from sumtile.network.reference import run_float
from sumtile.overlay import Overlay
from sumtile.program import HostStep, Program, Step, read_program, write_program
from sumtile.program.golden import run_golden
from sumtile.quantize import quantize_network, schemes
from sumtile.quantize.noise import decibels
from tests.support.graphs import random_graph
from tests.support.networks import random_images

SCHEMES = {
    "fixed8": schemes.covering(),
    "adder": schemes.covering(),
    "fixed16": schemes.dynamic(16),
    "msq": schemes.msq(8, 8, fixed_of=2, of=5, compensate=False),
}
BOARD = "pynq-z2"


def program_of(seed: int, overlay: str) -> Program:
    network = random_graph(seed, adders=overlay == "adder")
    scheme = SCHEMES[overlay] if overlay != "msq" else schemes.msq(4, fixed_of=2, of=5, compensate=False)
    return compile_network(quantize_network(network, random_images(network, 24, seed), scheme), Overlay.load(overlay, BOARD))


def inputs(program: Program, count: int, seed: int) -> np.ndarray:
    size = program.preprocess
    images = np.random.default_rng(seed).integers(0, 256, (count, size.height, size.width, size.channels)).astype(np.uint8)
    return program.tensors[program.input].format.quantize(size.apply(images).transpose(0, 2, 3, 1))


@pytest.mark.parametrize("seed", range(30))
def test_wide_programs_follow_the_float_network(seed: int) -> None:
    """Sixteen bits leave errors so small that a wrong operation shows at once."""
    network = random_graph(seed)
    program = program_of(seed, "fixed16")
    images = random_images(network, 24, seed)
    features = program.tensors[program.input].format.quantize(network.preprocess.apply(images).transpose(0, 2, 3, 1))
    found = run_golden(program, Overlay.load("fixed16", BOARD).engine, features)
    expected = run_float(network, network.preprocess.apply(images))
    for name, tensor in program.tensors.items():
        if name in expected:
            reference = expected[name].reshape(24, tensor.shape.channels, tensor.shape.height, tensor.shape.width).transpose(0, 2, 3, 1)
            snr = decibels(reference, tensor.format.dequantize(found[name]) - reference)
            assert snr > 35, f"seed {seed}: '{name}' has an SNR of {snr:.1f} dB"


@pytest.mark.parametrize("overlay", SCHEMES)
@pytest.mark.parametrize("seed", range(6))
def test_golden_model_and_simulation_agree_on_every_tensor(overlay: str, seed: int) -> None:
    program = program_of(seed, overlay)
    features = inputs(program, 2, seed)
    golden = run_golden(program, Overlay.load(overlay, BOARD).engine, features)
    with closing(Simulator(program)) as simulator:
        for index, image in enumerate(features):
            for name, values in simulator.trace(image).items():
                np.testing.assert_array_equal(values, golden[name][index], err_msg=f"seed {seed}, overlay {overlay}: tensor '{name}' of image {index}")


@pytest.mark.parametrize("overlay", ["fixed8", "adder"])
@pytest.mark.parametrize("seed", range(6, 9))
def test_the_board_gives_the_golden_integers_and_shows_what_its_processor_did(overlay: str, seed: int, tmp_path: object) -> None:
    program = program_of(seed, overlay)
    write_program(program, f"{tmp_path}/model.tile")
    features = inputs(program, 1, seed)[0]
    golden = run_golden(program, Overlay.load(overlay, BOARD).engine, features)
    with sumtile.Accelerator(overlay, board=BOARD) as accelerator:
        accelerator.load(f"{tmp_path}/model.tile")
        for name, values in accelerator.trace(features).items():
            np.testing.assert_array_equal(values, golden[name], err_msg=f"seed {seed}: tensor '{name}'")
        assert np.array_equal(accelerator.infer(features), golden[program.output])
        profile = accelerator.profile()
    assert [layer.name for layer in profile] == [step.name for step in program.steps]
    assert [layer.where for layer in profile] == ["host" if isinstance(step, HostStep) else "engine" for step in program.steps]
    assert all(layer.seconds > 0 and layer.bytes_in > 0 and layer.bytes_out > 0 for layer in profile)


@pytest.mark.parametrize("overlay", SCHEMES)
def test_a_sketch_has_the_steps_of_the_program(overlay: str) -> None:
    for seed in range(6):
        program = program_of(seed, overlay)
        network = random_graph(seed, adders=overlay == "adder")
        scheme = SCHEMES[overlay] if overlay != "msq" else schemes.msq(4, fixed_of=2, of=5, compensate=False)
        sketch = sketch_network(network, scheme, Overlay.load(overlay, BOARD))
        assert [(step.name, step.reads, step.target) for step in sketch.steps] == [(step.name, step.reads, step.target) for step in program.steps]
        assert {name: (tensor.shape, tensor.buffer) for name, tensor in sketch.tensors.items()} == {name: (tensor.shape, tensor.buffer) for name, tensor in program.tensors.items()}
        for drawn, real in zip(sketch.layers, program.layers):
            assert (drawn.layer.operator, drawn.layer.weight_bits, drawn.layer.stripe_rows) == (real.layer.operator, real.layer.weight_bits, real.layer.stripe_rows)
            assert (drawn.layer.ifm, drawn.layer.conv, drawn.layer.ofm, drawn.layer.kernel) == (real.layer.ifm, real.layer.conv, real.layer.ofm, real.layer.kernel)


def test_the_seeds_meet_every_operation() -> None:
    kinds = {type(step.operation).__name__ for seed in range(30) for step in program_of(seed, "fixed8").steps if isinstance(step, HostStep)}
    assert kinds >= {"Concat", "Select", "Pad", "Resize", "Pool", "PRelu", "LocalResponseNorm"}


@pytest.mark.parametrize("seed", [0, 3])
def test_a_file_keeps_host_steps(seed: int, tmp_path: object) -> None:
    program = program_of(seed, "fixed8")
    write_program(program, f"{tmp_path}/model.tile")
    found = read_program(f"{tmp_path}/model.tile")
    assert [step for step in found.steps if isinstance(step, HostStep)] == [step for step in program.steps if isinstance(step, HostStep)]
    assert [step.layer for step in found.steps if isinstance(step, Step)] == [step.layer for step in program.layers]
