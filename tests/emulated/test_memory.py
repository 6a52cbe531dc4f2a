# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Buffers, their addresses, and what caches do to a host that forgets them."""

from __future__ import annotations

import numpy as np
import pynq
import pytest

from sumtile.emulated.memory import Memory
from sumtile.errors import SumtileError
from tests.emulated.conftest import OpenOverlay
from tests.emulated.loopback import Loopback


def send_by_hand(overlay: pynq.Overlay, source: pynq.buffer.PynqBuffer, target: pynq.buffer.PynqBuffer) -> None:
    """A transfer without the flush and invalidate that pynq's driver does by itself."""
    overlay.engine_0.write(0, 0x81)
    dma = overlay.dma_features
    for channel, buffer in ((0x30, target), (0x00, source)):
        dma.write(channel + 0x18, buffer.device_address & 0xFFFFFFFF)
        dma.write(channel + 0x1C, buffer.device_address >> 32)
        dma.write(channel + 0x28, buffer.nbytes)


@pytest.mark.parametrize("cache, cacheable, coherent", [("coherent", 1, True), ("board", 0, True), ("board", 1, False), ("strict", 0, False), ("strict", 1, False)])
def test_missing_flush_and_invalidate(open_overlay: OpenOverlay, cache: str, cacheable: int, coherent: bool) -> None:
    overlay = open_overlay(kernel=Loopback(), cache=cache)
    source, target = (pynq.allocate(64, np.uint8, cacheable=cacheable) for _ in range(2))
    source[:] = 7
    send_by_hand(overlay, source, target)
    target.invalidate()
    assert np.all(target == (7 if coherent else 0)), "the flush was missing"
    source.flush()
    target[:] = 1
    target.flush()
    send_by_hand(overlay, source, target)
    assert np.all(target == (7 if coherent else 1)), "the invalidate was missing"
    target.invalidate()
    assert np.all(target == 7)


def test_flush_covers_whole_cache_lines_of_the_slice_and_no_more(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback(), cache="strict")
    source, target = pynq.allocate(1024, np.uint8), pynq.allocate(1024, np.uint8)
    source[:] = 9
    source[100:200].flush()
    send_by_hand(overlay, source, target)
    target.invalidate()
    assert np.all(target[64:256] == 9) and not np.any(target[:64]) and not np.any(target[256:])


def test_buffers_are_zeroed_distinct_and_page_aligned(open_overlay: OpenOverlay) -> None:
    open_overlay(kernel=Loopback())
    first = pynq.allocate((3, 5), np.int32)
    first[:] = -1
    address = first.device_address
    first.freebuffer()
    first.freebuffer()  # a second time does nothing
    second = pynq.allocate((3, 5), np.int32)
    assert not np.any(second)
    assert second.device_address != address, "a freed address is reused late, so that a stale one shows"
    assert second.device_address % 4096 == 0
    assert second[1:].device_address == second.device_address + 20


def test_memory_is_the_size_of_the_boards_and_comes_back(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay("pynq-z2", kernel=Loopback(beat_bytes=8))
    size = overlay.device.board.cma_bytes
    for _ in range(5):
        half = pynq.allocate(size // 2, np.uint8)
        with pytest.raises(SumtileError, match=f"a buffer of {size} bytes was asked for, but .* has {size // 2} bytes left"):
            pynq.allocate(size, np.uint8)
        del half
    assert pynq.allocate(size, np.uint8).nbytes == size


def test_memory_bank_of_an_overlay(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback())
    buffer = pynq.allocate(16, np.uint8, target=overlay.PSDDR)
    assert overlay.mem_dict["PSDDR"]["base_address"] <= buffer.device_address


@pytest.mark.parametrize("seed", range(3))
def test_allocation_survives_any_order_of_frees(seed: int) -> None:
    draw = np.random.default_rng(seed)
    memory = Memory(None, 0x1000_0000, 1 << 20, "coherent")
    live: list[tuple[pynq.buffer.PynqBuffer, int]] = []
    for step in range(300):
        if live and draw.random() < 0.5:
            buffer, value = live.pop(int(draw.integers(len(live))))
            assert np.all(buffer == value), f"another buffer overlaps, in step {step}"
            buffer.freebuffer()
        else:
            buffer = memory.allocate(int(draw.integers(1, 20000)), np.uint8)
            buffer[:] = step % 200
            live.append((buffer, step % 200))
            assert memory.claim(buffer.device_address + buffer.nbytes - 1, 1) is not None
            assert memory.claim(buffer.device_address, buffer.nbytes + 1) is None
