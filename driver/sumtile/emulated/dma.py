# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""AXI DMA 7.1 in simple mode (PG021, "Direct Register Mode"): registers, checks and the bytes it carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sumtile.emulated.interrupts import InterruptLine
from sumtile.emulated.memory import Memory, Region

# Register offsets within a channel; S2MM begins at 0x30.
_CR, _SR, _ADDRESS, _ADDRESS_HIGH, _LENGTH = 0x00, 0x04, 0x18, 0x1C, 0x28
_S2MM = 0x30

# Bits of the control and status registers.
_RUN, _RESET = 1 << 0, 1 << 2
_HALTED, _IDLE = 1 << 0, 1 << 1
_INTERNAL_ERROR, _DECODE_ERROR = 1 << 4, 1 << 6
_ERRORS = 0x70
_DONE_IRQ, _ERROR_IRQ = 1 << 12, 1 << 14
_IRQS = 0x7000
_CR_AFTER_RESET = 0x00010002

_BEATS_A_TURN = 16


class Stream(Protocol):
    """The kernel's end of an AXI4-Stream link."""

    beat_bytes: int

    def push(self, data: np.ndarray, last: bool) -> int:
        """Offers bytes and returns how many were taken."""

    def pull(self, data: np.ndarray) -> tuple[int, bool]:
        """Takes bytes, at most up to a TLAST, and tells whether that was met."""

    def level(self) -> int:
        """Beats that wait in the link's FIFO."""


@dataclass(frozen=True)
class ChannelConfig:
    """Parameters of one direction, as they stand in the block design.

    Attributes:
        memory_bytes: width of the memory port; without ``realigns`` addresses must be multiples of it.
        realigns: the data realignment engine (DRE) is built in.
        length_bits: width of the length register; higher bits of a written length are lost.
        address_bits: width of an address.
    """

    memory_bytes: int
    realigns: bool
    length_bits: int
    address_bits: int


class Channel:
    """One direction of a DMA: the registers and rules that both directions share."""

    def __init__(self, name: str, config: ChannelConfig, memory: Memory, stream: Stream) -> None:
        self.name = name
        self.interrupt = InterruptLine()
        self.stream = stream
        self._config = config
        self._memory = memory
        self.reset()

    def reset(self) -> None:
        """State after power-up and after a soft reset; the transfer in progress is dropped."""
        self.busy = False
        self.moved = 0
        self.total = 0
        self._control = _CR_AFTER_RESET
        self._status = _HALTED
        self._address = 0
        self._length = 0
        self._region: Region | None = None
        self._view = np.empty(0, np.uint8)
        self._drive_interrupt()

    def read(self, offset: int) -> int:
        """The register at a byte offset; see :class:`sumtile.emulated.bus.Registers`."""
        if offset == _SR:
            return self._status
        if offset == _CR:
            return self._control
        if offset == _LENGTH:
            return self._length
        if offset == _ADDRESS:
            return self._address & 0xFFFFFFFF
        return self._address >> 32 if offset == _ADDRESS_HIGH else 0

    def write(self, offset: int, value: int) -> bool:
        """Writes the register at a byte offset; true when logic may move because of it."""
        if offset == _LENGTH:
            return self._start(value)
        if offset == _ADDRESS:
            self._address = self._address >> 32 << 32 | value
        elif offset == _ADDRESS_HIGH:
            self._address = value << 32 | self._address & 0xFFFFFFFF
        elif offset == _CR:
            self._set_control(value)
        elif offset == _SR:
            self._status &= ~(value & _IRQS)
            self._drive_interrupt()
        return False

    def move(self, turns: int = 0) -> bool:
        """Carries what the stream takes or has; see :class:`sumtile.emulated.schedule.Mover`."""
        if not self.busy:
            return False
        if self._region is None or not self._region.live:
            return self._fail(_DECODE_ERROR)
        return self._carry(turns * _BEATS_A_TURN * self.stream.beat_bytes or self.total)

    def describe(self) -> str:
        """One line for a state dump."""
        doing = "busy" if self.busy else "halted" if self._status & _HALTED else "idle"
        return (
            f"{self.name}: {doing}, {self.moved} of {self.total} bytes moved, {self.stream.level()} beats in the stream, "
            f"CR 0x{self._control:08x} SR 0x{self._status:08x} address 0x{self._address:x} LENGTH {self._length}"
        )  # fmt: skip

    def _carry(self, most: int) -> bool:
        """Moves at most ``most`` bytes."""
        raise NotImplementedError

    def _start(self, length: int) -> bool:
        """A write of LENGTH starts a transfer; a halted or busy channel ignores it."""
        if self._status & _HALTED or self.busy:
            return False
        config = self._config
        self._length = length & ((1 << config.length_bits) - 1)
        if not self._length:
            return False
        self._status &= ~_IDLE
        self.moved, self.total = 0, self._length
        address = self._address & ((1 << config.address_bits) - 1)
        if not config.realigns and address % config.memory_bytes:
            return self._fail(_INTERNAL_ERROR)
        claim = self._memory.claim(address, self._length)
        if claim is None:
            return self._fail(_DECODE_ERROR)
        self._region, self._view = claim
        self.busy = True
        return True

    def _set_control(self, value: int) -> None:
        self._control = value & ~_RESET | 0x2
        if not value & _RUN:
            self.busy = False
            self._status |= _HALTED
        elif not self._status & _ERRORS:
            self._status &= ~_HALTED
        self._drive_interrupt()

    def _finish(self) -> bool:
        self.busy = False
        self._status |= _IDLE | _DONE_IRQ
        self._drive_interrupt()
        return True

    def _fail(self, error: int) -> bool:
        """An error halts the channel until a soft reset."""
        self.busy = False
        self._control &= ~_RUN
        self._status |= error | _HALTED | _ERROR_IRQ
        self._drive_interrupt()
        return True

    def _drive_interrupt(self) -> None:
        self.interrupt.drive(bool(self._status & self._control & _IRQS))


class SendChannel(Channel):
    """MM2S: from memory to the stream, TLAST on the last beat of the transfer."""

    def _carry(self, most: int) -> bool:
        chunk = self._view[self.moved : self.moved + most]
        taken = self.stream.push(chunk, self.moved + len(chunk) == self.total)
        self.moved += taken
        return self._finish() if self.moved == self.total else taken > 0


class ReceiveChannel(Channel):
    """S2MM: from the stream to memory. The packet's TLAST ends the transfer, so a missing one leaves it waiting."""

    def _carry(self, most: int) -> bool:
        if self.total - self.moved < self.stream.beat_bytes:  # no room for another beat: whatever comes is too much
            return self._fail(_INTERNAL_ERROR) if self.stream.level() else False
        taken, last = self.stream.pull(self._view[self.moved : self.moved + most])
        self.moved += taken
        if last:
            self._length = self.moved
            return self._finish()
        return taken > 0


class AxiDma:
    """The register file of a DMA with one or both channels."""

    def __init__(self, name: str, send: SendChannel | None, receive: ReceiveChannel | None) -> None:
        self.name = name
        self.send = send
        self.receive = receive

    @property
    def channels(self) -> list[Channel]:
        """The channels that the design has."""
        return [channel for channel in (self.send, self.receive) if channel is not None]

    def read(self, offset: int) -> int:
        """The register at a byte offset; see :class:`sumtile.emulated.bus.Registers`."""
        channel, offset = self._select(offset)
        return channel.read(offset) if channel is not None else 0

    def write(self, offset: int, value: int) -> bool:
        """Writes the register at a byte offset; true when logic may move because of it."""
        channel, offset = self._select(offset)
        if channel is None:
            return False
        if offset == _CR and value & _RESET:
            for each in self.channels:
                each.reset()
            return False
        return channel.write(offset, value)

    def state(self) -> list[str]:
        """Lines for a state dump."""
        return [channel.describe() for channel in self.channels]

    def _select(self, offset: int) -> tuple[Channel | None, int]:
        return (self.receive, offset - _S2MM) if offset >= _S2MM else (self.send, offset)
