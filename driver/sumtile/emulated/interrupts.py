# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Interrupts: lines, the AXI interrupt controller (PG099) and the stand-in for its UIO device."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_ISR, _IPR, _IER, _IAR, _SIE, _CIE, _IVR, _MER = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C
_MASTER_ENABLE, _HARDWARE_ENABLE = 1, 2


class InterruptLine:
    """A level-sensitive wire from a device to a controller; unconnected until :meth:`connect`."""

    __slots__ = ("_level", "_sink")

    def __init__(self) -> None:
        self._level = False
        self._sink: Callable[[bool], None] | None = None

    def connect(self, sink: Callable[[bool], None]) -> None:
        """Calls ``sink(level)`` at every change from now on."""
        self._sink = sink

    def drive(self, level: bool) -> None:
        """Sets the wire."""
        if level is not self._level:
            self._level = level
            if self._sink is not None:
                self._sink(level)


class AxiIntc:
    """AXI interrupt controller with level inputs; ``output`` is its irq pin."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.output = InterruptLine()
        self._inputs = 0
        self._pending = 0
        self._enabled = 0
        self._master = 0

    def input(self, index: int) -> Callable[[bool], None]:
        """The sink of input ``index``."""
        bit = 1 << index

        def drive(level: bool) -> None:
            self._inputs = self._inputs | bit if level else self._inputs & ~bit
            self._update()

        return drive

    def read(self, offset: int) -> int:
        """The register at a byte offset; see :class:`sumtile.emulated.bus.Registers`."""
        active = self._pending & self._enabled
        if offset == _IVR:
            return (active & -active).bit_length() - 1 & 0xFFFFFFFF
        return {_ISR: self._pending, _IPR: active, _IER: self._enabled, _MER: self._master}.get(offset, 0)

    def write(self, offset: int, value: int) -> bool:
        """Writes the register at a byte offset; true when logic may move because of it."""
        if offset == _IER:
            self._enabled = value
        elif offset == _IAR:
            self._pending &= ~value
        elif offset == _SIE:
            self._enabled |= value
        elif offset == _CIE:
            self._enabled &= ~value
        elif offset == _MER:
            self._master = value & (_MASTER_ENABLE | _HARDWARE_ENABLE)
        elif offset == _ISR and not self._master & _HARDWARE_ENABLE:
            self._pending = value
        self._update()
        return False

    def state(self) -> list[str]:
        """Lines for a state dump."""
        return [f"{self.name}: inputs 0x{self._inputs:x} pending 0x{self._pending:x} enabled 0x{self._enabled:x} MER {self._master}"]

    def _update(self) -> None:
        """A pending bit stays until it is acknowledged while its input is low."""
        if self._master & _HARDWARE_ENABLE:
            self._pending |= self._inputs
        self.output.drive(bool(self._master & _MASTER_ENABLE and self._pending & self._enabled))


class UioLine:
    """Stands in for ``pynq.uio.UioController``: an interrupt of the CPU that wakes an event loop.

    Like the original it belongs to the event loop that is current when it is made, so a host that calls
    ``asyncio.run`` waits in vain here as it does on a board.

    Args:
        sleep: called with true when the host begins to wait for the interrupt, and with false when it ends.
    """

    def __init__(self, sleep: Callable[[bool], None]) -> None:
        self._sleep = sleep
        self._events: list[Any] = []
        self._raised = False
        self._masked = True
        self._wakeup = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._loop: asyncio.AbstractEventLoop | None = None
        with suppress(RuntimeError):  # a thread without a loop: bound at the first wait
            self._bind(asyncio.get_event_loop())

    def drive(self, level: bool) -> None:
        """The irq pin of the interrupt controller."""
        self._raised = level
        self._deliver()

    def add_event(self, event: Any, _number: int) -> None:
        """Sets ``event`` at the next interrupt; the interface that pynq calls."""
        if self._loop is None:
            self._bind(asyncio.get_event_loop())
        self._events.append(event)
        if self._masked:
            self._masked = False
            self._sleep(True)
            self._deliver()

    def close(self) -> None:
        """Leaves the event loop for good."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._wakeup)
        self._mask()
        os.close(self._wakeup)

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._wakeup, self._wake)
        self._loop = loop

    def _deliver(self) -> None:
        if self._raised and not self._masked:
            self._mask()
            os.eventfd_write(self._wakeup, 1)

    def _mask(self) -> None:
        if not self._masked:
            self._masked = True
            self._sleep(False)

    def _wake(self) -> None:
        os.eventfd_read(self._wakeup)
        events, self._events = self._events, []
        for event in events:
            event.set()
