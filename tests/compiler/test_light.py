# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The nine networks of the onnx wheel at 224 x 224: all of them compile, and two run through the simulation bit for bit.

Their files hold the structure only, so that weights are random here.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from sumtile.compiler import blank_network, compile_network, plan_network
from sumtile.csim import Simulator
from sumtile.overlay import Overlay
from sumtile.program import read_program, write_program
from sumtile.program.golden import run_golden
from sumtile.quantize import quantize_network, schemes

pytest.importorskip("onnx", reason="the networks are files of the onnx package; install sumtile[compile]")

from sumtile.frontend import import_model, import_onnx
from tests.support.onnx_models import light_model, light_path

MACS = {
    "bvlc_alexnet": 1.1e9,
    "densenet121": 2.8e9,
    "inception_v1": 1.4e9,
    "inception_v2": 1.8e9,
    "resnet50": 3.8e9,
    "shufflenet": 0.45e9,
    "squeezenet": 0.35e9,
    "vgg19": 19.6e9,
    "zfnet512": 1.4e9,
}
"""Multiply-accumulates of each, about; AlexNet and ShuffleNet have groups of channels, whose layers are made dense."""

OVERLAY = Overlay.load("fixed8", "zcu102")


@pytest.mark.parametrize("name", MACS)
def test_it_is_planned_and_compiled(name: str) -> None:
    plan = plan_network(blank_network(import_onnx(light_path(f"light_{name}")), schemes.covering(8)), OVERLAY)
    assert not plan.problems
    assert plan.operations == pytest.approx(MACS[name], rel=0.15)
    assert 0 < plan.lane_use() < 1


@pytest.mark.parametrize("name", ["squeezenet", "resnet50"])
def test_the_simulation_equals_the_golden_model(name: str, tmp_path: Path) -> None:
    network = import_model(light_model(f"light_{name}", seed=7), name=name)
    images = np.random.default_rng(1).integers(0, 256, (1, 224, 224, 3), np.uint8)
    write_program(compile_network(quantize_network(network, images, schemes.covering(8)), OVERLAY), tmp_path / "light.tile")
    program = read_program(tmp_path / "light.tile")
    tensor = program.tensors[program.input]
    features = np.random.default_rng(2).integers(tensor.format.low, tensor.format.high + 1, (224, 224, 3))
    expected = run_golden(program, OVERLAY.engine, features)
    with closing(Simulator(program)) as simulator:
        found = simulator.trace(features)
    assert set(found) == set(expected)
    for name, values in found.items():
        assert np.array_equal(values, expected[name]), name
    assert np.ptp(expected[program.output]) > 20, "the scores should differ"
