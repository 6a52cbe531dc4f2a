# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The engine's stages with a clock each, moved a piece of work at a time; :mod:`sumtile.kernels.timing` puts them together.

Times are cycles after the layer's header, and need not be whole inside: a port moves a beat every so many cycles. Within a
piece of work all paces are constant, so a bound that holds at both of its ends holds between them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from fractions import Fraction

from sumtile.kernels.cycles import emit_pooled_row, output_cycles, replay_last, replay_once, rows_released
from sumtile.kernels.layer import Layer
from sumtile.kernels.ports import Ports
from sumtile.kernels.ring import MEMORY_DELAY, Ring
from sumtile.kernels.tiling import Tiling, group_words, pixel_beats
from sumtile.overlay import Engine

# Depths of the streams between the stages (hls/include/sumtile/config.hpp), and beats that a port is ahead of its stage.
PORT_AHEAD = 16
BEATS, PARAMETERS, STEPS, SUMS, WORDS, OUTPUTS = 512, 8, 16, 8, 32, 32


class Port:
    """Beats that arrive through a port and a stream behind it, which hold ``BEATS + PORT_AHEAD`` when their reader stands still."""

    def __init__(self, rate: Fraction) -> None:
        self._gap, self._origin = float(1 / rate), 1.0

    def arrival(self, beats: int) -> float:
        """The cycle after that in which the last of so many beats can be read."""
        return self._origin + (beats - 1) * self._gap + 1

    def taken(self, beats: int, now: float) -> None:
        """So many beats have been read by now: the port has gone on only as far as there was room."""
        self.held(beats + BEATS, now)

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


class Back:
    """From the scale to the result port. Words of ``to`` channels come in; the reorder buffer passes them on stripe by stripe."""

    def __init__(self, engine: Engine, layer: Layer, tiling: Tiling, ports: Ports) -> None:
        self._fold, self._tp = engine.scale_fold, engine.tp
        self._word_beats = pixel_beats(engine, layer.channels) / tiling.groups
        self._scaled = float(tiling.groups * engine.to) + 1  # the parameters come first
        self._filled = 0.0
        self._older, self._backlog = 0, 0  # words of the stripe before the last complete one, and all that wait to leave
        self._combine = _Combine(engine, layer, ports, self._word_beats)

    def begin_stripe(self) -> None:
        """A stripe is filled when the last but one before it is empty."""
        if self._older > 0:
            self._leave(self._older, self._filled)
            self._filled = max(self._filled, self._combine.now - WORDS * self._word_beats)

    def take(self, words: int, begins: float, ends: float, tiles: int) -> float:
        """Words of ``tiles`` tiles of outputs, whose sums are ready from ``begins`` to ``ends``; returns how early the array may be done with them."""
        scaling = words * self._fold
        last = min(words, self._tp) * self._fold
        self._scaled = max(self._scaled + scaling, begins + 1 + scaling, ends + 1 + last)
        start = self._filled
        self._filled = max(self._filled + words, self._scaled + 1)
        leaving = min(words, self._backlog)
        if leaving:
            self._leave(leaving, max(start, begins), self._filled)
            self._filled = max(self._filled, self._combine.now - WORDS * self._word_beats)
        pace = max(self._fold, self._word_beats if leaving else 1)
        self._scaled = max(self._scaled, self._filled - WORDS * pace)
        return self._scaled - scaling / tiles * (min(SUMS, tiles) + 1)

    def _leave(self, words: int, start: float, end: float = 0.0) -> None:
        self._combine.take(words, start, end)
        self._backlog -= words
        self._older = max(self._older - words, 0)

    def end_stripe(self, words: int) -> None:
        """A stripe of so many words is complete."""
        self._older = self._backlog
        self._backlog += words
        self._filled += 0.0

    def finish(self) -> float:
        """The cycle in which the last beat has left."""
        self._leave(self._backlog, self._filled + MEMORY_DELAY)
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
        slots = min(layer.conv.height, engine.pool_beats // self._row_beats)
        self._ring = TimedRing(layer.conv.height, slots, self._row_beats, self._arrival)
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


class Front:
    """window, replay and the array, up to the sums that the back takes."""

    def __init__(self, engine: Engine, layer: Layer, tiling: Tiling, ports: Ports, back: Back) -> None:
        self._layer, self._tiling, self._back = layer, tiling, back
        self._words = [len(group_words(engine, layer, group)) for group in range(tiling.groups)]
        self._cycles = [output_cycles(engine, layer, group) for group in range(tiling.groups)]
        features, weights = Port(ports.features), Port(ports.weights)
        parameters = tiling.groups * engine.to * 8 // engine.row_bytes
        weights.held(parameters, max(tiling.groups * engine.to - (PARAMETERS + 1) * engine.row_bytes // 8, 0))  # the scale takes a channel a cycle
        row_beats = layer.ifm.width * tiling.ifm_tiles * engine.word_beats
        self._window = TimedRing(layer.ifm.height, tiling.ring_rows, row_beats, features.arrival, features.taken)
        self._replay = TimedRing(
            tiling.weight_tiles * tiling.weight_repeats,
            engine.weight_tiles,
            engine.tile_bytes // engine.row_bytes,
            lambda rows: weights.arrival(parameters + rows),
            lambda rows, now: weights.taken(parameters + rows, now),
        )
        self._words_taken, self._tiles_taken = Takings(), Takings()
        self._groups = 0  # of all stripes, before the current one
        self.compute = 0.0  # when the array has made its last step
        self.first_step: float | None = None

    def stripe(self, rows: range) -> None:
        """All groups of one stripe of output rows."""
        layer, tiling = self._layer, self._tiling
        frees = not tiling.resident or rows.stop == layer.conv.height
        self._back.begin_stripe()
        for group in range(tiling.groups):
            first = (group if tiling.resident else self._groups) * tiling.group_tiles
            self._group(rows, group, first, frees)
            self._groups += 1
        self._window.release(rows_released(layer, rows))
        self._back.end_stripe(len(rows) * layer.conv.width * tiling.groups)

    def finish(self) -> float:
        """When the rows that no output needs have been read, too."""
        self._window.finish()
        return self._window.time

    def _group(self, rows: range, group: int, first_tile: int, frees: bool) -> None:
        """One group's outputs of a stripe. Only the first one waits for input rows, row by row."""
        tiles, width = self._tiling.column_tiles, self._layer.conv.width
        pieces = [(row, tiles, width) for row in rows] if group == 0 else [(None, tiles * len(rows), width * len(rows))]
        for index, (row, count, words) in enumerate(pieces):
            last = frees and index == len(pieces) - 1
            begins = self._first_tile(row, group, first_tile, index == 0, last and count == 1)
            self._steps(count - 1 - last, group)
            if last and count > 1:
                self._steps(1, group, first_tile)
            self._hold(self._back.take(words, begins + self._cycles[group], self.compute, count))

    def _first_tile(self, row: int | None, group: int, first_tile: int, new: bool, last: bool) -> float:
        """The first tile of outputs of a row, kernel row by kernel row: each needs its input row and, where they are new, its weights.

        Returns:
            when the first step began.
        """
        layer, taps, tiles = self._layer, self._layer.kernel[0], self._tiling.group_tiles
        begins = self.compute
        for tap in range(taps):
            if row is not None:
                source = row * layer.stride[0] - layer.padding[0] + tap * layer.dilation[0]
                if 0 <= source < layer.ifm.height:
                    self._window.wait(source)
            part = range(tiles * tap // taps, tiles * (tap + 1) // taps)
            begun = self._array(layer.kernel[1] * self._words[group], self._cycles[group] / taps, part, first_tile, new, last)
            begins = begun if tap == 0 else begins
        return begins

    def _steps(self, count: int, group: int, last_of: int | None = None) -> None:
        """Tiles of outputs whose rows and weights are there; of these, those from ``last_of`` on have their last use."""
        if count > 0:
            kernel = self._layer.kernel
            weights = range(count * self._tiling.group_tiles)
            self._array(count * kernel[0] * kernel[1] * self._words[group], count * self._cycles[group], weights, last_of or 0, False, last_of is not None)

    def _array(self, steps: int, cycles: float, weights: range, first: int, new: bool, last: bool) -> float:
        """Steps of the array, with the words that they take from window and the tiles that they take from replay.

        Args:
            weights: the tiles, counted from number ``first`` of the layer.
            new: they may have to be loaded still.
            last: they have their last use.

        Returns:
            when the first step began.
        """
        window, replay, step = self._window, self._replay, cycles / steps
        begins = max(self.compute, window.time + 1)
        count = len(weights)
        if count and new:
            self._replay_new(first + weights.start, 1, last)
            begins = max(begins, replay.time)
            self._replay_new(first + weights.start + 1, count - 1, last)
        elif count:
            begins = max(begins, replay.time + 1)
            if last:
                replay_last(replay, first + weights.start, count)
            else:
                replay.emit(count)
        if self.first_step is None:
            self.first_step = begins
        window.emit(steps)
        self.compute = max(begins + cycles, replay.time + step if new else replay.time + 1, window.time + 1)
        self._words_taken.add(steps, begins, self.compute)
        self._tiles_taken.add(count, begins, self.compute)
        self._hold(self.compute)
        return begins

    def _hold(self, compute: float) -> None:
        """The array is not done before; window and replay are ahead of it by the depth of their streams."""
        self.compute = max(self.compute, compute)
        for ring, taken in ((self._window, self._words_taken), (self._replay, self._tiles_taken)):
            ring.time = max(ring.time, taken.room(self.compute))

    def _replay_new(self, first: int, count: int, last: bool) -> None:
        if last:
            replay_once(self._replay, first, count)
        else:
            self._replay.emit_each(first, count)
