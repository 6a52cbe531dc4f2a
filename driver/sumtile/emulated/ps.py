# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The processing system: its memory map, its clock registers, and pynq's clock driver for them."""

from __future__ import annotations

from typing import Any

import pynq.ps
from pynq import Clocks

from sumtile.emulated.bus import Bus
from sumtile.overlay import Board

PLL_MHZ = 1200  # the PLL that feeds the PL clocks: 100, 150, 200 and 300 MHz divide it

_ZYNQ_REFERENCE_MHZ, _MPSOC_REFERENCE_MHZ = 50.0, 33.333  # as pynq assumes them
_SLCR, _CRL_APB, _CRF_APB = 0xF8000000, 0xFF5E0000, 0xFD1A0000
_PAGE = 4096


def architecture(board: Board) -> str:
    """What ``uname -m`` says on the board."""
    return "aarch64" if board.is_mpsoc else "armv7l"


def cma_address(board: Board) -> int:
    """Physical address of the contiguous memory.

    On an MPSoC it lies in the upper DDR window, so that a host that drops the upper half of an address is found out.
    """
    return 0x8_0000_0000 if board.is_mpsoc else board.ddr_bytes - board.cma_bytes


def attach_clocks(bus: Bus, board: Board) -> None:
    """Puts the clock registers on the bus, with the values that a boot loader leaves."""
    if board.is_mpsoc:
        feedback = round(PLL_MHZ / _MPSOC_REFERENCE_MHZ) << 8
        pl_clock = 1 << 24 | 1 << 16 | 12 << 8 | 3  # active, DPLL / 12 / 1
        bus.attach(RegisterFile("crl_apb", {0x20: feedback, 0x30: feedback, **dict.fromkeys((0xC0, 0xC4, 0xC8, 0xCC), pl_clock)}), _CRL_APB, _PAGE)
        bus.attach(RegisterFile("crf_apb", {0x20: feedback, 0x2C: feedback, 0x38: feedback, 0x60: 1 << 8}), _CRF_APB, _PAGE)
    else:
        feedback = round(PLL_MHZ / _ZYNQ_REFERENCE_MHZ) << 12
        pl_clock = 1 << 20 | 12 << 8  # IO PLL / 12 / 1
        bus.attach(RegisterFile("slcr", {0x100: feedback, 0x104: feedback, 0x108: feedback, 0x120: 2 << 8, **dict.fromkeys((0x170, 0x180, 0x190, 0x1A0), pl_clock)}), _SLCR, _PAGE)


def select_clock_driver(device: Any, board: Board) -> Any:
    """Hands ``pynq.Clocks`` the driver of this board, and returns it.

    Without this it keeps the driver of the first device for ever, and pynq 3.0 chooses it by the CPU of this machine.
    """
    driver = pynq.ps._ClocksUltrascale if board.is_mpsoc else pynq.ps._ClocksZynq
    try:
        Clocks._real_instance = driver(device=device)
    except TypeError:  # pynq 3.0: the active device, always
        Clocks._real_instance = driver()
    return Clocks._real_instance


def release_clock_driver(driver: Any) -> None:
    """Lets ``pynq.Clocks`` choose again, if ``driver`` is the one it has."""
    if driver is not None and getattr(Clocks, "_real_instance", None) is driver:
        del Clocks._real_instance


class RegisterFile:
    """Plain registers that keep what is written."""

    def __init__(self, name: str, values: dict[int, int]) -> None:
        self.name = name
        self._values = dict(values)

    def read(self, offset: int) -> int:
        """The register at a byte offset; see :class:`sumtile.emulated.bus.Registers`."""
        return self._values.get(offset, 0)

    def write(self, offset: int, value: int) -> bool:
        """Writes the register at a byte offset; true when logic may move because of it."""
        self._values[offset] = value
        return False

    def state(self) -> list[str]:
        """Lines for a state dump."""
        return []
