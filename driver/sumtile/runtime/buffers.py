# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Contiguous buffers of the board's DDR, kept for the next user of the same size and all freed at the end."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pynq

from sumtile.errors import SumtileError

PAGE = 4096

_NO_MEMORY = (MemoryError, RuntimeError, OSError, SumtileError)  # what pynq's devices raise, from version to version


class BufferPool:
    """Hands out pynq buffers of bytes in whole pages. A context manager; its end frees every buffer, lent or not.

    Args:
        device: pynq device whose memory it is.
        cma_bytes: size of the board's contiguous memory, for the sentence when it is full.
    """

    def __init__(self, device: Any, cma_bytes: int) -> None:
        self._device = device
        self._cma_bytes = cma_bytes
        self._spare: dict[int, list[Any]] = defaultdict(list)
        self._lent: dict[int, Any] = {}

    def take(self, nbytes: int) -> Any:
        """A uint8 buffer of at least ``nbytes`` bytes, rounded up to a page; its content is undefined.

        Raises:
            SumtileError: the board's contiguous memory is exhausted.
        """
        size = max(-(-nbytes // PAGE), 1) * PAGE
        buffer = self._spare[size].pop() if self._spare[size] else self._allocate(size)
        self._lent[buffer.physical_address] = buffer
        return buffer

    def give_back(self, buffer: Any) -> None:
        """Returns a buffer of :meth:`take`; the next one of its size reuses it."""
        del self._lent[buffer.physical_address]
        self._spare[buffer.nbytes].append(buffer)

    @property
    def allocated(self) -> int:
        """Bytes that the pool holds, lent or spare."""
        spare = (buffer for buffers in self._spare.values() for buffer in buffers)
        return sum(buffer.nbytes for buffer in (*self._lent.values(), *spare))

    def close(self) -> None:
        """Frees every buffer. Slices of them must not be used any more."""
        self._free_spares()
        for buffer in self._lent.values():
            buffer.freebuffer()
        self._lent.clear()

    def __enter__(self) -> BufferPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _free_spares(self) -> None:
        for buffers in self._spare.values():
            for buffer in buffers:
                buffer.freebuffer()
        self._spare.clear()

    def _allocate(self, size: int) -> Any:
        try:
            return self._new(size)
        except _NO_MEMORY:
            self._free_spares()  # buffers of other sizes may stand in the way
        try:
            return self._new(size)
        except _NO_MEMORY as error:
            raise SumtileError(
                f"a buffer of {size} bytes could not be allocated beside the {self.allocated} bytes in use (the board's contiguous memory, CMA, has {self._cma_bytes >> 20} MiB); "
                f"close other users of the board, or enlarge cma= on the kernel's command line ({str(error).rstrip('.')})."
            ) from error

    def _new(self, size: int) -> Any:
        return pynq.allocate((size,), np.uint8, target=self._device)
