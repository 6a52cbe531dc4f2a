# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""AXI DMA: what pynq's driver and a host that writes registers by hand see of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pynq
import pytest

from sumtile.errors import SumtileError
from tests.emulated.conftest import OpenOverlay
from tests.emulated.loopback import Loopback

SR, ADDRESS, ADDRESS_HIGH, LENGTH, S2MM = 0x04, 0x18, 0x1C, 0x28, 0x30
HALTED, IDLE, INTERNAL_ERROR, DECODE_ERROR = 0x01, 0x02, 0x10, 0x40
START = 0x81  # AP_START | AUTO_RESTART


@pytest.fixture
def overlay(open_overlay: OpenOverlay) -> pynq.Overlay:
    """A loopback kernel, started, with auto-restart."""
    overlay = open_overlay(kernel=Loopback())
    overlay.engine_0.write(0, START)
    return overlay


def buffers(nbytes: int, received: int | None = None) -> tuple[Any, Any]:
    source, target = pynq.allocate(nbytes, np.uint8), pynq.allocate(received or nbytes, np.uint8)
    source[:] = np.arange(nbytes) % 251
    return source, target


def start_by_hand(dma: Any, address: int, nbytes: int, channel: int = 0) -> None:
    dma.write(channel + ADDRESS, address & 0xFFFFFFFF)
    dma.write(channel + ADDRESS_HIGH, address >> 32)
    dma.write(channel + LENGTH, nbytes)


@pytest.mark.parametrize("schedule", ["eager", "lazy", "random"])
@pytest.mark.parametrize("depth", [1, 64])
def test_packets_come_through(open_overlay: OpenOverlay, schedule: str, depth: int) -> None:
    overlay = open_overlay(kernel=Loopback(depth=depth), schedule=schedule, seed=3)
    overlay.engine_0.write(0, START)
    dma = overlay.dma_features
    for nbytes in (16, 1024, 5008):
        source, target = buffers(nbytes)
        dma.recvchannel.transfer(target)
        dma.sendchannel.transfer(source)
        dma.sendchannel.wait()
        dma.recvchannel.wait()
        assert np.array_equal(source, target)
        assert dma.recvchannel.transferred == nbytes


def test_idle_bit_rises_with_the_first_completion(overlay: pynq.Overlay) -> None:
    dma = overlay.dma_features
    assert dma.sendchannel.running and not dma.sendchannel.idle
    source, target = buffers(64)
    dma.sendchannel.transfer(source)
    assert dma.sendchannel.idle and not dma.recvchannel.idle
    dma.recvchannel.transfer(target)
    assert dma.recvchannel.idle


def test_packet_shorter_than_the_buffer(overlay: pynq.Overlay) -> None:
    source, target = buffers(160, received=1600)
    target[:] = 255
    overlay.dma_features.recvchannel.transfer(target)
    overlay.dma_features.sendchannel.transfer(source)
    overlay.dma_features.recvchannel.wait()
    assert overlay.dma_features.recvchannel.transferred == 160
    assert np.array_equal(target[:160], source) and np.all(target[160:] == 255)


@pytest.mark.parametrize("received", [80, 88])
def test_packet_longer_than_the_buffer_is_an_internal_error_until_reset(overlay: pynq.Overlay, received: int) -> None:
    dma = overlay.dma_features
    source, target = buffers(160, received=received)
    dma.recvchannel.transfer(target)
    dma.sendchannel.transfer(source)
    assert dma.read(S2MM + SR) & (INTERNAL_ERROR | HALTED) == INTERNAL_ERROR | HALTED
    with pytest.raises(RuntimeError, match="not started"):
        dma.recvchannel.wait()
    dma.write(S2MM, 4)
    assert not dma.sendchannel.running and not dma.recvchannel.error
    dma.recvchannel.start()
    assert dma.recvchannel.running


def test_temporary_array_has_no_address(overlay: pynq.Overlay) -> None:
    source, _ = buffers(64)
    with pytest.raises((RuntimeError, SumtileError)):
        overlay.dma_features.sendchannel.transfer(source + 1)
        overlay.dma_features.sendchannel.wait()


@pytest.mark.parametrize("beyond", [16, 1 << 20])
def test_transfer_past_the_end_of_a_buffer_is_a_decode_error(overlay: pynq.Overlay, beyond: int) -> None:
    source, _neighbour = buffers(4096)
    start_by_hand(overlay.dma_features, source.device_address, 4096 + beyond)
    assert overlay.dma_features.read(SR) & 0x71 == DECODE_ERROR | HALTED


def test_upper_half_of_an_address_matters(overlay: pynq.Overlay) -> None:
    source, _ = buffers(64)
    start_by_hand(overlay.dma_features, source.device_address & 0xFFFFFFFF, 64)
    assert overlay.dma_features.read(SR) & DECODE_ERROR


def test_freed_buffer(overlay: pynq.Overlay) -> None:
    source, _ = buffers(64)
    address = source.device_address
    source.freebuffer()
    assert np.all(np.asarray(source) == 0xDD)
    with pytest.raises(SumtileError, match="after it was freed"):
        overlay.dma_features.sendchannel.transfer(source)
    start_by_hand(overlay.dma_features, address, 64)
    assert overlay.dma_features.read(SR) & DECODE_ERROR


def test_buffer_freed_during_its_transfer(overlay: pynq.Overlay) -> None:
    source, target = buffers(64)
    overlay.dma_features.recvchannel.transfer(target)
    target.freebuffer()
    overlay.dma_features.sendchannel.transfer(source)
    assert overlay.dma_features.read(S2MM + SR) & DECODE_ERROR


def test_unaligned_start(overlay: pynq.Overlay) -> None:
    source, _ = buffers(64)
    with pytest.raises(RuntimeError, match="unaligned"):
        overlay.dma_features.sendchannel.transfer(source, start=8)
    start_by_hand(overlay.dma_features, source.device_address + 8, 16)
    assert overlay.dma_features.read(SR) & INTERNAL_ERROR


def test_length_over_the_limit_is_cut_to_the_register(overlay: pynq.Overlay) -> None:
    source = pynq.allocate(1 << 26, np.uint8)
    with pytest.raises(ValueError, match="exceeds"):
        overlay.dma_features.sendchannel.transfer(source)
    start_by_hand(overlay.dma_features, source.device_address, (1 << 26) + 64)
    assert overlay.dma_features.read(LENGTH) == 64


def test_halted_channel_ignores_a_start(overlay: pynq.Overlay) -> None:
    source, _ = buffers(64)
    overlay.dma_features.sendchannel.stop()
    start_by_hand(overlay.dma_features, source.device_address, 64)
    assert overlay.dma_features.read(SR) & 3 == HALTED
    assert overlay.dma_features.read(LENGTH) == 0


def test_second_start_of_a_busy_channel_is_refused(overlay: pynq.Overlay) -> None:
    _, target = buffers(64)
    overlay.dma_features.recvchannel.transfer(target)
    with pytest.raises(RuntimeError, match="not idle"):
        overlay.dma_features.recvchannel._first_transfer = False
        overlay.dma_features.recvchannel.transfer(target)


def test_send_before_receive_waits_for_the_receiver(overlay: pynq.Overlay) -> None:
    source, target = buffers(16 * 1024)
    overlay.dma_features.sendchannel.transfer(source)
    assert not overlay.dma_features.sendchannel.idle
    overlay.dma_features.recvchannel.transfer(target)
    overlay.dma_features.sendchannel.wait()
    overlay.dma_features.recvchannel.wait()
    assert np.array_equal(source, target)


def test_lazy_logic_shows_a_missing_wait(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback(), schedule="lazy", cache="coherent")
    overlay.engine_0.write(0, START)
    source, target = buffers(64)
    overlay.dma_features.recvchannel.transfer(target)
    overlay.dma_features.sendchannel.transfer(source)
    assert not np.any(target)
    overlay.dma_features.recvchannel.wait()
    assert np.array_equal(source, target)


def test_random_logic_repeats_with_its_seed(open_overlay: OpenOverlay) -> None:
    def polls(seed: int) -> int:
        overlay = open_overlay(kernel=Loopback(), schedule="random", seed=seed)
        overlay.engine_0.write(0, START)
        source, target = buffers(8192)
        overlay.dma_features.recvchannel.transfer(target)
        overlay.dma_features.sendchannel.transfer(source)
        count = 0
        while not overlay.dma_features.recvchannel.idle:
            count += 1
        return count

    counts = [polls(seed) for seed in (1, 1, 2, 3)]
    assert counts[0] == counts[1] > 0
    assert len(set(counts)) > 1
