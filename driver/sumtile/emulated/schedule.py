# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""When the programmable logic moves. On a board it always does; here it moves only around the host's accesses.

The three schedules make a host show its mistakes: ``eager`` finishes all it can after every write, ``lazy`` waits until the
host looks at a register, which uncovers a missing wait, and ``random`` moves in small steps that a seed repeats.
"""

from __future__ import annotations

import random
from typing import Protocol

from sumtile.errors import SumtileError

SCHEDULES = ("eager", "lazy", "random")
"""Names of the schedules."""


class Mover(Protocol):
    """A part of the logic that moves on its own."""

    def move(self, turns: int = 0) -> bool:
        """Moves as far as it can, or a little (``turns`` > 0); true when anything changed."""


class Schedule:
    """The logic's parts, and the base of the schedules: this one moves them only when it is told to settle.

    Attributes:
        movers: the parts that move.
        moves: how often any of them has moved.
    """

    def __init__(self) -> None:
        self.movers: list[Mover] = []
        self.moves = 0

    def after_write(self) -> None:
        """The host has written a register that may set the logic in motion."""

    def before_read(self) -> None:
        """The host is about to read a register."""

    def settle(self) -> None:
        """Moves every part until none can."""
        moved = True
        while moved:
            moved = False
            for mover in self.movers:
                if mover.move():
                    moved = True
                    self.moves += 1


class Eager(Schedule):
    """The logic is infinitely fast."""

    after_write = Schedule.settle


class Lazy(Schedule):
    """The logic is slow: nothing happens until the host looks."""

    before_read = Schedule.settle


class Random(Schedule):
    """A few parts, drawn by chance, move a little around each access."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)

    def after_write(self) -> None:
        """A few parts move a little."""
        self._some()

    def before_read(self) -> None:
        """A few parts move a little."""
        self._some()

    def _some(self) -> None:
        if not self.movers:
            return
        for _ in range(self._random.randrange(4)):
            if self._random.choice(self.movers).move(turns=self._random.randrange(1, 9)):
                self.moves += 1


def make_schedule(name: str, seed: int) -> Schedule:
    """The schedule of that name; SumtileError when it is none of :data:`SCHEDULES`."""
    if name == "eager":
        return Eager()
    if name == "lazy":
        return Lazy()
    if name == "random":
        return Random(seed)
    raise SumtileError(f"schedule '{name}' is unknown; choose one of {', '.join(SCHEDULES)}.")
