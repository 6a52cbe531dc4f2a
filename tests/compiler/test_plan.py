# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The plan: its sums, its agreement with what the driver moves and the simulation executes, and its refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import sumtile
from sumtile.compiler import blank_network, compile_network, plan_network, plan_program, sketch_network
from sumtile.csim import load_kernel
from sumtile.csim.simulator import simulate_layer
from sumtile.network import Activation, Concat, Conv, Network, Node, Pool, Preprocess
from sumtile.overlay import Overlay
from sumtile.program import Step
from sumtile.quantize import quantize_network, schemes
from tests.support.networks import conv, lenet, random_images, resnet

OVERLAY = Overlay.load("adder", "zcu102")


def test_bytes_are_those_that_the_driver_moves() -> None:
    network = lenet(3)
    program = compile_network(quantize_network(network, random_images(network, 8, 1), schemes.covering(8)), OVERLAY)
    plan = plan_program(program, OVERLAY)
    with sumtile.Accelerator("adder") as accelerator:
        accelerator.load(program)
        accelerator.classify(random_images(network, 1, 2)[0])
        profile = accelerator.profile()
    assert [layer.name for layer in plan.layers] == [layer.name for layer in profile]
    for planned, moved in zip(plan.layers, profile):
        assert planned.result_bytes == moved.bytes_out
        if planned.on_engine:
            assert planned.feature_bytes + planned.residual_bytes + planned.weight_bytes == moved.bytes_in


def test_array_cycles_are_those_that_the_simulation_executes() -> None:
    network = resnet(2)
    program = compile_network(quantize_network(network, random_images(network, 8, 1), schemes.covering(8)), OVERLAY)
    plan, kernel = plan_program(program, OVERLAY), load_kernel(OVERLAY)
    random = np.random.default_rng(5)
    for step, planned in zip(program.steps, plan.layers, strict=True):
        if not isinstance(step, Step):
            continue
        layer, before = step.layer, kernel.iterations()["compute"]
        residual = random.integers(0, 50, (layer.conv.height, layer.conv.width, layer.channels)) if layer.residual else None
        features = random.integers(0, 100, (layer.ifm.height, layer.ifm.width, layer.ifm.channels))
        simulate_layer(kernel, OVERLAY, layer, features, step.weights, step.requantization, residual)
        assert kernel.iterations()["compute"] - before == planned.array_cycles <= planned.cycles
        assert planned.lane_use == pytest.approx(layer.operations / (16 * 16 * 4 * planned.cycles))


def test_sums_are_those_of_the_layers() -> None:
    network = lenet(1)
    plan = plan_program(sketch_network(network, schemes.covering(8), OVERLAY), OVERLAY)
    assert plan.cycles == sum(layer.cycles for layer in plan.layers)
    assert plan.engine_seconds == pytest.approx(plan.cycles / 200e6)
    assert plan.gops == pytest.approx(2 * plan.operations / plan.engine_seconds / 1e9)
    assert plan.host_seconds == pytest.approx(sum(layer.bytes for layer in plan.layers if not layer.on_engine) / OVERLAY.board.host_bytes_per_second)
    assert 0 < plan.lane_use() < plan.array_use() <= 1
    again = json.loads(json.dumps(plan.as_dict()))
    assert again["cycles"] == plan.cycles and len(again["layers"]) == len(plan.layers) and again["budget"][0]["resource"] == "lut"


def test_a_plan_before_quantization_is_the_one_after_it() -> None:
    network, scheme = resnet(4), schemes.covering(8)
    before = plan_network(blank_network(network, scheme), OVERLAY)
    after = plan_network(quantize_network(network, random_images(network, 8, 1), scheme), OVERLAY)
    assert before == after


def test_every_layer_that_cannot_run_is_named() -> None:
    random = np.random.default_rng(0)
    nodes: list[Node] = [
        conv("first", "input", (8, 3, 3, 3), random),
        Conv("far", ("first",), np.ones((8, 1, 9, 9)), groups=8),
        Activation("relu", ("far",)),
        Conv("wide", ("relu",), np.ones((8192, 8, 1, 1))),
        Concat("both", ("wide", "wide")),
        Pool("pool", ("both",), "max", None),
    ]
    network = Network("broken", Preprocess(40, 40, (0.5,) * 3, (0.5,) * 3), nodes)
    plan = plan_network(blank_network(network, schemes.covering(8)), Overlay.load("fixed8", "zcu102"))
    assert not plan.layers and len(plan.problems) == 3
    assert "layer 'relu' (far + relu)" in plan.problems[0] and "the kernel is (9, 9)" in plan.problems[0]
    assert "layer 'wide'" in plan.problems[1] and "one output row has 7680 words" in plan.problems[1]
    assert "layer 'pool'" in plan.problems[2] and "16384 output channels" in plan.problems[2]


def test_a_network_without_an_engine_layer_is_a_problem() -> None:
    network = Network("moves", Preprocess(8, 8, (0.5,) * 3, (0.5,) * 3), [Concat("twice", ("input", "input"))])
    plan = plan_network(blank_network(network, schemes.covering(8)), OVERLAY)
    assert not plan.layers and len(plan.problems) == 1 and "network 'moves' has only operations of the processor" in plan.problems[0]


def test_an_overlay_that_exceeds_its_device_is_a_problem() -> None:
    network = lenet(1)
    small = replace(OVERLAY, board=replace(OVERLAY.board, budget={**OVERLAY.board.budget, "bram36": 20}))
    plan = plan_network(blank_network(network, schemes.covering(8)), small)
    assert len(plan.problems) == 1 and "block RAMs of 36 Kib, but zcu102 has 20" in plan.problems[0]
