# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The simulated engine behind stock pynq: the host script of the matrix, and faults of a real engine.

A failing combination is repeated by ``python -m sumtile.emulated --board B --schedule S --cache C --seed N tests/emulated/host.py BITFILE B``.
"""

from __future__ import annotations

import numpy as np
import pynq
import pytest

from sumtile.emulated import overlay_files
from sumtile.errors import SumtileError
from sumtile.kernels.packing import HEADER_BYTES, pack_probe
from sumtile.overlay import Overlay
from tests.emulated import host
from tests.emulated.conftest import OpenOverlay


@pytest.mark.parametrize("board", ["zcu102", "pynq-z2"])
@pytest.mark.parametrize("schedule", ["eager", "lazy", "random"])
@pytest.mark.parametrize("cache", ["coherent", "board", "strict"])
def test_host_script(open_overlay: OpenOverlay, board: str, schedule: str, cache: str) -> None:
    open_overlay(board, schedule=schedule, cache=cache, seed=11)
    host.main(str(overlay_files(Overlay.load("adder", board))), board)


@pytest.mark.parametrize("word, value, status", [(0, 0, 1), (1, 0x0BADCAFE, 2)])
def test_bad_header_is_told_and_drained(open_overlay: OpenOverlay, word: int, value: int, status: int) -> None:
    overlay = open_overlay()
    stamp = Overlay.load("adder", "zcu102").stamp
    overlay.engine_0.write(0, 0x81)
    header = pynq.allocate(HEADER_BYTES, np.uint8)
    header[:] = pack_probe(stamp)
    header.view(np.uint32)[word] = value
    overlay.dma_weights_0.sendchannel.transfer(header)
    overlay.dma_weights_0.sendchannel.wait()
    assert overlay.engine_0.read(0x20) == status
    header[:] = pack_probe(stamp)
    overlay.dma_weights_0.sendchannel.transfer(header)
    overlay.dma_weights_0.sendchannel.wait()
    assert overlay.engine_0.read(0x10) == stamp


def test_missing_flush_in_strict_mode(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(cache="strict")
    overlay.engine_0.write(0, 0x81)
    header = pynq.allocate(HEADER_BYTES, np.uint8)
    header[:] = pack_probe(Overlay.load("adder", "zcu102").stamp)
    overlay.dma_weights_0.write(0x18, header.device_address & 0xFFFFFFFF)
    overlay.dma_weights_0.write(0x1C, header.device_address >> 32)
    overlay.dma_weights_0.write(0x28, header.nbytes)
    assert overlay.engine_0.read(0x20) == 1, "the engine saw zeros where the magic belongs"


def test_standstill_names_the_stages_that_wait(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay()
    overlay.engine_0.write(0, 0x81)
    half = pynq.allocate(HEADER_BYTES // 2, np.uint8)
    half[:] = pack_probe(0)[: half.nbytes]
    overlay.dma_weights_0.sendchannel.transfer(half)
    received = pynq.allocate(64, np.uint8)
    overlay.dma_features.recvchannel.transfer(received)
    with pytest.raises(SumtileError, match="dma_features.S2MM has moved 0 of 64 bytes, without TLAST, and the kernel waits") as failure:
        overlay.dma_features.recvchannel.wait()
    assert "weights" in str(failure.value)
