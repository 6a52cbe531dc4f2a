# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Emulated boards that report a hang after a moment, and are closed with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sumtile.csim import Kernel
from sumtile.emulated import EmulatedDevice, Settings, open_board
from sumtile.overlay import Overlay
from tests.support.bench import Bench, open_bench


@pytest.fixture
def board() -> Iterator[Callable[..., EmulatedDevice]]:
    """Opens boards by name, with any setting of open_board()."""
    with ExitStack() as stack:

        def open_one(name: str = "zcu102", **settings: Any) -> EmulatedDevice:
            device = open_board(name, **{"hang_s": 0.1, **settings})
            stack.callback(device.close)
            return device

        yield open_one


@pytest.fixture
def board_with_kernel() -> Iterator[Callable[[Callable[[Overlay], Kernel]], EmulatedDevice]]:
    """Opens a ZCU102 whose kernel the test makes."""
    with ExitStack() as stack:

        def open_one(make: Callable[[Overlay], Kernel]) -> EmulatedDevice:
            device = EmulatedDevice(Settings(hang_s=0.1), lambda vlnv, hwh: make(Overlay.load(hwh.stem, "zcu102")))
            device.activate()
            stack.callback(device.close)
            return device

        yield open_one


@pytest.fixture
def zcu102() -> Overlay:
    return Overlay.load("adder", "zcu102")


@pytest.fixture
def bench(board: Callable[..., EmulatedDevice], zcu102: Overlay) -> Iterator[Bench]:
    """The adder overlay on a ZCU102."""
    with open_bench(board(), zcu102) as opened:
        yield opened
