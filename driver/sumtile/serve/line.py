# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A thread that does one piece of work after the other, in the order in which they were asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Line:
    """One thread and those who wait for it. Who gives up while waiting leaves the line; what runs, runs to its end.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self.waiting = 0
        self.busy = False
        self._turn = asyncio.Lock()  # wakes those who wait in order
        self._thread = ThreadPoolExecutor(1, name)

    async def run(self, work: Callable[[], T]) -> T:
        """The result of ``work``. Cancelled while it waits, ``work`` is not run; cancelled while it runs, its result is thrown away."""
        self.waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self.waiting -= 1
        self.busy = True
        future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        future.add_done_callback(self._next)
        return await asyncio.shield(future)

    def close(self, wait: bool = True) -> None:
        """Ends the thread after what it runs; ``wait`` for that."""
        self._thread.shutdown(wait=wait, cancel_futures=True)

    def _next(self, done: asyncio.Future[T]) -> None:
        self.busy = False
        self._turn.release()
        if not done.cancelled():
            done.exception()  # nobody may be left to look at it
