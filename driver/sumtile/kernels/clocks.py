# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What the time model is made of: ports that deliver a beat now and then, rings whose iterations take time, streams that fill up.

Times are cycles after the layer's header, and need not be whole inside: a port moves a beat every so many cycles. Within a
piece of work all paces are constant, so a bound that holds at both of its ends holds between them.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from sumtile.kernels.ring import Ring

# Depths of the streams between the stages (hls/include/sumtile/config.hpp), and beats that a port is ahead of its stage.
PORT_AHEAD = 16
BEATS, PARAMETERS, STEPS, SUMS, WORDS, OUTPUTS = 512, 8, 16, 8, 32, 32


class Port:
    """Beats that arrive through a port and a stream of some depth behind it, which both fill up when their reader stands still."""

    def __init__(self, rate: Fraction, depth: int = BEATS) -> None:
        self._gap, self._depth, self._origin = float(1 / rate), depth, 1.0

    def arrival(self, beats: int) -> float:
        """The cycle after that in which the last of so many beats can be read."""
        return self._origin + (beats - 1) * self._gap + 1

    def taken(self, beats: int, now: float) -> None:
        """So many beats have been read by now: the port has gone on only as far as there was room."""
        self.held(beats + self._depth, now)

    def held(self, beats: int, now: float) -> None:
        """The stage has taken so many beats and had no room for more until now."""
        self._origin = max(self._origin, now - (beats + PORT_AHEAD) * self._gap)


class TimedRing(Ring):
    """A ring with a clock: an iteration takes a cycle, or longer when it waits for its beat."""

    def __init__(self, items: int, slots: int, beats: int, arrival: Callable[[int], float], taken: Callable[[int, float], None] = lambda beats, time: None) -> None:
        super().__init__(items, slots, beats)
        self._arrival, self._taken = arrival, taken
        self.time = 0.0  # when the next iteration can begin

    def _run(self, count: int) -> None:
        before = self.loaded
        super()._run(count)
        self.time += count
        if self.loaded > before:
            self.time = max(self.time, self._arrival(self.loaded) + count - (self.loaded - before))
            self._taken(self.loaded, self.time)


class Takings:
    """When the array took what a stream holds, so that the stage in front is ahead of it by the stream's depth at the most."""

    def __init__(self) -> None:
        self._pieces = [(0, 0, 0.0, 0.0)]  # from which item to which, and when; the newest last
        self._depth = STEPS

    def add(self, items: int, begin: float, end: float) -> None:
        """So many items have been taken one after the other."""
        if items:
            first = self._pieces[-1][1]
            self._pieces = [piece for piece in self._pieces if piece[1] > first + items - 2 * self._depth] or self._pieces[-1:]
            self._pieces.append((first, first + items, begin, end))

    def room(self, last: float) -> float:
        """When there was room for the item that comes next; the newest one has been taken ``last``."""
        self._pieces[-1] = (*self._pieces[-1][:3], last)
        wanted = self._pieces[-1][1] - self._depth
        for first, end, begin, ended in reversed(self._pieces):
            if wanted > first:
                return begin + (ended - begin) * (wanted - first) / (end - first)
            if wanted == first:
                return begin
        return 0.0
