# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Clock cycles of each stage of the engine for one layer, as its pipelined loop executes them.

At an initiation interval of one, an iteration of a stage's loop is a cycle. The stages run at the same time, so the
slowest of them bounds the layer. The counts here equal those of the C simulation exactly, for memory that always
delivers a beat in time; cycles spent waiting for memory come on top.
"""

from __future__ import annotations

from collections.abc import Iterator

from sumtile.kernels.basis import source_layer, source_rows
from sumtile.kernels.layer import Layer
from sumtile.kernels.ring import MEMORY_DELAY, Ring
from sumtile.kernels.tiling import Tiling, ceil_div, group_words, pixel_beats, pool_bank_rows, tail_channels
from sumtile.overlay import Engine
from sumtile.overlay.engine import BASIS_WORDS, POOL_BANKS


def stage_cycles(engine: Engine, layer: Layer, tiling: Tiling) -> dict[str, int]:
    """Iterations of every stage's loop for one layer; the names are those of the stages in ``hls/include/sumtile``.

    What the rows of a basis array do depends on the data: :func:`sumtile.kernels.concentration.row_cycles` counts their ``concentrate``.
    """
    conv, ports, basis = layer.conv, port_cycles(engine, layer, tiling), layer.operator == "basis"
    output_beats = pixel_beats(engine, layer.channels)
    words = conv.pixels * tiling.groups
    return ports | {
        "window": _window(engine, layer, tiling),
        "replay": _replay(engine, layer, tiling),
        "compute": 0 if basis else conv.height * tiling.column_tiles * sum(output_cycles(engine, layer, group) for group in range(tiling.groups)),
        "scale": tiling.groups * engine.to + words * engine.scale_fold,
        "reorder": _reorder(layer, tiling),
        "combine": conv.pixels * output_beats,
        "pool": _pool(engine, layer, output_beats) if layer.pool else conv.pixels * output_beats,
        "store": ports["send"],
        **(basis_cycles(layer, tiling) if basis else dict.fromkeys(("deal", "dilute", "concentrate", "basis"), 0)),
    }


def port_cycles(engine: Engine, layer: Layer, tiling: Tiling) -> dict[str, int]:
    """Beats of one layer on each port (those of the weight ports move together), by the stage that serves it."""
    parameter_rows = tiling.groups * engine.to * 8 // engine.row_bytes
    tile_rows = engine.tile_bytes // engine.row_bytes
    output_beats = pixel_beats(engine, layer.channels)
    return {
        "load_features": layer.ifm.pixels * tiling.ifm_tiles * engine.word_beats,
        "load_weights": parameter_rows + tiling.weight_tiles * tiling.weight_repeats * tile_rows,
        "load_residual": layer.conv.pixels * output_beats if layer.residual else 0,
        "send": layer.ofm.pixels * output_beats,
    }


def stripes_of(layer: Layer, tiling: Tiling) -> Iterator[range]:
    """Output rows (before pooling) of each stripe."""
    height = layer.conv.height
    for first in range(0, height, tiling.stripe_rows):
        yield range(first, min(first + tiling.stripe_rows, height))


def source_stripe(layer: Layer, stripe: range) -> range:
    """The rows that the array walks for a stripe of output rows: themselves, or the rows of source pixels of basis kernels."""
    first = stripe.start * layer.stride[0] if layer.operator == "basis" else stripe.start
    return range(first, first + source_rows(layer, len(stripe)))


def basis_cycles(layer: Layer, tiling: Tiling) -> dict[str, int]:
    """Iterations of the stages inside a basis array whose loops do not depend on the data."""
    rows = sum(len(source_stripe(layer, stripe)) for stripe in stripes_of(layer, tiling)) * tiling.groups
    pixels = rows * tiling.column_tiles
    ring = Ring(pixels * tiling.ifm_tiles, BASIS_WORDS, 1)
    for pixel in range(pixels):
        first = pixel * tiling.ifm_tiles
        if layer.bases == 1:
            replay_once(ring, first, tiling.ifm_tiles)
            continue
        ring.emit_each(first, tiling.ifm_tiles)
        ring.emit((layer.bases - 2) * tiling.ifm_tiles)
        replay_last(ring, first, tiling.ifm_tiles)
    return {"deal": pixels * tiling.group_tiles, "dilute": ring.now, "basis": rows * max(tiling.column_tiles * layer.bases, MEMORY_DELAY)}


def output_cycles(engine: Engine, layer: Layer, group: int) -> int:
    """Cycles that the array spends on one tile of output columns of a group."""
    fold = engine.array_of(layer.operator, layer.weight_bits).fold
    words = group_words(engine, layer, group)
    last_word = ceil_div(layer.ifm.channels, engine.ti) - 1
    tail = fold - ceil_div(tail_channels(engine, layer), engine.ti // fold) if last_word in words else 0
    return layer.kernel[0] * layer.kernel[1] * (len(words) * fold - tail)


def _reorder(layer: Layer, tiling: Tiling) -> int:
    """Two halves: stripe ``s`` is filled when stripe ``s - 2`` is emptied, and emptied from the first word of its last group on."""
    filled, emptied = 0, [0, 0]
    for stripe in stripes_of(layer, tiling):
        pixels = len(stripe) * layer.conv.width
        begun = max(filled, emptied[-2])
        filled = begun + pixels * tiling.groups
        first_pixel = begun + pixels * (tiling.groups - 1) + 1
        emptied.append(max(emptied[-1], first_pixel + MEMORY_DELAY) + pixels * tiling.groups)
    return emptied[-1]


def _window(engine: Engine, layer: Layer, tiling: Tiling) -> int:
    ring, height = Ring(layer.ifm.height, tiling.ring_rows, layer.ifm.width * tiling.ifm_tiles * engine.word_beats), layer.ifm.height
    words, walked = [len(group_words(engine, layer, group)) for group in range(tiling.groups)], source_layer(layer)
    row_steps = walked.kernel[1] * words[0]
    later_steps = walked.kernel[0] * walked.kernel[1] * sum(words[1:])
    for stripe in stripes_of(layer, tiling):
        for row in source_stripe(layer, stripe):
            for tap in range(walked.kernel[0]):
                source = row * walked.stride[0] - layer.padding[0] + tap * layer.dilation[0]
                if 0 <= source < height:
                    ring.wait(source)
                ring.emit(row_steps)
            ring.emit((tiling.column_tiles - 1) * walked.kernel[0] * row_steps)
        ring.emit(len(source_stripe(layer, stripe)) * tiling.column_tiles * later_steps)
        ring.release(rows_released(layer, stripe))
    ring.finish()
    return ring.now


def rows_released(layer: Layer, stripe: range) -> int:
    """Input rows that no stripe after this one reads."""
    height = layer.ifm.height
    return height if stripe.stop == layer.conv.height else min(max(stripe.stop * layer.stride[0] - layer.padding[0], 0), height)


def _replay(engine: Engine, layer: Layer, tiling: Tiling) -> int:
    ring, tiles = Ring(tiling.weight_tiles * tiling.weight_repeats, engine.weight_tiles, engine.tile_bytes // engine.row_bytes), tiling.group_tiles
    for number, stripe in enumerate(stripes_of(layer, tiling)):
        uses = len(source_stripe(layer, stripe)) * tiling.column_tiles
        for group in range(tiling.groups):
            first = (group if tiling.resident else number * tiling.groups + group) * tiles
            frees = not tiling.resident or number == tiling.stripes - 1
            if uses == 1 and frees:
                replay_once(ring, first, tiles)
                continue
            ring.emit_each(first, tiles)
            ring.emit((uses - 1 - frees) * tiles)
            if frees:
                replay_last(ring, first, tiles)
    return ring.now


def replay_once(ring: Ring, first: int, tiles: int) -> None:
    """A group's weight tiles that are used a single time: each is free at once."""
    end = first + tiles
    while first < end:
        # With nothing loaded ahead, beats never reach the room's end, and the order of releases does not matter.
        count = min(end - first, ring.room_behind(first)) or 1
        ring.emit_each(first, count)
        first += count
        ring.release(first)


def replay_last(ring: Ring, first: int, tiles: int) -> None:
    """The last use of a group's weight tiles. Each step frees one, which is room for more beats than the next iteration takes."""
    ring.emit(1)
    ring.release(first + tiles)
    ring.emit(tiles - 1)


def _pool(engine: Engine, layer: Layer, output_beats: int) -> int:
    pool, conv, ofm = layer.pool, layer.conv, layer.ofm
    assert pool is not None
    row_beats = conv.width * output_beats
    ring = Ring(conv.height, POOL_BANKS * pool_bank_rows(engine, layer), row_beats)
    for row in range(ofm.height):
        emit_pooled_row(ring, layer, row, output_beats)
    ring.finish()
    return ring.now


def emit_pooled_row(ring: Ring, layer: Layer, row: int, output_beats: int) -> None:
    """One row of a pooled map of ``output_beats`` a pixel."""
    pool, conv, ofm = layer.pool, layer.conv, layer.ofm
    assert pool is not None
    top = row * pool.stride[0] - pool.padding[0]
    height, width = pool.kernel
    for tap in range(0, height, POOL_BANKS):
        # A padded column needs no row, so the first taps that lie inside the map are those that wait.
        ring.emit(pool.padding[1])
        last = min(top + min(tap + POOL_BANKS, height) - 1, conv.height - 1)
        if last >= 0:
            ring.wait(last)
        ring.emit(width - pool.padding[1])
    ring.emit((ofm.width * output_beats - 1) * ceil_div(height, POOL_BANKS) * width)
    ring.release(conv.height if row + 1 == ofm.height else min(max(top + pool.stride[0], 0), conv.height))
