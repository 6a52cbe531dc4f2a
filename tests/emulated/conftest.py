# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Emulated boards that are closed again after the test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pynq
import pytest
from pynq.overlay import _ip_drivers

from sumtile.emulated import EmulatedDevice, Settings, overlay_files
from sumtile.overlay import Overlay

OpenOverlay = Callable[..., pynq.Overlay]


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The event loop of the test, current before any board is opened."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def open_overlay(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenOverlay]:
    """``open_overlay(board, kernel=None, bitfile=None, **settings)``: overlay ``adder`` on a new emulated board.

    ``kernel`` replaces the C simulation, ``bitfile`` the generated pair of files.
    """
    for vlnv in [name for name in _ip_drivers if name.startswith("xilinx.com:hls:")]:
        monkeypatch.delitem(_ip_drivers, vlnv)  # drivers of the runtime, where another test has imported it
    opened: list[EmulatedDevice] = []

    def open_(board: str = "zcu102", kernel: Any = None, bitfile: Any = None, **settings: Any) -> pynq.Overlay:
        device = EmulatedDevice(Settings.resolve(board=board, **{"hang_s": 0.1, **settings}), (lambda vlnv, hwh: kernel) if kernel else None)
        opened.append(device)
        pynq.Device.active_device = device
        return pynq.Overlay(str(bitfile or overlay_files(Overlay.load("adder", board))))

    yield open_
    for device in opened:
        device.close()
