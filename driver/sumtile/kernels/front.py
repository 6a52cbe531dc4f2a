# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The time model of the stages up to the array: the loads, window, replay and compute."""

from __future__ import annotations

from sumtile.kernels.back import Back
from sumtile.kernels.basis import source_layer
from sumtile.kernels.clocks import BEATS, PARAMETERS, Port, Takings, TimedRing
from sumtile.kernels.concentration import pixel_cycles
from sumtile.kernels.cycles import output_cycles, replay_last, replay_once, rows_released, source_stripe
from sumtile.kernels.layer import Layer
from sumtile.kernels.ports import Ports
from sumtile.kernels.tiling import Tiling, group_words
from sumtile.overlay import Engine


class Front:
    """window, replay and the array, up to the sums that the back takes.

    ``sum_cycles`` are those of a row of a basis array for the channels of one output; None where no term is zero.
    """

    def __init__(self, engine: Engine, layer: Layer, tiling: Tiling, ports: Ports, back: Back, sum_cycles: float | None) -> None:
        self._layer, self._walked, self._tiling, self._back = layer, source_layer(layer), tiling, back
        self._words = [len(group_words(engine, layer, group)) for group in range(tiling.groups)]
        self._cycles: list[float] = [output_cycles(engine, layer, group) for group in range(tiling.groups)]
        if layer.operator == "basis":
            self._cycles = [pixel_cycles(engine, layer, tiling, sum_cycles)] * tiling.groups
        features, weights = Port(ports.features), Port(ports.weights, BEATS // engine.weight_streams)
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

    def finish(self) -> float:
        """When the rows that no output needs have been read, too."""
        self._window.finish()
        return self._window.time

    def _group(self, rows: range, group: int, first_tile: int, frees: bool) -> None:
        """One group's outputs of a stripe. Only the first one waits for input rows, row by row."""
        tiles, width, walked = self._tiling.column_tiles, self._layer.conv.width, source_stripe(self._layer, rows)
        ending = range(len(walked) - 1, -1, -(self._layer.stride[0] if len(walked) != len(rows) else 1))
        pieces: list[tuple[int | None, int, int]] = [(None, tiles * len(walked), width * len(rows))]
        if group == 0:
            pieces = [(row, tiles, width if index in ending[: len(rows)] else 0) for index, row in enumerate(walked)]
        for index, (row, count, words) in enumerate(pieces):
            last = frees and index == len(pieces) - 1
            begins = self._first_tile(row, group, first_tile, index == 0, last and count == 1)
            self._steps(count - 1 - last, group)
            if last and count > 1:
                self._steps(1, group, first_tile)
            last_group, last_stripe = group + 1 == self._tiling.groups, rows.stop == self._layer.conv.height
            if words:
                self._hold(self._back.take(words, begins + self._cycles[group], self.compute, count, last_group, last_stripe))

    def _first_tile(self, row: int | None, group: int, first_tile: int, new: bool, last: bool) -> float:
        """The first tile of outputs of a row, kernel row by kernel row: each needs its input row and, where they are new, its weights.

        Returns:
            when the first step began.
        """
        layer, taps, tiles = self._walked, self._walked.kernel[0], self._tiling.group_tiles
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
            kernel = self._walked.kernel
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
