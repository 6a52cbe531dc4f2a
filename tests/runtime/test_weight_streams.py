# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Weights over two ports at once: an overlay with a DMA for each, under stock pynq and the driver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pynq
import pytest

from sumtile.csim import load_kernel
from sumtile.emulated import EmulatedDevice, Settings
from sumtile.errors import SumtileError
from sumtile.kernels.packing import by_weight_ports, pack_probe
from sumtile.overlay import Overlay
from sumtile.overlay.design import ENGINE
from sumtile.runtime.execute import run
from tests.support.bench import Bench, open_bench
from tests.support.programs import build_program, golden_tensors, random_features

SINGLE = Overlay.load("adder", "zcu102")
OVERLAY = replace(SINGLE, engines=(replace(SINGLE.engine, weight_streams=2),))


@pytest.fixture
def bench() -> Iterator[Bench]:
    device = EmulatedDevice(Settings(hang_s=0.1), lambda vlnv, hwh: load_kernel(OVERLAY))
    device.activate()
    with open_bench(device, OVERLAY) as opened:
        yield opened
    device.close()


def test_every_layer_is_golden(bench: Bench) -> None:
    program = build_program(OVERLAY)
    placement = bench.place(program)
    for seed in range(3):
        features = random_features(program, seed)
        placement.write_input(features)
        run(bench.hardware, placement, timeout=5)
        assert np.array_equal(placement.read(program.output), golden_tensors(program, OVERLAY, features)[program.output])


def test_each_port_has_a_dma_of_its_own(bench: Bench) -> None:
    blocks = pynq.PL.ip_dict
    found = {name for name, block in blocks.items() if block["type"].startswith("xilinx.com:ip:axi_dma:")}
    assert found == {"dma_features", "dma_weights_0", "dma_weights_1", "dma_residual"}
    assert [channel.name for channel in bench.hardware.conv.weights] == ["MM2S of dma_weights_0", "MM2S of dma_weights_1"]


def test_the_ports_carry_alternate_beats(bench: Bench) -> None:
    """One stream more than the single one's, and the same bytes in all."""
    placement = bench.place(build_program(OVERLAY))
    first, second = placement.weights[ENGINE]
    beat = OVERLAY.engine.stream_bytes
    assert first.nbytes == second.nbytes == sum(job.weight_bytes for job in placement.jobs) // 2 + pack_probe(0).nbytes // 2
    data = np.arange(8 * beat, dtype=np.uint8)
    carried = by_weight_ports(OVERLAY.engine, data)
    assert np.array_equal(np.stack([part.reshape(-1, beat) for part in carried.values()], axis=1).reshape(-1), data)


def test_transfers_in_pieces(bench: Bench) -> None:
    """Two channels whose pieces end at different beats."""
    program = build_program(OVERLAY)
    placement = bench.place(program)
    features = random_features(program)
    placement.write_input(features)
    bench.hardware.conv.weights[0].limit, bench.hardware.conv.weights[1].limit = 496, 1008
    run(bench.hardware, placement, timeout=5)
    assert np.array_equal(placement.read(program.output), golden_tensors(program, OVERLAY, features)[program.output])


def test_a_port_without_weights_is_told(bench: Bench) -> None:
    placement = bench.place(build_program(OVERLAY))
    placement.weights[ENGINE] = placement.weights[ENGINE][:1]
    bench.hardware.conv.weights[1].reset()  # forgets the probe
    bench.hardware.conv.weights[1].run()
    with pytest.raises(SumtileError, match=r"layer 'stem' failed: no weights were sent on a port of the engine, so start all weight channels first \("):
        run(bench.hardware, placement, timeout=5)


def test_swapped_ports_are_told(bench: Bench) -> None:
    placement = bench.place(build_program(OVERLAY))
    placement.weights[ENGINE].reverse()
    with pytest.raises(SumtileError, match="the weights hold no header where the engine expects one"):
        run(bench.hardware, placement, timeout=5)


def test_a_probe_reaches_the_engine_after_a_restart(bench: Bench) -> None:
    bench.hardware.restart()
    assert bench.hardware.conv.engine.stamp == OVERLAY.stamp != SINGLE.stamp
