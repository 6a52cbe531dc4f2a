# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The board's DDR as the DMA sees it: a contiguous arena, the buffers that live in it, and what caches do to them."""

from __future__ import annotations

import mmap
import threading
from bisect import bisect_right, insort
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from pynq.buffer import PynqBuffer

from sumtile.errors import SumtileError

CACHES = ("coherent", "board", "strict")
"""Names of the cache models."""

_PAGE = 4096
_CACHE_LINE = 64
_POISON = 0xDD
_QUARANTINED = 16  # freed buffers whose addresses are not used again yet, so that a stale address shows


class Region:
    """The memory of one buffer.

    Attributes:
        address: physical address of its first byte.
        offset: the same, counted from the start of the arena.
        size: bytes that the buffer asked for.
        shadowed: the CPU has a copy of its own, which only flush and invalidate bring together with the DDR.
        live: false once the buffer is freed.
    """

    __slots__ = ("address", "live", "offset", "shadowed", "size")

    def __init__(self, address: int, offset: int, size: int, shadowed: bool) -> None:
        self.address = address
        self.offset = offset
        self.size = size
        self.shadowed = shadowed
        self.live = True


class Memory:
    """The contiguous memory (CMA) of a board; stands where pynq expects a memory bank.

    New buffers are zeroed and freed ones are poisoned. With ``coherent`` caches CPU and DMA see the same bytes. With
    ``board`` only buffers of ``allocate(..., cacheable=1)`` have a CPU copy of their own, as on a board. With ``strict``
    all have, so that every missing flush or invalidate shows.

    Args:
        device: the pynq device that buffers belong to.
        base_address: physical address of the arena.
        size: bytes of the arena.
        cache: one of :data:`CACHES`.
    """

    def __init__(self, device: Any, base_address: int, size: int, cache: str) -> None:
        self.device = device
        self.base_address = base_address
        self.size = size
        self.idx = 0
        self._cache = cache
        self._ddr = _arena(size)
        self._cpu = self._ddr if cache == "coherent" else _arena(size)
        self._free = _FreeList(size)
        self._live: dict[int, Region] = {}
        self._addresses: list[int] = []
        self._freed: deque[Region] = deque()
        self._lock = threading.Lock()

    def allocate(self, shape: int | Sequence[int], dtype: Any, cacheable: int = 0, **_: Any) -> PynqBuffer:
        """A zeroed buffer; called by ``pynq.allocate``.

        Raises:
            SumtileError: no gap of the arena is large enough.
        """
        dtype = np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        shadowed = {"coherent": False, "board": bool(cacheable), "strict": True}[self._cache]
        with self._lock:
            region = self._take(size, shadowed)
        self._fill(region, 0)
        arena = self._cpu if shadowed else self._ddr
        buffer = PynqBuffer(shape, dtype, buffer=arena, offset=region.offset, device=self.device, bo=region, device_address=region.address, coherent=False)
        # What freebuffer() looks at. Without `freed` its second call would hand the arena to munmap.
        buffer.memory, buffer.return_to, buffer.pointer, buffer.freed = self, self, region, True
        return buffer

    def return_pointer(self, region: Region) -> None:
        """Takes a buffer's memory back; called by ``PynqBuffer.freebuffer``.

        The garbage collector may call it at any moment, even inside :meth:`allocate`, so the books are kept later.
        """
        region.live = False
        self._fill(region, _POISON)
        self._freed.append(region)

    def flush(self, region: Region, offset: int, nbytes: int) -> None:
        """Writes the CPU's copy of a part of a buffer to the DDR, in whole cache lines."""
        part = self._part(region, offset, nbytes)
        if region.shadowed:
            self._ddr[part] = self._cpu[part]

    def invalidate(self, region: Region, offset: int, nbytes: int) -> None:
        """Replaces the CPU's copy of a part of a buffer by what the DDR holds, in whole cache lines."""
        part = self._part(region, offset, nbytes)
        if region.shadowed:
            self._cpu[part] = self._ddr[part]

    def claim(self, address: int, nbytes: int) -> tuple[Region, np.ndarray] | None:
        """The buffer that holds all bytes from ``address`` on, and their view in the DDR (uint8); None when no live buffer does."""
        with self._lock:
            index = bisect_right(self._addresses, address) - 1
            if index < 0:
                return None
            region = self._live[self._addresses[index]]
        start = address - region.address
        if not region.live or start + nbytes > region.size:
            return None
        return region, self._ddr[region.offset + start : region.offset + start + nbytes]

    def _take(self, size: int, shadowed: bool) -> Region:
        while len(self._freed) > _QUARANTINED:
            self._reuse_oldest()
        while (offset := self._free.take(size)) is None and self._freed:
            self._reuse_oldest()
        if offset is None:
            raise SumtileError(
                f"a buffer of {size} bytes was asked for, but the board's contiguous memory ({self.size} bytes) has {self._free.total} bytes left and no such gap; "
                "free buffers or use smaller ones."
            )
        region = Region(self.base_address + offset, offset, size, shadowed)
        self._live[region.address] = region
        insort(self._addresses, region.address)
        return region

    def _reuse_oldest(self) -> None:
        freed = self._freed.popleft()
        del self._live[freed.address]
        self._addresses.remove(freed.address)
        self._free.give(freed.offset, freed.size)

    def _part(self, region: Region, offset: int, nbytes: int) -> slice:
        if not region.live:
            raise SumtileError(
                f"the buffer at 0x{region.address:x} was used after it was freed, but only a live buffer has memory; "
                "keep it (and its `with` block) until its last transfer is done."
            )
        first = offset // _CACHE_LINE * _CACHE_LINE
        last = min(-(-(offset + nbytes) // _CACHE_LINE) * _CACHE_LINE, region.size)
        return slice(region.offset + first, region.offset + last)

    def _fill(self, region: Region, value: int) -> None:
        for arena in (self._ddr, self._cpu) if region.shadowed else (self._ddr,):
            arena[region.offset : region.offset + region.size] = value


class _FreeList:
    """Page-aligned gaps of the arena, lowest first."""

    def __init__(self, size: int) -> None:
        self._gaps = [(0, size)]

    @property
    def total(self) -> int:
        """Free bytes, in all gaps together."""
        return sum(size for _, size in self._gaps)

    def take(self, size: int) -> int | None:
        """Offset of a new extent, or None when no gap is large enough."""
        size = _pages(size)
        for index, (start, length) in enumerate(self._gaps):
            if length >= size:
                self._gaps[index : index + 1] = [(start + size, length - size)] if length > size else []
                return start
        return None

    def give(self, start: int, size: int) -> None:
        """Returns an extent and joins it with its neighbours."""
        insort(self._gaps, (start, _pages(size)))
        joined: list[tuple[int, int]] = []
        for gap in self._gaps:
            if joined and sum(joined[-1]) == gap[0]:
                joined[-1] = (joined[-1][0], joined[-1][1] + gap[1])
            else:
                joined.append(gap)
        self._gaps = joined


def _pages(size: int) -> int:
    return max(-(-size // _PAGE), 1) * _PAGE


def _arena(size: int) -> np.ndarray:
    """Zeroed bytes that cost memory only where they are touched, and that a forked process does not share."""
    return np.frombuffer(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS), np.uint8)
