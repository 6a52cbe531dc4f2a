# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The control registers that Vitis HLS builds around a top function (UG1399, "S_AXILITE Control Register Map"), and the kernel behind them."""

from __future__ import annotations

import numpy as np

from sumtile.csim.kernel import Kernel, State
from sumtile.emulated.interrupts import InterruptLine

_CTRL, _GIER, _IER, _ISR = 0x00, 0x04, 0x08, 0x0C
_AP_START, _AP_DONE, _AP_IDLE, _AP_READY, _AUTO_RESTART, _INTERRUPT = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 7, 1 << 9


class HlsControl:
    """The register file of an HLS IP, which starts its kernel and moves it.

    Args:
        name: name of the instance.
        kernel: the simulated kernel.
        outputs: byte offset of each output register, by the kernel's name for it; the valid flag lies 4 bytes above.
    """

    def __init__(self, name: str, kernel: Kernel, outputs: dict[str, int]) -> None:
        self.name = name
        self.kernel = kernel
        self.interrupt = InterruptLine()
        self.calls = 0
        self._outputs = {offset: register for register, offset in outputs.items()}
        self._valid: set[int] = set()
        self._running = False
        self._awake = False
        self._start = False
        self._done = 0
        self._auto_restart = False
        self._global_enable = 0
        self._enabled = 0
        self._pending = 0

    @property
    def started(self) -> bool:
        """A call is in progress or asked for."""
        return self._running or self._start

    def read(self, offset: int) -> int:
        """The register at a byte offset; see :class:`sumtile.emulated.bus.Registers`."""
        if offset == _CTRL:
            return self._read_control()
        if offset in self._outputs:
            return self.kernel.register(self._outputs[offset])
        if offset - 4 in self._outputs:
            valid = offset in self._valid
            self._valid.discard(offset)
            return int(valid)
        return {_GIER: self._global_enable, _IER: self._enabled, _ISR: self._pending}.get(offset, 0)

    def write(self, offset: int, value: int) -> bool:
        """Writes the register at a byte offset; true when logic may move because of it."""
        if offset == _CTRL:
            self._auto_restart = bool(value & _AUTO_RESTART)
            self._start = self._start or bool(value & _AP_START)
            return True
        if offset == _GIER:
            self._global_enable = value & 1
        elif offset == _IER:
            self._enabled = value & 3
        elif offset == _ISR:
            self._pending ^= value & 3
        self._drive_interrupt()
        return False

    def move(self, turns: int = 0) -> bool:
        """Runs the kernel until it waits; see :class:`sumtile.emulated.schedule.Mover`."""
        if not self._running:
            if not self._start:
                return False
            self.kernel.start()
            self._running = self._awake = True
        if not self._awake:
            return False
        state = self.kernel.run(turns)
        self._awake = state is State.RUNNING
        if state is State.IDLE:
            self._finish()
        return True

    def wake(self) -> None:
        """A stream of the kernel has moved, so it may be able to go on."""
        self._awake = True

    def state(self) -> list[str]:
        """Lines for a state dump."""
        doing = "running" if self._running else "started" if self._start else "idle, never started" if not self.calls else "idle"
        lines = [f"{self.name}: {doing}, {self.calls} calls finished, auto-restart {'on' if self._auto_restart else 'off'}"]
        if self._running:
            lines += [f"  {line}" for line in self.kernel.report().splitlines()]
        return lines

    def _read_control(self) -> int:
        value = self._done
        self._done = 0
        if self._start or self._running:
            value |= _AP_START if self._start else 0
        else:
            value |= _AP_IDLE
        if self._auto_restart:
            value |= _AUTO_RESTART
        if self._global_enable and self._pending:
            value |= _INTERRUPT
        return value

    def _finish(self) -> None:
        self.calls += 1
        self._running = False
        self._start = self._auto_restart
        self._done = _AP_DONE | _AP_READY
        self._valid.update(offset + 4 for offset in self._outputs)
        self._pending |= self._enabled
        self._drive_interrupt()

    def _drive_interrupt(self) -> None:
        self.interrupt.drive(bool(self._global_enable and self._pending))


class KernelPort:
    """A kernel's end of an AXI4-Stream link; wakes the kernel when the link moves."""

    def __init__(self, control: HlsControl, name: str) -> None:
        self.beat_bytes = control.kernel.ports[name].beat_bytes
        self._control = control
        self._name = name

    def push(self, data: np.ndarray, last: bool) -> int:
        """Offers bytes to the kernel's input and returns how many its FIFO took."""
        taken = self._control.kernel.write(self._name, data, last)
        if taken:
            self._control.wake()
        return taken

    def pull(self, data: np.ndarray) -> tuple[int, bool]:
        """Takes bytes from the kernel's output, at most up to a TLAST."""
        taken, last = self._control.kernel.read(self._name, data)
        if taken:
            self._control.wake()
        return taken, last

    def level(self) -> int:
        """Beats in the FIFO at the kernel's port."""
        return self._control.kernel.level(self._name)
