# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A host that waits for what can never come gets an error with the cause and the state of every device."""

from __future__ import annotations

import threading
import time

import numpy as np
import pynq
import pytest

from sumtile.errors import SumtileError
from tests.emulated.conftest import OpenOverlay
from tests.emulated.loopback import Loopback

START = 0x81


def buffer(nbytes: int) -> pynq.buffer.PynqBuffer:
    return pynq.allocate(nbytes, np.uint8)


def test_missing_tlast(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback(tlast=False))
    overlay.engine_0.write(0, START)
    overlay.dma_features.recvchannel.transfer(buffer(256))
    overlay.dma_features.sendchannel.transfer(buffer(256))
    with pytest.raises(SumtileError, match=r"dma_features.S2MM has received all 256 bytes but no TLAST"):
        overlay.dma_features.recvchannel.wait()


def test_kernel_was_not_started(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback())
    overlay.dma_features.sendchannel.transfer(buffer(1 << 16))
    with pytest.raises(SumtileError, match="engine_0 is not running; write AP_START"):
        overlay.dma_features.sendchannel.wait()


def test_receive_is_not_armed(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback())
    overlay.engine_0.write(0, START)
    overlay.dma_features.sendchannel.transfer(buffer(1 << 16))
    with pytest.raises(SumtileError, match="S2MM is not armed, but the kernel has output") as failure:
        overlay.dma_features.sendchannel.wait()
    state = str(failure.value)
    assert "dma_features.MM2S: busy, 2048 of 65536 bytes moved, 64 beats in the stream" in state
    assert "engine_0: running, 0 calls finished, auto-restart on" in state
    assert "dma_weights_0.MM2S: halted" in state and "axi_intc_0: inputs" in state


def test_too_few_bytes_were_sent(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback())
    overlay.engine_0.write(0, START)
    overlay.dma_features.recvchannel.transfer(buffer(256))
    with pytest.raises(SumtileError, match=r"moved 0 of 256 bytes, without TLAST, and the kernel waits \(copy: waits for stream features\)"):
        overlay.dma_features.recvchannel.wait()


def test_nothing_was_begun(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback())
    with pytest.raises(SumtileError, match="no transfer is in progress"):
        while not overlay.engine_0.read(0) & 2:
            pass


def test_polling_several_registers_in_turn(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback())
    overlay.dma_features.recvchannel.transfer(buffer(64))
    with pytest.raises(SumtileError, match="was polled for"):
        while not (overlay.dma_features.recvchannel.idle and overlay.dma_weights_0.sendchannel.idle and overlay.engine_0.read(0x20)):
            pass


@pytest.mark.parametrize("schedule", ["lazy", "random"])
def test_other_schedules_find_hangs_too(open_overlay: OpenOverlay, schedule: str) -> None:
    overlay = open_overlay(kernel=Loopback(tlast=False), schedule=schedule)
    overlay.engine_0.write(0, START)
    overlay.dma_features.recvchannel.transfer(buffer(256))
    overlay.dma_features.sendchannel.transfer(buffer(256))
    with pytest.raises(SumtileError, match="no TLAST"):
        overlay.dma_features.recvchannel.wait()


def test_patience_while_another_thread_works(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback(), hang_s=30)
    overlay.engine_0.write(0, START)
    source, target = buffer(256), buffer(256)

    def send_later() -> None:
        time.sleep(0.1)
        overlay.dma_features.sendchannel.transfer(source)

    overlay.dma_features.recvchannel.transfer(target)
    sender = threading.Thread(target=send_later)
    sender.start()
    overlay.dma_features.recvchannel.wait()
    sender.join()
    assert overlay.dma_features.recvchannel.transferred == 256


def test_address_that_nothing_decodes(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback())
    outside = pynq.MMIO(0x1234_0000, 0x1000, device=overlay.device)
    with pytest.raises(SumtileError, match="read of address 0x12340010"):
        outside.read(0x10)
    with pytest.raises(SumtileError, match="write of address 0x12340010"):
        outside.write(0x10, 1)
    with pytest.raises(IndexError, match="outside of the 1024 registers"):
        outside.read(0x1000)
