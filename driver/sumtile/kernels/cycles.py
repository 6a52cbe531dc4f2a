# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Clock cycles of each stage of the engine for one layer, as its pipelined loop executes them.

At an initiation interval of one, an iteration of a stage's loop is a cycle. The stages run at the same time, so the
slowest of them bounds the layer. The counts here equal those of the C simulation exactly, for memory that always
delivers a beat in time; cycles spent waiting for memory come on top.
"""

from __future__ import annotations

from collections.abc import Iterator

from sumtile.kernels.layer import Layer
from sumtile.kernels.tiling import Tiling, ceil_div, group_words, pixel_beats, tail_channels
from sumtile.overlay import Engine

MEMORY_DELAY = 4
"""Iterations between a memory's write and its first read in one loop (``kMemoryDelay``)."""


def stage_cycles(engine: Engine, layer: Layer, tiling: Tiling) -> dict[str, int]:
    """Iterations of every stage's loop for one layer; the names are those of the stages in ``hls/include/sumtile``."""
    conv, ofm = layer.conv, layer.ofm
    tile_rows = engine.tile_bytes // engine.row_bytes
    output_beats = pixel_beats(engine, layer.channels)
    words = conv.pixels * tiling.groups
    return {
        "load_features": layer.ifm.pixels * tiling.ifm_tiles * engine.word_beats,
        "load_weights": tiling.groups * engine.to * 8 // engine.row_bytes + tiling.weight_tiles * tiling.weight_repeats * tile_rows,
        "load_residual": conv.pixels * output_beats if layer.residual else 0,
        "window": _window(engine, layer, tiling, row_cycles=layer.ifm.width * tiling.ifm_tiles * engine.word_beats),
        "replay": _replay(engine, layer, tiling, tile_cycles=tile_rows),
        "compute": conv.height * tiling.column_tiles * sum(output_cycles(engine, layer, group) for group in range(tiling.groups)),
        "scale": tiling.groups * engine.to + words * engine.scale_fold,
        "reorder": _reorder(layer, tiling),
        "combine": conv.pixels * output_beats,
        "pool": _pool(engine, layer, output_beats) if layer.pool else conv.pixels * output_beats,
        "store": ofm.pixels * output_beats,
        "send": ofm.pixels * output_beats,
    }


def stripes_of(layer: Layer, tiling: Tiling) -> Iterator[range]:
    """Output rows (before pooling) of each stripe."""
    height = layer.conv.height
    for first in range(0, height, tiling.stripe_rows):
        yield range(first, min(first + tiling.stripe_rows, height))


def output_cycles(engine: Engine, layer: Layer, group: int) -> int:
    """Cycles that the array spends on one tile of output columns of a group."""
    fold = engine.array_of(layer.operator, layer.weight_bits).fold
    words = group_words(engine, layer, group)
    last_word = ceil_div(layer.ifm.channels, engine.ti) - 1
    tail = fold - ceil_div(tail_channels(engine, layer), engine.ti // fold) if last_word in words else 0
    return layer.kernel[0] * layer.kernel[1] * (len(words) * fold - tail)


def _reorder(layer: Layer, tiling: Tiling) -> int:
    """Two halves: stripe ``s`` is filled when stripe ``s - 2`` is emptied, and emptied when it is filled."""
    filled, emptied = 0, [0, 0]
    for stripe in stripes_of(layer, tiling):
        words = len(stripe) * layer.conv.width * tiling.groups
        filled = max(filled, emptied[-2]) + words
        emptied.append(max(emptied[-1], filled + MEMORY_DELAY) + words)
    return emptied[-1]


class _Ring:
    """A stage that loads items in order into a ring while it emits from it, one of each an iteration.

    Item ``i`` takes the place of item ``i - slots``, so its loading starts after that one's last use.
    """

    def __init__(self, slots: int, cycles: int) -> None:
        self._slots, self._cycles = slots, cycles
        self._loaded: list[int] = []  # iteration in which item i became complete
        self._released: list[int] = []  # iteration of the last use of item i
        self.now = 0  # last iteration that emitted

    def emit(self, item: int | None, steps: int) -> None:
        """``steps`` iterations of emission, the first of which needs ``item`` to be complete before it."""
        ready = self.loaded(item) + MEMORY_DELAY if item is not None else 0
        self.now = max(self.now, ready) + steps

    def release(self, items: int) -> None:
        """The items below ``items`` have had their last use in the current iteration."""
        self._released += [self.now] * (items - len(self._released))

    def loaded(self, item: int) -> int:
        """Iteration in which ``item`` is complete."""
        while len(self._loaded) <= item:
            index = len(self._loaded)
            freed = self._released[index - self._slots] if index >= self._slots else 0
            self._loaded.append(max(self._loaded[-1] if self._loaded else 0, freed) + self._cycles)
        return self._loaded[item]


def _window(engine: Engine, layer: Layer, tiling: Tiling, row_cycles: int) -> int:
    ring, height = _Ring(tiling.ring_rows, row_cycles), layer.ifm.height
    words = [len(group_words(engine, layer, group)) for group in range(tiling.groups)]
    row_steps = layer.kernel[1] * words[0]
    later_steps = layer.kernel[0] * layer.kernel[1] * sum(words[1:])
    for stripe in stripes_of(layer, tiling):
        for row in stripe:
            top = row * layer.stride[0] - layer.padding[0]
            for tap in range(layer.kernel[0]):
                source = top + tap * layer.dilation[0]
                ring.emit(source if 0 <= source < height else None, row_steps)
            ring.emit(None, (tiling.column_tiles - 1) * layer.kernel[0] * row_steps)
        ring.emit(None, len(stripe) * tiling.column_tiles * later_steps)
        last = stripe.stop == layer.conv.height
        ring.release(height if last else min(max(stripe.stop * layer.stride[0] - layer.padding[0], 0), height))
    return max(ring.now, ring.loaded(height - 1))


def _replay(engine: Engine, layer: Layer, tiling: Tiling, tile_cycles: int) -> int:
    ring, steps = _Ring(engine.weight_tiles, tile_cycles), tiling.group_tiles
    for number, stripe in enumerate(stripes_of(layer, tiling)):
        uses = len(stripe) * tiling.column_tiles
        for group in range(tiling.groups):
            first = (group if tiling.resident else number * tiling.groups + group) * steps
            frees = not tiling.resident or number == tiling.stripes - 1
            for use in range(uses):
                if use == 0 or (use == uses - 1 and frees):
                    for step in range(steps):
                        ring.emit(first + step, 1)
                        if use == uses - 1 and frees:
                            ring.release(first + step + 1)
                else:
                    ring.emit(None, steps)
    return ring.now


def _pool(engine: Engine, layer: Layer, output_beats: int) -> int:
    pool, conv, ofm = layer.pool, layer.conv, layer.ofm
    assert pool is not None
    row_beats = conv.width * output_beats
    ring = _Ring(min(conv.height, engine.pool_beats // row_beats), row_beats)
    for row in range(ofm.height):
        top = row * pool.stride[0] - pool.padding[0]
        for tap in range(pool.kernel[0]):
            # A padded column needs no row, so the first tap that lies inside the map is the one that waits.
            for column in range(pool.kernel[1]):
                inside = 0 <= top + tap < conv.height and 0 <= column - pool.padding[1] < conv.width
                ring.emit(top + tap if inside else None, 1)
        ring.emit(None, (ofm.width * output_beats - 1) * pool.kernel[0] * pool.kernel[1])
        last = row + 1 == ofm.height
        ring.release(conv.height if last else min(max(top + pool.stride[0], 0), conv.height))
    return max(ring.now, ring.loaded(conv.height - 1))
