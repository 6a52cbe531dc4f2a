# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Interrupts through pynq's own controller classes, in the event loop that the overlay was loaded under."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pynq
import pytest

from tests.emulated.conftest import OpenOverlay
from tests.emulated.loopback import Loopback


@pytest.fixture(params=["eager", "lazy", "random"])
def overlay(open_overlay: OpenOverlay, request: pytest.FixtureRequest) -> pynq.Overlay:
    overlay = open_overlay(kernel=Loopback(), schedule=request.param)
    overlay.engine_0.write(0, 0x81)
    return overlay


def buffers() -> tuple[Any, Any]:
    source, target = pynq.allocate(4096, np.uint8), pynq.allocate(4096, np.uint8)
    source[:] = np.arange(4096) % 253
    return source, target


@pytest.mark.parametrize("board", ["zcu102", "pynq-z2"])
def test_dma_interrupts(open_overlay: OpenOverlay, loop: asyncio.AbstractEventLoop, board: str) -> None:
    overlay = open_overlay(board, kernel=Loopback(beat_bytes=16 if board == "zcu102" else 8))
    overlay.engine_0.write(0, 0x81)
    dma = overlay.dma_features

    async def layer() -> None:
        source, target = buffers()
        dma.recvchannel.transfer(target)
        dma.sendchannel.transfer(source)
        await asyncio.wait_for(asyncio.gather(dma.sendchannel.wait_async(), dma.recvchannel.wait_async()), 10)
        assert np.array_equal(source, target)

    for _ in range(3):
        loop.run_until_complete(layer())


def test_interrupt_comes_with_the_data(overlay: pynq.Overlay, loop: asyncio.AbstractEventLoop) -> None:
    dma = overlay.dma_features

    async def layer() -> None:
        source, target = buffers()
        dma.recvchannel.transfer(target)
        waiting = asyncio.ensure_future(dma.recvchannel.wait_async())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        dma.sendchannel.transfer(source)
        await asyncio.wait_for(waiting, 10)
        assert np.array_equal(source, target)

    loop.run_until_complete(layer())


def test_kernel_interrupt(overlay: pynq.Overlay, loop: asyncio.AbstractEventLoop) -> None:
    engine, dma = overlay.engine_0, overlay.dma_features
    engine.register_map.GIER = 1
    engine.register_map.IP_IER = 1

    async def layer() -> None:
        source, target = buffers()
        dma.recvchannel.transfer(target)
        dma.sendchannel.transfer(source)
        await asyncio.wait_for(engine.interrupt.wait(), 10)
        assert engine.read(0x0C) & 1

    loop.run_until_complete(layer())


def test_another_event_loop_waits_in_vain_as_on_a_board(overlay: pynq.Overlay) -> None:
    dma = overlay.dma_features

    async def layer() -> None:
        source, target = buffers()
        dma.recvchannel.transfer(target)
        waiting = asyncio.ensure_future(dma.recvchannel.wait_async())
        await asyncio.sleep(0)
        dma.sendchannel.transfer(source)
        await asyncio.wait_for(waiting, 0.2)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(layer())
