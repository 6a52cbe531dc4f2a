# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The time model against the simulation with clocks: random layers over random ports, and layers of ResNet-18 on boards."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from tests.kernels.test_cycles import RUNS
from tests.support.overlays import ENGINES

from sumtile.csim import simulate_layer
from sumtile.csim.timed import TimedKernel, load_timed_kernel
from sumtile.errors import SumtileError
from sumtile.kernels.cases import Case, random_case
from sumtile.kernels.concentration import row_cycles
from sumtile.kernels.cycles import basis_cycles, stage_cycles
from sumtile.kernels.golden import run_layer
from sumtile.kernels.layer import Layer, MapShape, Pool, Requantization, Residual
from sumtile.kernels.ports import Ports
from sumtile.kernels.tiling import tile
from sumtile.kernels.timing import LayerTiming, layer_timing
from sumtile.overlay import Overlay

LAYERS = 80
RATES = [Fraction(1), Fraction(19, 20), Fraction(3, 4), Fraction(1, 3)]

PADDED = {"kernel": (3, 3), "padding": (1, 1, 1, 1)}
RESNET18 = {
    "conv1": Layer("mixed", MapShape(224, 112, 21), 64, (7, 1), (2, 1), padding=(3, 0, 2, 0), pool=Pool("max", (3, 3), (2, 2), (1, 1, 0, 0))),
    "layer1": Layer("mixed", MapShape(56, 56, 64), 64, residual=Residual(False, 0), **PADDED),
    "layer2.0.conv1": Layer("mixed", MapShape(56, 56, 64), 128, stride=(2, 2), **PADDED),
    "layer2.0.downsample": Layer("mixed", MapShape(56, 56, 64), 128, stride=(2, 2)),
    "layer2": Layer("mixed", MapShape(28, 28, 128), 128, residual=Residual(False, 0), **PADDED),
    "layer3": Layer("mixed", MapShape(14, 14, 256), 256, residual=Residual(False, 0), **PADDED),
    "layer3.0.downsample": Layer("mixed", MapShape(28, 28, 128), 256, stride=(2, 2)),
    "layer4.0.conv1": Layer("mixed", MapShape(14, 14, 256), 512, stride=(2, 2), **PADDED),
    "layer4": Layer("mixed", MapShape(7, 7, 512), 512, residual=Residual(False, 0), **PADDED),
    "fc": Layer("mixed", MapShape(1, 1, 512), 1000),
}


def run(kernel: TimedKernel, overlay: Overlay, case: Case, ports: Ports) -> tuple[np.ndarray, dict[str, int], int]:
    """The result, the executed loops and the cycles of a layer."""
    kernel.pace(ports)
    before = kernel.iterations()
    result = simulate_layer(kernel, overlay, case.layer, case.features, case.weights, case.requantization, case.residual)
    return result, {loop: count - before[loop] for loop, count in kernel.iterations().items()}, max(kernel.cycles().values())


def random_ports(seed: int) -> list[Ports]:
    rng = np.random.default_rng(seed)
    return [Ports(), *(Ports(*(RATES[index] for index in rng.integers(0, len(RATES), 4))) for _ in range(2))]


@pytest.mark.parametrize("name, operator, weight_bits", RUNS)
def test_random_layers_take_the_modelled_time(name: str, operator: str, weight_bits: int) -> None:
    """Within 8 cycles and a tenth each, half of them within 2 % and nine tenths within 6 %: layers of some hundred cycles, where streams' depths count."""
    overlay = ENGINES[name]
    engine, kernel, errors = overlay.engine, load_timed_kernel(overlay), []
    for seed in range(LAYERS):
        case = random_case(engine, operator, seed, weight_bits)
        golden = run_layer(engine, case.layer, case.features, case.weights, case.requantization, case.residual)
        tiling = tile(engine, case.layer)
        for ports in random_ports(seed):
            result, loops, cycles = run(kernel, overlay, case, ports)
            timing = layer_timing(engine, case.layer, tiling, ports)
            repeat = f"random_case(ENGINES[{name!r}].engine, {operator!r}, {seed}, {weight_bits}) over {ports}: {timing.cycles} cycles modelled, {cycles} simulated"
            assert np.array_equal(result, golden), repeat
            assert loops == stage_cycles(engine, case.layer, tiling) == timing.stages, repeat
            assert cycles >= max(*loops.values(), *timing.moves.values()) - 16 * max(1 / ports.weights, 1 / ports.result), repeat
            assert abs(timing.cycles - cycles) <= 8 + cycles / 10, repeat
            errors.append(abs(timing.cycles / cycles - 1))
    assert np.median(errors) < 0.02 and np.percentile(errors, 90) < 0.06, np.percentile(errors, [50, 90, 99])


@pytest.mark.parametrize("name", ["basis", "basis16"])
def test_layers_of_basis_kernels_take_about_the_modelled_time(name: str) -> None:
    """Half of them within 5 %, nine tenths within 20 %: the model is given what the slowest row needs on average, and knows nothing of how rows wait for each other."""
    overlay = ENGINES[name]
    engine, kernel, errors = overlay.engine, load_timed_kernel(overlay), []
    for seed in range(LAYERS):
        case = random_case(engine, "basis", seed)
        layer, tiling = case.layer, tile(engine, case.layer)
        sums = basis_cycles(layer, tiling)["deal"] // tiling.group_tiles * layer.bases
        slowest = row_cycles(engine, layer, tiling, case.features, case.weights).max() / sums
        for ports in random_ports(seed):
            cycles = run(kernel, overlay, case, ports)[2]
            modelled = layer_timing(engine, layer, tiling, ports, slowest).cycles
            errors.append(abs(modelled / cycles - 1))
    assert np.median(errors) < 0.05 and np.percentile(errors, 90) < 0.2, np.percentile(errors, [50, 90, 99])


@pytest.mark.parametrize("board", ["pynq-z2", "zc706"])
def test_layers_of_resnet18_take_the_modelled_time(board: str) -> None:
    """Within 1 % each, over ports as the board has them and a memory without limit."""
    overlay = Overlay.load("msq", board)
    kernel, ports = load_timed_kernel(overlay), replace(Ports.of(overlay), ddr_bytes=None)
    for name, layer in RESNET18.items():
        cycles = run(kernel, overlay, zeros(layer), ports)[2]
        timing = layer_timing(overlay.engine, layer, tile(overlay.engine, layer), ports)
        assert abs(timing.cycles - cycles) <= cycles / 100, f"{name} on {board}: {timing.cycles} cycles modelled, {cycles} simulated"


def zeros(layer: Layer) -> Case:
    """The layer with nothing but zeros, which take as long as everything else."""
    conv, none = layer.conv, np.zeros(layer.channels, np.int64)
    residual = np.zeros((conv.height, conv.width, conv.channels), np.int64) if layer.residual else None
    features = np.zeros((layer.ifm.height, layer.ifm.width, layer.ifm.channels), np.int64)
    return Case(layer, features, np.zeros(layer.weight_shape, np.int64), Requantization(none, none, none), residual)


def test_time_does_not_depend_on_the_order_of_the_stages() -> None:
    overlay = ENGINES["adder8"]
    kernel = load_timed_kernel(overlay)
    slow = load_timed_kernel(overlay)
    offer = slow.write
    slow.write = lambda port, data, last: offer(port, data[:8], last and data.nbytes <= 8)  # type: ignore[method-assign]
    for seed in range(10):
        case = random_case(overlay.engine, "adder", seed)
        ports = random_ports(seed)[1]
        assert run(kernel, overlay, case, ports)[2] == run(slow, overlay, case, ports)[2], seed
        assert kernel.cycles() == slow.cycles() and kernel.waits() == slow.waits(), seed


def test_registers_count_cycles() -> None:
    overlay = ENGINES["mac8"]
    kernel = load_timed_kernel(overlay)
    case = random_case(overlay.engine, "mac", 3, 8)
    busy = []
    for rate in (Fraction(1), Fraction(1, 8)):
        cycles = run(kernel, overlay, case, Ports(features=rate))[2]
        assert 0 <= cycles - kernel.register("busy") <= 20
        busy.append((kernel.register("busy"), kernel.register("starved")))
    assert busy[0] < busy[1] and busy[0][1] < busy[1][1]


def test_a_layer_is_bound_by_what_takes_longest() -> None:
    engine = Overlay.load("msq", "pynq-z2").engine

    def timing(layer: Layer, ports: Ports) -> LayerTiming:
        return layer_timing(engine, layer, tile(engine, layer), ports)

    assert timing(RESNET18["layer1"], Ports()).bound == "compute"
    assert timing(RESNET18["fc"], Ports()).bound == "weights"
    assert timing(RESNET18["layer2.0.downsample"], Ports()).bound == "features"
    assert timing(RESNET18["layer1"], Ports(result=Fraction(1, 20))).bound == "result"
    starved = timing(RESNET18["layer1"], Ports(ddr_bytes=Fraction(1)))
    assert starved.bound == "memory" and starved.cycles == starved.moves["memory"] > timing(RESNET18["layer1"], Ports()).cycles


def test_a_rate_that_no_port_has_is_refused() -> None:
    kernel = load_timed_kernel(ENGINES["adder8"])
    with pytest.raises(SumtileError, match="port 'result' was given 2 beats a cycle"):
        kernel.pace(replace(Ports(), result=Fraction(2)))
