# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What window, replay and pool have in common: a loop that loads items into a ring while it emits from it."""

from __future__ import annotations

MEMORY_DELAY = 4
"""Iterations between a memory's write and its first read in one loop (``kMemoryDelay``)."""


class Ring:
    """Iterations of a stage that loads items of some beats in order into a ring, and emits what needs them.

    An iteration takes a beat when there is room for it, and emits when the item that is needed next has settled.
    An item takes the place of the one ``slots`` before it, so its loading begins after that one's last use.

    Args:
        items: how many there are.
        slots: how many the ring holds.
        beats: beats of an item.
    """

    def __init__(self, items: int, slots: int, beats: int) -> None:
        self._slots, self._item_beats, self._all_beats = slots, beats, items * beats
        self.limit = min(self._all_beats, slots * beats)  # there is room for the beats below
        self._complete: list[int] = []  # iteration in which each item became complete
        self.now = 0  # iterations so far
        self.loaded = 0  # beats

    def wait(self, item: int) -> None:
        """Iterations without emission, until ``item`` has settled."""
        if len(self._complete) <= item:
            self._run((item + 1) * self._item_beats - self.loaded)
        settled = self._complete[item] + MEMORY_DELAY
        if settled > self.now:
            self._run(settled - self.now)

    def emit(self, steps: int) -> None:
        """Iterations that emit what needs no item, or one that was waited for."""
        self._run(steps)

    def emit_each(self, first: int, count: int) -> None:
        """``count`` iterations that emit, each of which needs the next item from ``first`` on."""
        end = first + count
        while (there := min(len(self._complete), end) - first) > 0:
            # All but the newest items have settled long ago.
            fresh = min(there, MEMORY_DELAY)
            self.emit(there - fresh)
            self._emit_slowly(first + there - fresh, fresh)
            first += there
        if first < end and self._item_beats > 1 and end * self._item_beats <= self.limit:
            # Loading is the slower side: each item is emitted as soon as it has settled.
            self.wait(end - 1)
            self.emit(1)
        else:
            self._emit_slowly(first, end - first)

    def _emit_slowly(self, first: int, count: int) -> None:
        for item in range(first, first + count):
            self.wait(item)
            self.emit(1)

    def release(self, items: int) -> None:
        """The items below ``items`` have had their last use."""
        self.limit = min(self._all_beats, max(self.limit, (items + self._slots) * self._item_beats))

    def room_behind(self, item: int) -> int:
        """Items from ``item`` on that can be loaded and emitted one by one without any of them being free before; 0 when there are items ahead."""
        return 0 if len(self._complete) > item else max(self.limit // self._item_beats - item - MEMORY_DELAY - 1, 0)

    def finish(self) -> None:
        """Iterations until all items are loaded."""
        self._run(self._all_beats - self.loaded)

    def _run(self, count: int) -> None:
        """So many iterations, a beat loaded in each of the first of them while there is room."""
        loads = min(count, self.limit - self.loaded)
        for item in range(len(self._complete), (self.loaded + loads) // self._item_beats):
            self._complete.append(self.now + (item + 1) * self._item_beats - self.loaded)
        self.now += count
        self.loaded += loads
