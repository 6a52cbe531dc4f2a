# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The engine's stages with a clock each, moved a piece of work at a time; :mod:`sumtile.kernels.timing` puts them together.

Times are cycles after the layer's header, and need not be whole inside: a port moves a beat every so many cycles. Within a
piece of work all paces are constant, so a bound that holds at both of its ends holds between them.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from sumtile.kernels.cycles import output_cycles
from sumtile.kernels.ring import MEMORY_DELAY
from sumtile.kernels.layer import Layer
from sumtile.kernels.ports import Ports
from sumtile.kernels.tiling import Tiling, group_words, pixel_beats
from sumtile.overlay import Engine

# Depths of the streams between the stages (hls/include/sumtile/config.hpp), and beats that a port is ahead of its stage.
PORT_AHEAD = 16
BEATS, STEPS, SUMS, WORDS, OUTPUTS = 512, 16, 8, 32, 32


class Port:
    """Beats that arrive through a port and a stream behind it, which hold ``BEATS + PORT_AHEAD`` when their reader stands still."""

    def __init__(self, rate: Fraction) -> None:
        self._gap, self._origin = float(1 / rate), 1.0

    def arrival(self, beats: int) -> float:
        """The cycle after that in which the last of so many beats can be read."""
        return self._origin + (beats - 1) * self._gap + 1

    def taken(self, beats: int, now: float) -> None:
        """So many beats have been read by now: the port has gone on only as far as there was room."""
        self._origin = max(self._origin, now - (beats + BEATS + PORT_AHEAD) * self._gap)


class Ring:
    """A stage that loads beats into a ring while it emits from it, one of each an iteration; it waits for each beat it may take."""

    def __init__(self, beats: int, room: int, arrival: Callable[[int], float], taken: Callable[[int, float], None] = lambda beats, now: None) -> None:
        self._beats, self._arrival, self._taken = beats, arrival, taken
        self.loaded = 0
        self.limit = min(beats, room)
        self.now = 0.0  # when its next iteration can begin
        self._pause = MEMORY_DELAY  # iterations without a load before the current one

    def free(self, limit: int) -> None:
        """Room for the beats below ``limit``."""
        self.limit = min(self._beats, limit)

    def iterate(self, count: int, end: float = 0.0) -> None:
        """``count`` iterations, which the stage behind does not let end before ``end``."""
        loads = min(count, self.limit - self.loaded)
        self.now = max(self.now + count, end)
        if loads > 0:
            self.loaded += loads
            self.now = max(self.now, self._arrival(self.loaded) + count - loads)
            self._taken(self.loaded, self.now)
            self._pause = 0
        self._pause += count - max(loads, 0)

    def need(self, beats: int) -> None:
        """Iterations without emission until so many beats are loaded and settled."""
        # Loads that came without a pause: beat ``loaded - k`` was complete k iterations ago.
        idle = beats - self.loaded + MEMORY_DELAY - self._pause
        if idle > 0 and self._pause + self.loaded - beats < MEMORY_DELAY:
            self.iterate(idle)


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
            self._leave(leaving, max(start, begins))
            self._filled = max(self._filled, self._combine.now - WORDS * self._word_beats)
        pace = max(self._fold, self._word_beats if leaving else 1)
        self._scaled = max(self._scaled, self._filled - WORDS * pace)
        return self._scaled - scaling / tiles * (min(SUMS, tiles) + 1)

    def _leave(self, words: int, start: float) -> None:
        self._combine.take(words, start)
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
        self._sent = 0.0
        self._gap = float(1 / ports.result)
        self._pool = _Pool(engine, layer) if layer.pool else None

    def take(self, words: int, start: float) -> None:
        """Words that come from ``start`` on, one a ``word_beats`` at the most."""
        if self._pool is None:
            self._move(words * self._word_beats, start)
            return
        left = words * self._word_beats
        while left > 0.5:
            beats = min(left, self._pool.row_left(self._beats))
            self._move(beats, start)
            left -= beats

    def _move(self, beats: float, start: float) -> None:
        self.now = max(self.now, start) + beats
        self._beats += beats
        if self._residual is not None:
            self.now = max(self.now, self._residual.arrival(round(self._beats)))
            self._residual.taken(round(self._beats), self.now)
        if self._pool is None:
            self._send(beats, self.now)
            self.now = max(self.now, self._sent - (3 * OUTPUTS + PORT_AHEAD) * self._gap)
            return
        emitted = self._pool.take(round(self._beats), self.now)
        self._send(emitted, self._pool.now)
        self._pool.now = max(self._pool.now, self._sent - (2 * OUTPUTS + PORT_AHEAD) * self._gap)
        self.now = max(self.now, self._pool.loaded_until - OUTPUTS)

    def _send(self, beats: float, last: float) -> None:
        self._sent = max(self._sent + beats * self._gap, last + 3)

    def finish(self) -> float:
        if self._pool is not None:
            self._send(self._pool.finish(), self._pool.now)
        return self._sent


class _Pool:
    """The pooling stage: rows of the convolution come in, and windows leave when their rows are there."""

    def __init__(self, engine: Engine, layer: Layer) -> None:
        assert layer.pool is not None
        self._layer, self._pool = layer, layer.pool
        self._pixel_beats = pixel_beats(engine, layer.channels)
        self._row_beats = layer.conv.width * self._pixel_beats
        self._room = min(layer.conv.height, engine.pool_beats // self._row_beats) * self._row_beats
        self._knots: list[float] = []  # when combine had written each row
        self._ring = Ring(layer.conv.height * self._row_beats, self._room, self._arrival)
        self._row = 0

    @property
    def now(self) -> float:
        return self._ring.now

    @now.setter
    def now(self, value: float) -> None:
        self._ring.now = value

    loaded_until = 0.0

    def row_left(self, beats: float) -> float:
        """Beats until the row that combine writes is complete."""
        return self._row_beats - round(beats) % self._row_beats

    def _arrival(self, beats: int) -> float:
        row, part = divmod(beats - 1, self._row_beats)
        known = self._knots[min(row, len(self._knots) - 1)]
        return known + 2 - (self._row_beats - 1 - part if row < len(self._knots) else 0)

    def take(self, beats: int, now: float) -> float:
        """combine has written so many beats in all; returns the beats that have left since."""
        if beats % self._row_beats:
            return 0.0
        self._knots.append(now)
        emitted = 0.0
        while self._row < self._layer.ofm.height and self._last_row(self._row) < len(self._knots):
            emitted += self._emit_row()
        self.loaded_until = self._ring.now if self._ring.loaded >= self._ring.limit and self._row < self._layer.ofm.height else 0.0
        return emitted

    def _last_row(self, row: int) -> int:
        top = row * self._pool.stride[0] - self._pool.padding[0]
        return min(max(top + self._pool.kernel[0], 1), self._layer.conv.height) - 1

    def _emit_row(self) -> float:
        pool, conv, ofm = self._pool, self._layer.conv, self._layer.ofm
        taps = pool.kernel[0] * pool.kernel[1]
        top = self._row * pool.stride[0] - pool.padding[0]
        for tap in range(pool.kernel[0]):
            if 0 <= top + tap < conv.height:
                self._ring.need((top + tap + 1) * self._row_beats)
            self._ring.iterate(pool.kernel[1])
        self._ring.iterate((ofm.width * self._pixel_beats - 1) * taps)
        self._row += 1
        rows = conv.height if self._row == ofm.height else min(max(top + pool.stride[0], 0), conv.height)
        self._ring.free(rows * self._row_beats + self._room)
        return float(ofm.width * self._pixel_beats)

    def finish(self) -> float:
        emitted = 0.0
        while self._row < self._layer.ofm.height:
            emitted += self._emit_row()
        self._ring.need(self._layer.conv.height * self._row_beats)
        return emitted


class Front:
    """window, replay and the array, up to the sums that the back takes."""

    def __init__(self, engine: Engine, layer: Layer, tiling: Tiling, ports: Ports, back: Back) -> None:
        self._layer, self._tiling, self._back = layer, tiling, back
        self._words = [len(group_words(engine, layer, group)) for group in range(tiling.groups)]
        self._cycles = [output_cycles(engine, layer, group) for group in range(tiling.groups)]
        self._row_beats = layer.ifm.width * tiling.ifm_tiles * engine.word_beats
        self._room = tiling.ring_rows * self._row_beats
        self._tile_rows = engine.tile_bytes // engine.row_bytes
        self._slots = engine.weight_tiles
        features, weights = Port(ports.features), Port(ports.weights)
        parameters = tiling.groups * engine.to * 8 // engine.row_bytes
        self._window = Ring(layer.ifm.height * self._row_beats, self._room, features.arrival, features.taken)
        self._replay = Ring(
            tiling.weight_tiles * tiling.weight_repeats * self._tile_rows,
            self._slots * self._tile_rows,
            lambda rows: weights.arrival(parameters + rows),
            lambda rows, now: weights.taken(parameters + rows, now),
        )
        self._tiles = 0  # of the layer, before the current group
        self.compute = 0.0  # when the array has made its last step
        self.first_step = -1.0

    def stripe(self, rows: range) -> None:
        """All groups of one stripe of output rows."""
        layer, tiling, last = self._layer, self._tiling, rows.stop == self._layer.conv.height
        self._back.begin_stripe()
        for group in range(tiling.groups):
            first = (group if tiling.resident else self._tiles) * tiling.group_tiles
            freed = None if tiling.resident and not last else (first + tiling.group_tiles + self._slots) * self._tile_rows
            self._group(rows, group, first, freed)
            self._tiles += 1
        below = layer.ifm.height if last else min(max(rows.stop * layer.stride[0] - layer.padding[0], 0), layer.ifm.height)
        self._window.free(below * self._row_beats + self._room)
        self._back.end_stripe(len(rows) * layer.conv.width * tiling.groups)

    def finish(self) -> float:
        """When the rows that no output needs have been read, too."""
        self._window.need(self._layer.ifm.height * self._row_beats)
        return self._window.now

    def _group(self, rows: range, group: int, first_tile: int, freed: int | None) -> None:
        layer, tiling = self._layer, self._tiling
        uses, cycles = len(rows) * tiling.column_tiles, self._cycles[group]
        if uses == 1 and freed is not None:
            self._replay.free(freed)
        for index, row in enumerate(rows if group == 0 else rows[:1]):
            fresh = index == 0
            self._first_tile(row if group == 0 else None, group, first_tile if fresh else None)
            rest = tiling.column_tiles - 1 if group == 0 else uses - 1
            words = layer.conv.width if group == 0 else len(rows) * layer.conv.width
            ends = freed is not None and uses > 1 and (group > 0 or index == len(rows) - 1)
            begins = self.compute - cycles
            if ends and rest:
                self._steps(rest - 1, group, cycles)
                assert freed is not None
                self._replay.free(freed)
                self._steps(1, group, cycles)
            else:
                if ends and freed is not None:
                    self._replay.free(freed)
                self._steps(rest, group, cycles)
            self._deliver(words, begins + cycles, rest + 1)

    def _deliver(self, words: int, begins: float, tiles: int) -> None:
        self.compute = max(self.compute, self._back.take(words, begins, self.compute, tiles))

    def _first_tile(self, row: int | None, group: int, first_tile: int | None) -> None:
        """The first tile of outputs of a row: kernel row by kernel row, the weights (from ``first_tile`` on) and the input rows that each needs."""
        layer, taps = self._layer, self._layer.kernel[0]
        for tap in range(taps):
            if row is not None:
                source = row * layer.stride[0] - layer.padding[0] + tap * layer.dilation[0]
                if 0 <= source < layer.ifm.height:
                    self._window.need((source + 1) * self._row_beats)
            weights = None
            if first_tile is not None:
                weights = first_tile + self._tiling.group_tiles * tap // taps, first_tile + self._tiling.group_tiles * (tap + 1) // taps
            self._array(layer.kernel[1] * self._words[group], self._cycles[group] / taps, self._tiling.group_tiles / taps, weights)

    def _steps(self, tiles: int, group: int, cycles: int) -> None:
        """Tiles of outputs whose rows and weights are there."""
        if tiles > 0:
            kernel = self._layer.kernel
            self._array(tiles * kernel[0] * kernel[1] * self._words[group], tiles * cycles, tiles * self._tiling.group_tiles, None)

    def _array(self, steps: int, cycles: float, weight_tiles: float, fresh: tuple[int, int] | None) -> None:
        """Steps of the array with the words and the weight tiles that they take; ``fresh`` tells which of these come for the first time."""
        window, replay = self._window, self._replay
        step = cycles / steps
        start = self.compute
        window.now = max(window.now, start - STEPS * step)
        replay.now = max(replay.now, start - STEPS * step)
        begins = max(start, window.now + 1)
        if fresh is None:
            begins = max(begins, replay.now + 1)
            replay.iterate(round(weight_tiles))
            ends = replay.now + 1
        else:
            begins, ends = self._fresh(fresh, begins, step)
        if self.first_step < 0:
            self.first_step = begins
        window.iterate(steps)
        self.compute = max(begins + cycles, ends, window.now + 1)
        window.now = max(window.now, self.compute - STEPS * step)
        replay.now = max(replay.now, self.compute - STEPS * step)

    def _fresh(self, tiles: tuple[int, int], begins: float, step: float) -> tuple[float, float]:
        """replay's iterations for tiles that it may still have to load; when the array can begin, and when it can end."""
        replay, rows = self._replay, self._tile_rows
        count = tiles[1] - tiles[0]
        ready = min(max(replay.loaded // rows - tiles[0], 0), count)
        if ready:
            replay.iterate(ready)
            begins = max(begins, replay.now - ready + 1)
        if ready < count:
            replay.need((tiles[0] + ready + 1) * rows)
            if not ready:
                begins = max(begins, replay.now + 1)
            replay.need(tiles[1] * rows)
            replay.iterate(1)
        return begins, replay.now + step
