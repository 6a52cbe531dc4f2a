# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A process with all that it has started, as the system tells (man 5 proc)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# Fields of /proc/<pid>/stat behind the name, counted from the state.
_STATE, _PARENT, _SESSION, _TIMES, _BEGIN = 0, 1, 3, slice(11, 15), 19


class ProcessFamily:
    """The processes of the session that one process leads, and whatever descends from them.

    Args:
        leader: process that leads a session of its own.
        reap: called between two looks, so that the leader does not stay a zombie.
    """

    def __init__(self, leader: int, reap: Callable[[], object]) -> None:
        self._leader, self._reap = leader, reap
        self._known: set[tuple[int, str]] = set()  # process and its begin, so that a number that is used again is another process

    def processor_seconds(self) -> float:
        """Processor time of those that live, and of their children that have ended."""
        return sum(sum(map(int, fields[_TIMES])) for fields in self._living().values()) / os.sysconf("SC_CLK_TCK")

    def end(self, grace: float) -> None:
        """Asks all to end, and after ``grace`` seconds kills those that do not; an exception, such as a second Ctrl-C, kills at once."""
        try:
            self._signal_until_gone(signal.SIGTERM, grace, once=True)
        finally:
            self._signal_until_gone(signal.SIGKILL, grace, once=False)

    def _signal_until_gone(self, number: signal.Signals, seconds: float, once: bool) -> None:
        told: set[int] = set()
        deadline = time.monotonic() + seconds
        while (left := set(self._living())) and time.monotonic() < deadline:
            for pid in left - told:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            told = told | left if once else told
            self._reap()
            time.sleep(0.02)
        self._reap()

    def _living(self) -> dict[int, list[str]]:
        """The fields of each process of the family. Once seen, a process belongs to it, whatever becomes of its parent."""
        table = _processes()
        members = {pid for pid, fields in table.items() if int(fields[_SESSION]) == self._leader or (pid, fields[_BEGIN]) in self._known}
        while children := {pid for pid, fields in table.items() if int(fields[_PARENT]) in members} - members:
            members |= children
        self._known |= {(pid, table[pid][_BEGIN]) for pid in members}
        return {pid: table[pid] for pid in members if table[pid][_STATE] not in "ZX"}


def _processes() -> dict[int, list[str]]:
    """All processes with the fields of their stat behind the name, which may have spaces and parentheses."""
    table: dict[int, list[str]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it has ended meanwhile
                fields = folder.joinpath("stat").read_text(errors="replace").rpartition(")")[2].split()
                table |= {int(folder.name): fields} if len(fields) > _BEGIN else {}
    return table
