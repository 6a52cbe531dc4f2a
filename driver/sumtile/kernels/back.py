# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The time model of the stages behind the array: scale, reorder, combine, pool, store and send."""

from __future__ import annotations

from bisect import bisect_left

from sumtile.kernels.clocks import OUTPUTS, PORT_AHEAD, SUMS, WORDS, Port, TimedRing
from sumtile.kernels.cycles import emit_pooled_row
from sumtile.kernels.layer import Layer
from sumtile.kernels.ports import Ports
from sumtile.kernels.ring import MEMORY_DELAY
from sumtile.kernels.tiling import Tiling, pixel_beats, pool_bank_rows
from sumtile.overlay import Engine
from sumtile.overlay.engine import POOL_BANKS


class Back:
    """From the scale to the result port. Words of ``to`` channels come in; the reorder buffer passes them on stripe by stripe."""

    def __init__(self, engine: Engine, layer: Layer, tiling: Tiling, ports: Ports) -> None:
        self._fold, self._tp = engine.scale_fold, engine.tp
        self._word_beats = pixel_beats(engine, layer.channels) / tiling.groups
        self._scaled = float(tiling.groups * engine.to) + 1  # the parameters come first
        self._filled = 0.0
        self._groups = tiling.groups
        self._waiting = [0]  # words of complete pixels that have not left, for each stripe; the current one last
        self._combine = _Combine(engine, layer, ports, self._word_beats)

    def begin_stripe(self) -> None:
        """A stripe is filled when the last but one before it is empty."""
        self._waiting.append(0)
        older = sum(self._waiting[:-2])
        if older:
            self._leave(older, self._filled)
            self._filled = max(self._filled, self._combine.now - WORDS * self._word_beats)

    def take(self, words: int, begins: float, ends: float, tiles: int, last_group: bool, last_stripe: bool) -> float:
        """Words of ``tiles`` tiles of outputs, whose sums are ready from ``begins`` to ``ends``; returns how early the array may be done with them."""
        scaling = words * self._fold
        last = min(words, self._tp) * self._fold
        self._scaled = max(self._scaled + scaling, begins + 1 + scaling, ends + 1 + last)
        start = self._filled
        self._filled = max(self._filled + words, self._scaled + 1)
        leaving = self._leaving(words, last_group, last_stripe)
        if leaving:
            self._leave(leaving, max(start, begins), self._filled)
            self._filled = max(self._filled, self._combine.now - WORDS * self._word_beats)
        pace = max(self._fold, self._word_beats if leaving else 1)
        self._scaled = max(self._scaled, self._filled - WORDS * pace)
        return self._scaled - scaling / tiles * (min(SUMS, tiles) + 1)

    def _leaving(self, words: int, last_group: bool, last_stripe: bool) -> int:
        """How many words leave while so many come. The last group completes pixels, of which the newest have to settle."""
        before = sum(self._waiting)
        if not last_group:
            return min(words, before)
        self._waiting[-1] += words * self._groups
        settled = sum(self._waiting) - min(words, MEMORY_DELAY + 1) * self._groups
        wanted = words if not last_stripe else min(words, before) + max(words - before, 0) * self._groups
        return max(min(wanted, settled), 0)

    def _leave(self, words: int, start: float, end: float = 0.0) -> None:
        self._combine.take(words, start, end)
        while words:
            left = min(words, self._waiting[0])
            self._waiting[0] -= left
            words -= left
            if words:
                del self._waiting[0]

    def finish(self) -> float:
        """The cycle in which the last beat has left."""
        self._leave(sum(self._waiting), self._filled + MEMORY_DELAY)
        return self._combine.finish()


class _Combine:
    """combine, pool, store and send: a beat at a time."""

    def __init__(self, engine: Engine, layer: Layer, ports: Ports, word_beats: float) -> None:
        self._word_beats = word_beats
        self._residual = Port(ports.residual) if layer.residual else None
        self._beats = 0.0
        self.now = 0.0
        self._sent, self._left = 0.0, 0.0  # when the port has taken all beats so far, and when the engine was rid of them
        self._gap = float(1 / ports.result)
        self._pool = _Pool(engine, layer) if layer.pool else None

    def take(self, words: int, start: float, end: float) -> None:
        """Words of which the first comes at ``start`` and the last at ``end``, or as fast as their beats can be made."""
        left = all_beats = words * self._word_beats
        pace = max(1.0, (end - start) / all_beats) if words else 1.0
        if self._pool is None:
            self._move(left, start, pace)
            self._send(left, self.now - (left - 1) * pace, self.now)
            self.now = max(self.now, self._sent - (3 * OUTPUTS + PORT_AHEAD) * self._gap)
            return
        while left > 0.5:
            begin = self._pool.time
            self._send(self._pool.make_room(round(self._beats)), begin, self._pool.time)
            self._pool.wait_until(self._sent - (2 * OUTPUTS + PORT_AHEAD) * self._gap)
            self.now = max(self.now, self._pool.room_since - OUTPUTS)
            # Where the pool has kept words waiting, those behind them come as much later, less what the streams hold.
            done = all_beats - left
            start = max(start, self.now - ((2 * WORDS + SUMS) * self._word_beats + done) * pace)
            beats = min(left, self._pool.row_left(round(self._beats)))
            self._move(beats, start + done * pace, pace)
            self._pool.written(round(self._beats), self.now)
            left -= beats

    def _move(self, beats: float, start: float, pace: float) -> None:
        self.now = max(self.now + beats, start + beats * pace + 1)
        self._beats += beats
        if self._residual is not None:
            self.now = max(self.now, self._residual.arrival(round(self._beats)))
            self._residual.taken(round(self._beats), self.now)

    def _send(self, beats: float, first: float, last: float) -> None:
        """Beats of which the first and the last are there at these times."""
        if beats:
            self._sent = max(self._sent + beats * self._gap, first + 2 + beats * self._gap, last + 3)
            self._left = max(last + 3, self._sent - PORT_AHEAD * self._gap)

    def finish(self) -> float:
        if self._pool is not None:
            begin = self._pool.time
            self._send(self._pool.finish(), begin, self._pool.time)
            return max(self._left, self._pool.time)
        return self._left


class _Pool:
    """The pooling stage: rows of the convolution come in, and windows leave when their rows are there."""

    def __init__(self, engine: Engine, layer: Layer) -> None:
        assert layer.pool is not None
        self._layer = layer
        self._pixel_beats = pixel_beats(engine, layer.channels)
        self._row_beats = layer.conv.width * self._pixel_beats
        self._knots: list[tuple[int, float]] = [(0, 0.0)]  # beats that combine has written, and when
        self._ring = TimedRing(layer.conv.height, POOL_BANKS * pool_bank_rows(engine, layer), self._row_beats, self._arrival)
        self._row = 0
        self.room_since = 0.0  # when the row that combine writes next found room

    @property
    def time(self) -> float:
        """When the next iteration can begin."""
        return self._ring.time

    def wait_until(self, time: float) -> None:
        """What leaves finds no room before."""
        self._ring.time = max(self._ring.time, time)

    def row_left(self, beats: int) -> int:
        """Beats until the row that combine writes is complete."""
        return self._row_beats - beats % self._row_beats

    def written(self, beats: int, time: float) -> None:
        """combine has written so many beats in all."""
        self._knots.append((beats, time))

    def _arrival(self, beats: int) -> float:
        index = bisect_left(self._knots, (beats, 0.0))
        if index == len(self._knots):
            return self._knots[-1][1] + 2
        (first, begin), (last, end) = self._knots[index - 1], self._knots[index]
        return begin + (end - begin) * (beats - first) / (last - first) + 2

    def make_room(self, beats: int) -> float:
        """Emits the rows that must leave before the beat that follows so many finds a place; returns the beats that have left."""
        emitted = 0
        while beats >= self._ring.limit:
            emitted += self._emit_row()
            self.room_since = self._ring.time
        return emitted

    def finish(self) -> float:
        """Emits the rows that are left."""
        emitted = 0
        while self._row < self._layer.ofm.height:
            emitted += self._emit_row()
        self._ring.finish()
        return emitted

    def _emit_row(self) -> int:
        emit_pooled_row(self._ring, self._layer, self._row, self._pixel_beats)
        self._row += 1
        return self._layer.ofm.width * self._pixel_beats
