# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Finds a host that polls for something which can never happen, and says why."""

from __future__ import annotations

import time
from collections.abc import Callable

from sumtile.emulated.schedule import Schedule
from sumtile.errors import SumtileError

_MOST_REGISTERS = 8  # a polling loop looks at a few registers; a display of all of them is no polling
_LOOK_AT_CLOCK = 64


class Watchdog:
    """Watches the host: only reads, of the same few registers with the same values, while no logic moves, are a hang.

    Args:
        schedule: tells whether logic moves.
        patience: seconds of fruitless polling before the error.
        explain: lines of state, and the most likely cause as their first line.
    """

    def __init__(self, schedule: Schedule, patience: float, explain: Callable[[], list[str]]) -> None:
        self._schedule = schedule
        self._patience = patience
        self._explain = explain
        self.forget()

    def watch(self, name: str, offset: int, value: int) -> None:
        """Takes note of a read.

        Raises:
            SumtileError: the host polls in vain.
        """
        key = name, offset
        if self._seen.get(key) == value and self._moves == self._schedule.moves:
            self._polls += 1
            if self._polls % _LOOK_AT_CLOCK == 0:
                self._check(name, offset, value)
        elif key not in self._seen and len(self._seen) < _MOST_REGISTERS and self._moves == self._schedule.moves:
            self._seen[key] = value
        else:
            self.forget()
            self._seen[key] = value

    def forget(self) -> None:
        """Starts anew; the host has done something else than read."""
        self._seen: dict[tuple[str, int], int] = {}
        self._moves = self._schedule.moves
        self._polls = 0
        self._since = 0.0

    def _check(self, name: str, offset: int, value: int) -> None:
        now = time.monotonic()
        if not self._since:
            self._since = now
        elif now - self._since > self._patience:
            waited = now - self._since
            self.forget()
            cause, *state = self._explain()
            found = f"register 0x{offset:02x} of {name} (0x{value:08x}) was polled for {waited:.1f} s while nothing moved"
            raise SumtileError("\n".join([f"{found}: {cause}", *state]))
