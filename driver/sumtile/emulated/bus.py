# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The CPU's way to registers: address decode, and the array of registers that pynq's MMIO works on."""

from __future__ import annotations

import threading
from typing import Any, Protocol

import numpy as np

from sumtile.emulated.hang import Watchdog
from sumtile.emulated.schedule import Schedule
from sumtile.errors import SumtileError

_PAGE_BITS = 12


class Registers(Protocol):
    """A device model behind an address range."""

    name: str

    def read(self, offset: int) -> int:
        """The 32-bit register at a byte offset, with the side effects of a read."""

    def write(self, offset: int, value: int) -> bool:
        """Writes a 32-bit register; true when logic may move because of it."""

    def state(self) -> list[str]:
        """Lines for a state dump."""


class Bus:
    """Decodes addresses, and lets the schedule move the logic around each access.

    Accesses from several threads take turns, as they do on a board.
    """

    def __init__(self, schedule: Schedule, watchdog: Watchdog) -> None:
        self._pages: dict[int, tuple[Registers, int]] = {}
        self._lock = threading.RLock()
        self._watchdog = watchdog
        self._schedule = schedule
        self._sleepers = 0

    def attach(self, model: Registers, base: int, size: int) -> None:
        """Maps ``model`` to ``size`` bytes (whole 4 KiB pages) from ``base`` on."""
        for page in range(base >> _PAGE_BITS, (base + size) >> _PAGE_BITS):
            if page in self._pages:
                raise SumtileError(f"{model.name} and {self._pages[page][0].name} both claim address 0x{page << _PAGE_BITS:x}; check the address map of the .hwh.")
            self._pages[page] = model, base

    def detach(self, model: Registers) -> None:
        """Unmaps a model."""
        self._pages = {page: entry for page, entry in self._pages.items() if entry[0] is not model}

    def window(self, base: int, length: int) -> RegisterWindow:
        """The registers of ``length`` bytes from ``base`` on."""
        return RegisterWindow(self, base, length // 4)

    def read(self, address: int) -> int:
        """A load of the CPU."""
        with self._lock:
            model, base = self._decode(address, "read")
            self._schedule.before_read()
            value = model.read(address - base)
            self._watchdog.watch(model.name, address - base, value)
            return value

    def write(self, address: int, value: int) -> None:
        """A store of the CPU."""
        with self._lock:
            model, base = self._decode(address, "write")
            self._watchdog.forget()
            if model.write(address - base, value):
                if self._sleepers:
                    self._schedule.settle()
                else:
                    self._schedule.after_write()

    def sleep(self, begins: bool) -> None:
        """The CPU begins or ends to wait for an interrupt; meanwhile the logic has all the time it wants."""
        with self._lock:
            self._sleepers += 1 if begins else -1
            if begins:
                self._schedule.settle()

    def _decode(self, address: int, access: str) -> tuple[Registers, int]:
        try:
            return self._pages[address >> _PAGE_BITS]
        except KeyError:
            raise SumtileError(
                f"a {access} of address 0x{address:x} was found, but nothing answers there (a board would hang or stop with a bus error); "
                "load the overlay first and take addresses from its ip_dict."
            ) from None


class RegisterWindow:
    """Looks like the numpy array of uint32 that pynq maps from /dev/mem; every element is a bus access."""

    __slots__ = ("_base", "_bus", "_length")

    def __init__(self, bus: Bus, base: int, length: int) -> None:
        self._bus = bus
        self._base = base
        self._length = length

    def view(self, dtype: Any = "u4") -> RegisterWindow:
        """Itself: registers have 32 bits."""
        if np.dtype(dtype).itemsize != 4:
            raise SumtileError(f"registers were viewed as {np.dtype(dtype)}, but the control interfaces have 32-bit registers; access each half on its own.")
        return self

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            start, stop, _ = index.indices(self._length)
            return RegisterWindow(self._bus, self._base + 4 * start, max(stop - start, 0))
        return self._bus.read(self._address(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            positions = range(*index.indices(self._length))
            for position, word in zip(positions, np.broadcast_to(value, len(positions))):
                self[position] = word
            return
        self._bus.write(self._address(index), int(value) & 0xFFFFFFFF)

    def _address(self, index: int) -> int:
        if not 0 <= index < self._length:
            raise IndexError(f"register {index} is outside of the {self._length} registers that were mapped")
        return self._base + 4 * index
