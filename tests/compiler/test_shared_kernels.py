# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A network that was compressed by shared kernels, on the array for them: from the network's file to the emulated board."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sumtile
from sumtile.compiler import compile_network
from sumtile.compiler.plan import plan_program
from sumtile.csim import Simulator
from sumtile.datasets import fashion_mnist
from sumtile.errors import SumtileError
from sumtile.network.reference import run_float
from sumtile.network.storage import load_network
from sumtile.overlay import Overlay
from sumtile.overlay.resources import models_folder
from sumtile.program.golden import run_golden
from sumtile.quantize import quantize_network, schemes
from sumtile.quantize.file import read_quantized, write_quantized

OVERLAY = Overlay.load("escalate", "pynq-z2")
NETWORK = load_network(models_folder() / "lenet5_wide_penni_fashion.npz")
IMAGES = np.random.default_rng(5).integers(0, 256, (6, 28, 28, 1)).astype(np.uint8)


def test_it_runs_on_the_basis_array_everywhere(tmp_path: Path) -> None:
    quantized = quantize_network(NETWORK, IMAGES, schemes.escalate(NETWORK))
    write_quantized(quantized, tmp_path / "wide.q")
    program = compile_network(read_quantized(tmp_path / "wide.q"), OVERLAY)
    assert [step.layer.operator for step in program.layers] == ["mac", "basis", "basis", "mac"]
    features = program.tensors[program.input].format.quantize(NETWORK.preprocess.apply(IMAGES[:2]).transpose(0, 2, 3, 1))
    golden = run_golden(program, OVERLAY.engine, features)
    simulator = Simulator(program)
    for index, image in enumerate(features):
        for name, values in simulator.trace(image).items():
            assert np.array_equal(golden[name][index], values), name
    with sumtile.Accelerator("escalate", board="pynq-z2") as accelerator:
        accelerator.load(program)
        assert np.array_equal(accelerator.infer(features[0]), golden[program.output][0])
    assert all(error.weight_snr > 30 for error in quantized.errors)
    assert [layer.where for layer in plan_program(program, OVERLAY).engine_layers][1:3] == ["basis 8 bit"] * 2


def test_it_recognizes_what_the_float_network_does() -> None:
    try:
        data = fashion_mnist("test")
    except SumtileError as error:
        pytest.skip(str(error))
    images = data.images[:200]
    program = compile_network(quantize_network(NETWORK, images[:20], schemes.escalate(NETWORK)), OVERLAY)
    features = program.tensors[program.input].format.quantize(NETWORK.preprocess.apply(images).transpose(0, 2, 3, 1))
    scores = run_golden(program, OVERLAY.engine, features)[program.output].reshape(len(images), -1)
    float_scores = run_float(NETWORK, NETWORK.preprocess.apply(images))[NETWORK.output]
    assert np.mean(scores.argmax(1) == float_scores.reshape(len(images), -1).argmax(1)) > 0.95


def test_other_overlays_and_networks_are_refused() -> None:
    quantized = quantize_network(NETWORK, IMAGES, schemes.escalate(NETWORK))
    with pytest.raises(SumtileError, match=r"layer '\w+' .*needs a basis array for its weights \(ternary sums of kernels of 8 bits\), but the engine has"):
        compile_network(quantized, Overlay.load("fixed8", "pynq-z2"))
    with pytest.raises(SumtileError, match="has no layer whose kernels are ternary sums of shared ones; compress it with"):
        schemes.escalate(load_network(models_folder() / "lenet5_fashion.npz"))


def test_a_file_with_coefficients_that_are_not_ternary_is_refused(tmp_path: Path) -> None:
    quantized = quantize_network(NETWORK, IMAGES, schemes.escalate(NETWORK))
    layers = list(quantized.layers)
    weights = layers[1].weights.copy()
    weights[0, 0, 0] = 2
    layers[1] = replace(layers[1], weights=weights)
    with pytest.raises(SumtileError, match="has coefficients that are not ternary; quantize the network again"):
        write_quantized(replace(quantized, layers=tuple(layers)), tmp_path / "wrong.q")
