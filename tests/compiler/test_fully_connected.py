# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Fully connected layers on the engine that streams their weights: which ones, alone or as two factors, with the integers of the convolution engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sumtile.compiler import blank_network, compile_network, plan_program
from sumtile.csim import Simulator
from sumtile.kernels.fc_cycles import fc_timing
from sumtile.kernels.ports import Ports
from sumtile.network import Activation, Flatten, Linear, Network, Node, Preprocess
from sumtile.network.graph import INPUT
from sumtile.network.svd import Decomposition, factor_layer
from sumtile.overlay import Overlay
from sumtile.program import FcStep, Program, Step, read_program, write_program
from sumtile.program.golden import run_golden
from sumtile.quantize import QuantizedNetwork, quantize_network, schemes
from tests.support.networks import batch_norm, conv, normalized, random_images
from tests.support.overlays import FC_ENGINES

OVERLAYS = {8: FC_ENGINES["plain8"], 16: FC_ENGINES["widths16"]}


def network(seed: int = 0, rank: int | None = 5) -> Network:
    """A convolution to five channels of 4 x 5 pixels, so that pixels have padding channels, and three layers, the first in two factors."""
    random = np.random.default_rng(seed)
    nodes: list[Node] = [
        conv("conv", INPUT, (5, 2, 3, 3), random, padding=(1, 1, 1, 1)),
        Activation("relu", ("conv",)),
        Flatten("flat", ("relu",)),
        Linear("fc1", ("flat",), random.normal(0, 0.2, (21, 100)).astype(np.float32), random.normal(0, 0.1, 21)),
        batch_norm("bn1", "fc1", 21, random),
        Activation("relu1", ("bn1",), slope=0.125),
        Linear("fc2", ("relu1",), random.normal(0, 0.3, (9, 21)).astype(np.float32), random.normal(0, 0.1, 9)),
        Activation("relu2", ("fc2",), high=1.5),
        Linear("fc3", ("relu2",), random.normal(0, 0.3, (5, 9)).astype(np.float32)),
    ]
    made = normalized(Network("dense", Preprocess(4, 5, (0.4, 0.5), (0.25, 0.3)), nodes), seed)
    return made if rank is None else factor_layer(made, Decomposition(made, "fc1"), rank)[0]


def quantized(bits: int, seed: int = 0, rank: int | None = 5) -> QuantizedNetwork:
    made = network(seed, rank)
    return quantize_network(made, random_images(made, 6, seed), schemes.dynamic(bits))


def features_of(program: Program, count: int) -> np.ndarray:
    tensor = program.tensors[program.input]
    shape = (count, tensor.shape.height, tensor.shape.width, tensor.shape.channels)
    return np.random.default_rng(count).integers(tensor.format.low, tensor.format.high + 1, shape)


def kinds(program: Program) -> list[tuple[str, str, int | None]]:
    """Name, engine and rank of each step."""
    return [(step.name, type(step).__name__, step.layer.rank if isinstance(step, FcStep) else None) for step in program.steps]


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("rank", [None, 1, 5, 17])
def test_both_engines_give_the_same_integers(bits: int, rank: int | None, tmp_path: Path) -> None:
    overlay, layers = OVERLAYS[bits], quantized(bits, rank or 0, rank)
    write_program(compile_network(layers, overlay), tmp_path / "dense.tile")
    program = read_program(tmp_path / "dense.tile")
    assert kinds(program) == [("relu", "Step", None), ("relu1", "FcStep", rank), ("relu2", "FcStep", None), ("fc3", "FcStep", None)]
    assert "fc1.v" not in program.tensors
    features = features_of(program, 3)
    golden = run_golden(program, overlay.engine, features)
    plain = replace(overlay, fc=None)
    alone = compile_network(layers, plain)
    assert all(isinstance(step, Step) for step in alone.steps) and len(alone.steps) == len(program.steps) + (rank is not None)
    expected = run_golden(alone, plain.engine, features)
    for name in program.tensors:
        assert np.array_equal(golden[name], expected[name]), name
    simulator = Simulator(program, overlay=overlay)
    for image, scores in zip(features, golden[program.output]):
        assert np.array_equal(simulator.infer(image), scores)
    simulator.close()


def test_what_the_engine_cannot_hold_goes_elsewhere() -> None:
    overlay, layers = OVERLAYS[8], quantized(8)
    assert overlay.fc is not None

    def on(**limits: object) -> list[tuple[str, str, int | None]]:
        return kinds(compile_network(layers, replace(overlay, fc=replace(overlay.fc, **limits))))[1:]  # type: ignore[type-var, arg-type]

    rest = [("relu2", "FcStep", None), ("fc3", "FcStep", None)]
    assert on() == [("relu1", "FcStep", 5), *rest]
    assert on(middle_max=4) == [("fc1.v", "FcStep", None), ("relu1", "FcStep", None), *rest]
    assert on(inputs_max=159) == [("fc1.v", "Step", None), ("relu1", "FcStep", None), *rest]  # 20 pixels of eight channels
    assert on(weight_bits=(4,)) == [("fc1.v", "Step", None), ("relu1", "Step", None), ("relu2", "Step", None), ("fc3", "Step", None)]
    narrow = compile_network(quantized(6), overlay)  # the middle vector saturates at the engine's width
    assert kinds(narrow)[1:] == [("fc1.v", "FcStep", None), ("relu1", "FcStep", None), *rest]


def test_layers_with_something_between_them_are_no_factors() -> None:
    made = network()
    index = next(index for index, node in enumerate(made.nodes) if node.name == "fc1.v")
    fc1 = made.nodes[index + 1]
    between = replace(made, nodes=[*made.nodes[: index + 1], Activation("clip", ("fc1.v",), slope=0.5), replace(fc1, inputs=("clip",)), *made.nodes[index + 2 :]])
    program = compile_network(blank_network(between, schemes.dynamic(8)), OVERLAYS[8])
    assert kinds(program)[1:3] == [("clip", "FcStep", None), ("relu1", "FcStep", None)]


def test_a_layer_takes_the_narrowest_weights_that_hold_its_own() -> None:
    overlay = OVERLAYS[16]
    made = network()
    for bits in (4, 8, 16):
        program = compile_network(quantize_network(made, random_images(made, 4, 1), schemes.covering(16, weight_bits=bits)), overlay)
        assert {step.layer.weight_bits for step in program.fc_layers} == {bits}


def test_a_plan_has_the_time_of_both_engines() -> None:
    overlay = OVERLAYS[16]
    program = compile_network(quantized(16), overlay)
    plan = plan_program(program, overlay)
    first = next(layer for layer in plan.layers if layer.name == "relu1")
    step = program.fc_layers[0]
    assert (first.where, first.ifm, first.ofm, first.kernel) == ("svd 16 bit", (4, 5, 5), (1, 1, 21), (4, 5))
    assert first.operations == 5 * (160 + 21) and first.lanes == overlay.fully_connected.lanes
    assert first.cycles == fc_timing(overlay.fully_connected, step.layer, Ports.of(overlay)).cycles
    assert plan.layers[-1].where == "fc 16 bit" and 0 < plan.lane_use() <= 1


@pytest.mark.parametrize(("streams", "milliseconds"), [(1, 62.4), (4, 24.0)])
def test_vgg16_in_two_factors_takes_what_the_ports_take(streams: int, milliseconds: float) -> None:
    """70.9 MB of weights at 95 % of one port of 1.2 GB/s, and below the memory's rate on four."""
    overlay = Overlay.load("fixed16", "zc706")
    overlay = replace(overlay, fc=replace(overlay.fully_connected, weight_streams=streams))
    one = np.float32(1)
    nodes: list[Node] = [Flatten("flat", (INPUT,))]
    sizes = (("fc6.v", 500, 25088), ("fc6", 4096, 500), ("fc7", 4096, 4096), ("fc8", 1000, 4096))
    for name, outputs, inputs in sizes:
        nodes.append(Linear(name, (nodes[-1].name,), np.broadcast_to(one, (outputs, inputs)), None if name == "fc6.v" else np.zeros(outputs)))
        if name in ("fc6", "fc7"):
            nodes.append(Activation(f"{name}.relu", (name,)))
    made = Network("vgg16 classifier", Preprocess(7, 7, (0.5,) * 512, (0.5,) * 512), nodes)
    program = compile_network(blank_network(made, schemes.dynamic(16)), overlay)
    assert [step.layer.rank for step in program.fc_layers] == [500, None, None] and not program.layers
    plan = plan_program(program, overlay)
    seconds = plan.engine_seconds
    assert 0.98 * milliseconds < 1e3 * seconds <= milliseconds or (streams == 4 and 1e3 * seconds <= milliseconds)
    assert {layer.bound for layer in plan.layers} == ({"weights"} if streams == 1 else {"memory"})
    weights = sum(layer.weight_bytes for layer in plan.layers)
    assert weights == pytest.approx(70.93e6, rel=4e-3)
    if streams == 1:
        assert weights / seconds > 0.949 * 1.2e9  # all that the port gives
