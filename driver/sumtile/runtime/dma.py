# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""AXI DMA cores in simple mode: transfers of any length, polled, and every fault told in one sentence.

Source of the registers: "AXI DMA v7.1 LogiCORE IP Product Guide" (PG021), register space.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from pynq.buffer import PynqBuffer

from sumtile.errors import SumtileError

CONTROL, STATUS, ADDRESS, ADDRESS_HIGH, LENGTH = 0x00, 0x04, 0x18, 0x1C, 0x28
MM2S, S2MM = 0x00, 0x30
RUN, RESET = 1 << 0, 1 << 2
HALTED, IDLE = 1 << 0, 1 << 1
INTERNAL_ERROR, SLAVE_ERROR, DECODE_ERROR = 1 << 4, 1 << 5, 1 << 6
ERRORS = INTERNAL_ERROR | SLAVE_ERROR | DECODE_ERROR

_STATUS_BITS = {HALTED: "halted", IDLE: "idle", INTERNAL_ERROR: "DMAIntErr", SLAVE_ERROR: "DMASlvErr", DECODE_ERROR: "DMADecErr"}
_RESET_READS = 1000


class DmaError(SumtileError):
    """A DMA core has stopped with an error bit set; it moves again after a reset."""


class Channel:
    """One direction of a DMA core. A transfer is begun by :meth:`start` and moved along by :meth:`poll`.

    Attributes:
        name: such as ``MM2S of dma_weights``.
        asked: bytes of the current or last transfer.
        moved: bytes of it that are known to have arrived.
    """

    def __init__(self, name: str, mmio: Any, base: int, parameters: dict[str, Any]) -> None:
        kind = "s2mm" if base == S2MM else "mm2s"
        memory_bits = int(parameters.get(f"c_m_axi_{kind}_data_width", 32))
        stream_bits = int(parameters.get(f"c_{'s' if base == S2MM else 'm'}_axis_{kind}_tdata_width", memory_bits))
        longest = (1 << int(parameters.get("c_sg_length_width", 14))) - 1
        self.name = name
        self.receives = base == S2MM
        self.alignment = max(memory_bits, stream_bits) // 8
        self.limit = longest // self.alignment * self.alignment
        self.asked = self.moved = 0
        self._mmio, self._base = mmio, base
        self._wide = int(parameters.get("c_addr_width", 32)) > 32
        self._address = self._piece = 0
        self.busy = False

    def start(self, buffer: Any) -> None:
        """Begins to move all of ``buffer`` and returns at once; what lies in the cache is the caller's business.

        A send above the core's limit goes in pieces, each of which ends with TLAST. A receive cannot be cut, since
        only the sender decides where a packet ends.

        Args:
            buffer: contiguous pynq buffer or a slice of one.

        Raises:
            SumtileError: no buffer of pynq's, an empty or unaligned one, a busy channel, or a receive above the limit.
        """
        if not isinstance(buffer, PynqBuffer) or _on_heap(buffer) or not buffer.flags.c_contiguous:
            raise SumtileError(f"{self.name} was given an array outside the board's contiguous memory; copy it into a buffer of pynq.allocate with buffer[:] = array.")
        address, nbytes = buffer.physical_address, buffer.nbytes
        if self.busy:
            raise SumtileError(f"{self.name} was given {nbytes} bytes while {self.asked - self.moved} of the last {self.asked} are on their way; wait for them first.")
        if not nbytes:
            raise SumtileError(f"{self.name} was given an empty buffer; a transfer needs at least one byte.")
        if address % self.alignment:
            raise SumtileError(f"{self.name} was given address {address:#x}, but without realignment it needs multiples of {self.alignment} bytes; start at such a multiple.")
        if self.receives and nbytes > self.limit:
            raise SumtileError(f"{self.name} was asked for {nbytes} bytes, but one transfer holds {self.limit}; build the overlay with a wider c_sg_length_width or cut the map.")
        self.asked, self.moved, self.busy = nbytes, 0, True
        self._address = address
        self._next_piece()

    def poll(self) -> bool:
        """Looks at the channel once, begins the next piece when one is done, and says whether all has arrived.

        Raises:
            DmaError: the core reports an error.
        """
        if not self.busy:
            return True
        status = self._mmio.read(self._base + STATUS)
        if status & ERRORS:
            raise DmaError(f"{self._cause(status)} ({self.describe()}).")
        if not status & IDLE:
            return False
        self.moved += self._mmio.read(self._base + LENGTH) if self.receives else self._piece
        self.busy = not self.receives and self.moved < self.asked
        if self.busy:
            self._next_piece()
        return not self.busy

    @property
    def status(self) -> int:
        """The status register, DMASR."""
        return int(self._mmio.read(self._base + STATUS))

    def describe(self) -> str:
        """Where the channel stands, for a sentence."""
        return f"{self.name} finished {self.moved} of {self.asked} bytes, {_status_names(self.status)}"

    def reset(self) -> None:
        """Stops at once and forgets the transfer. The core resets its other direction with this one."""
        self._mmio.write(self._base + CONTROL, RESET)
        for _ in range(_RESET_READS):
            if not self._mmio.read(self._base + CONTROL) & RESET:
                break
        else:
            raise SumtileError(f"{self.name} does not come out of reset; check that the clock of the programmable logic runs.")
        self.busy = False
        self.asked = self.moved = 0

    def run(self) -> None:
        """Lets the channel take transfers, with its interrupts off: this driver polls."""
        self._mmio.write(self._base + CONTROL, RUN)

    def _cause(self, status: int) -> str:
        if status & DECODE_ERROR:
            return f"no live buffer holds all {self._piece} bytes from address {self._address + self.moved:#x} on, so allocate buffers with pynq and keep them until their transfers are done"
        if status & SLAVE_ERROR:
            return "the memory port refused the access, so check the address map of the block design"
        if self.receives:
            return f"the engine sent more than {self._piece} bytes before TLAST (wrong byte count, or TLAST is missing), so compile the program again for this overlay"
        return "the core took the length or the address for invalid, so check the DMA's parameters in the block design"

    def _next_piece(self) -> None:
        address = self._address + self.moved
        self._piece = min(self.asked - self.moved, self.limit)
        self._mmio.write(self._base + ADDRESS, address & 0xFFFFFFFF)
        if self._wide:
            self._mmio.write(self._base + ADDRESS_HIGH, address >> 32)
        self._mmio.write(self._base + LENGTH, self._piece)


def all_done(channels: Iterable[Channel]) -> bool:
    """Polls every channel, so that an error shows even behind one that is not done; true when all have moved everything."""
    states = [channel.poll() for channel in channels]
    return all(states)


def _on_heap(array: np.ndarray) -> bool:
    """True for the result of arithmetic on a pynq buffer: it has pynq's class too, and an address that means nothing."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return bool(array.flags.owndata)


def _status_names(status: int) -> str:
    names = [name for bit, name in _STATUS_BITS.items() if status & bit] or ["running"]
    return f"DMASR {status:#x} {' '.join(names)}"
