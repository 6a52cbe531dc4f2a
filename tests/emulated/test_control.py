# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The HLS control registers, by pynq's register map and by hand."""

from __future__ import annotations

import numpy as np
import pynq

from tests.emulated.conftest import OpenOverlay
from tests.emulated.loopback import Loopback


def packet(overlay: pynq.Overlay) -> None:
    """One packet through the kernel."""
    source, target = pynq.allocate(64, np.uint8), pynq.allocate(64, np.uint8)
    overlay.dma_features.recvchannel.transfer(target)
    overlay.dma_features.sendchannel.transfer(source)
    overlay.dma_features.recvchannel.wait()


def test_one_call(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback())
    control = overlay.engine_0.register_map.CTRL
    assert control.AP_IDLE == 1 and control.AP_START == 0
    control.AP_START = 1
    assert overlay.engine_0.read(0) == 0x01
    packet(overlay)
    assert overlay.engine_0.read(0) == 0x0E  # done, idle, ready
    assert overlay.engine_0.read(0) == 0x04  # done and ready clear on read


def test_auto_restart(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback())
    overlay.engine_0.write(0, 0x81)
    for _ in range(3):
        packet(overlay)
        assert overlay.engine_0.read(0) == 0x8B  # start, done, ready, auto-restart, not idle
    overlay.engine_0.write(0, 0)
    packet(overlay)
    assert overlay.engine_0.read(0) == 0x0E


def test_output_registers_and_their_valid_flags(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback())
    registers = overlay.engine_0.register_map
    assert registers.layers_ctrl.layers_ap_vld == 0
    registers.CTRL = 1
    packet(overlay)
    assert [int(getattr(registers, name)) for name in ("stamp", "status", "layers", "busy", "starved", "stalled")] == [100, 101, 102, 103, 104, 105]
    assert overlay.engine_0.read(0x30) == 102
    assert registers.layers_ctrl.layers_ap_vld == 1
    assert registers.layers_ctrl.layers_ap_vld == 0  # clears on read
    assert "starved = Register(starved=104)" in repr(registers)


def test_interrupt_registers(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback())
    engine, registers = overlay.engine_0, overlay.engine_0.register_map
    registers.GIER.Enable = 1
    registers.IP_IER = 1
    assert engine.read(0x04) == 1 and engine.read(0x08) == 1
    engine.write(0, 1)
    packet(overlay)
    assert engine.read(0x0C) == 1 and engine.read(0) & 0x200
    engine.write(0x0C, 1)  # toggles
    assert engine.read(0x0C) == 0
