# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A DMA channel refuses what the core would take for nonsense, and counts what it moves."""

from __future__ import annotations

import numpy as np
import pytest

from sumtile import SumtileError
from sumtile.kernels.packing import pack_probe
from sumtile.runtime.dma import DmaError


def test_unaligned_start(bench):
    buffer = bench.pool.take(4096)
    with pytest.raises(SumtileError, match=r"MM2S of dma_features was given address 0x[0-9a-f]+4, but without realignment it needs multiples of 16 bytes"):
        bench.hardware.conv.source.start(buffer[4:])


def test_transfer_over_the_limit(bench):
    assert bench.hardware.conv.result.limit == (1 << 26) - 16
    buffer = bench.pool.take(1 << 26)
    with pytest.raises(SumtileError, match=r"S2MM of dma_features was asked for 67108864 bytes, but one transfer holds 67108848; build the overlay with a wider c_sg_length_width"):
        bench.hardware.conv.result.start(buffer)


def test_busy_channel_and_empty_buffer(bench):
    buffer = bench.pool.take(4096)
    bench.hardware.conv.result.start(buffer)
    with pytest.raises(SumtileError, match=r"S2MM of dma_features was given 4096 bytes while 4096 of the last 4096 are on their way; wait for them first"):
        bench.hardware.conv.result.start(buffer)
    with pytest.raises(SumtileError, match=r"was given an empty buffer"):
        bench.hardware.conv.weights[0].start(buffer[:0])


def test_freed_buffer_and_reset(bench):
    weights, buffer = bench.hardware.conv.weights[0], bench.pool.take(4096)
    bench.pool.close()
    weights.start(buffer)
    with pytest.raises(
        DmaError, match=r"no live buffer holds all 4096 bytes from address 0x.* \(MM2S of dma_weights_0 finished 0 of 4096 bytes, DMASR 0x[0-9a-f]+ halted DMADecErr\)\."
    ):
        weights.poll()
    weights.reset()
    weights.run()
    _send_probe(bench)
    assert weights.moved == weights.asked == pack_probe(0).nbytes


def test_a_temporary_array_is_no_buffer(bench):
    """Arithmetic on a pynq buffer gives an array with pynq's class and an address that means nothing."""
    buffer = bench.pool.take(4096)
    for array in (buffer + np.uint8(1), np.zeros(16, np.uint8), buffer[::2]):
        with pytest.raises(SumtileError, match=r"MM2S of dma_weights_0 was given an array outside the board's contiguous memory; copy it into a buffer"):
            bench.hardware.conv.weights[0].start(array)


def test_pieces(bench):
    """With a limit below its length, a transfer goes in pieces that are all counted."""
    weights = bench.hardware.conv.weights[0]
    weights.limit = 48
    _send_probe(bench)
    assert weights.moved == pack_probe(0).nbytes
    assert bench.hardware.conv.engine.stamp == bench.overlay.stamp and bench.hardware.conv.engine.status == 0


def _send_probe(bench):
    header = pack_probe(bench.overlay.stamp)
    buffer = bench.pool.take(header.nbytes)[: header.nbytes]
    buffer[:] = header
    buffer.flush()
    bench.hardware.conv.weights[0].start(buffer)
    for _ in range(100):
        if bench.hardware.conv.weights[0].poll():
            return
    pytest.fail("the probe was not taken")
