# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""How a layer is cut to fit the buffers of an engine: stripes of output rows, and weights kept or sent again."""

from __future__ import annotations

from dataclasses import dataclass

from sumtile.errors import SumtileError
from sumtile.kernels.basis import coefficient_tiles, source_layer, source_map, source_rows
from sumtile.kernels.layer import Layer
from sumtile.overlay import Engine
from sumtile.overlay.engine import POOL_BANKS


def ceil_div(numerator: int, denominator: int) -> int:
    """Integer quotient rounded up."""
    return -(-numerator // denominator)


@dataclass(frozen=True)
class Tiling:
    """A layer's loop bounds on one engine.

    Attributes:
        stripe_rows: output rows (before pooling) of one stripe; the last stripe may have fewer.
        stripes: number of stripes.
        ring_rows: input rows that the feature buffer holds at a time.
        resident: the weights stay in their buffer, so they are sent once and not once a stripe.
        ifm_tiles: words of ``ti`` channels in an input pixel.
        groups: groups of ``to`` output channels.
        column_tiles: tiles of ``tp`` columns in a row of what the array walks: outputs, or source pixels of basis kernels.
        group_tiles: weight tiles of one group.
    """

    stripe_rows: int
    stripes: int
    ring_rows: int
    resident: bool
    ifm_tiles: int
    groups: int
    column_tiles: int
    group_tiles: int

    @property
    def weight_tiles(self) -> int:
        """Weight tiles of the layer, each counted once."""
        return self.groups * self.group_tiles

    @property
    def weight_repeats(self) -> int:
        """How often the layer's weight tiles are sent."""
        return 1 if self.resident else self.stripes


def ring_row_words(engine: Engine, layer: Layer) -> int:
    """Words that one input row takes in each of the ``tp`` feature banks.

    Column ``c`` lies in bank ``(c // stride) % tp``: the columns that ``tp`` neighbouring outputs need for one
    kernel column then always lie in different banks.
    """
    stride = source_layer(layer).stride[1]
    columns = ceil_div(ceil_div(layer.ifm.width, stride), engine.tp) * stride
    return columns * ceil_div(layer.ifm.channels, engine.ti)


def pixel_beats(engine: Engine, channels: int) -> int:
    """Beats of one pixel of a map in memory."""
    return ceil_div(channels, engine.ti) * engine.word_beats


def pool_bank_rows(engine: Engine, layer: Layer) -> int:
    """Rows of the convolution that each bank of the pooling buffer holds; 0 when a single one is too long."""
    row_beats = layer.conv.width * pixel_beats(engine, layer.channels)
    return min(ceil_div(layer.conv.height, POOL_BANKS), engine.pool_beats // POOL_BANKS // row_beats)


def group_words(engine: Engine, layer: Layer, group: int) -> range:
    """Words of ``ti`` channels that a group of outputs reads of an input pixel: all of them, or in a depthwise layer those with its channels."""
    channels = range(layer.ifm.channels)
    if layer.depthwise:
        channels = channels[group * engine.to : (group + 1) * engine.to]
    return range(channels.start // engine.ti, ceil_div(channels.stop, engine.ti))


def tail_channels(engine: Engine, layer: Layer) -> int:
    """Input channels in the last word of a pixel."""
    return (layer.ifm.channels - 1) % engine.ti + 1


def _group_tiles(engine: Engine, layer: Layer) -> int:
    """Weight tiles of one group of outputs; wider weights than the engine's narrowest fill a tile with fewer rows of ``to``.

    A row is an input channel at a kernel position. A depthwise layer has only one row for a kernel position.
    """
    if layer.operator == "basis":
        return coefficient_tiles(engine, layer) + layer.bases
    rows = engine.tile_lanes(engine.array_of(layer.operator, layer.weight_bits))
    taps = layer.kernel[0] * layer.kernel[1]
    if layer.depthwise:
        return ceil_div(taps, rows)
    whole_words = ceil_div(layer.ifm.channels, engine.ti) - 1
    return taps * (whole_words * (engine.ti // rows) + ceil_div(tail_channels(engine, layer), rows))


def tile(engine: Engine, layer: Layer) -> Tiling:
    """Checks a layer and cuts it into stripes of ``layer.stripe_rows``, or into the fewest that the engine's buffers allow.

    Raises:
        SumtileError: the engine cannot run the layer, or a stripe of it exceeds a buffer.
    """
    layer.check(engine)
    conv = layer.conv
    groups = ceil_div(layer.channels, engine.to)
    group_tiles = _group_tiles(engine, layer)
    column_tiles = ceil_div(source_map(layer).width, engine.tp)
    ring_rows = min(engine.feature_words // ring_row_words(engine, layer), layer.ifm.height)
    by_features = _rows_within(layer, ring_rows)
    by_reorder = engine.reorder_words // (conv.width * groups)
    if by_features < 1:
        need = min((layer.kernel[0] - 1) * layer.dilation[0] + 1, layer.ifm.height)
        raise SumtileError(
            f"one output row needs {need} input rows, but the feature buffer ({engine.feature_words} words a bank) holds {ring_rows}; enlarge feature_words or cut the map."
        )
    if by_reorder < 1:
        raise SumtileError(f"one output row has {conv.width * groups} words, but the reorder buffer holds {engine.reorder_words}; enlarge reorder_words or cut the map.")
    if layer.pool is not None:
        need = ceil_div(min(layer.pool.kernel[0], conv.height), POOL_BANKS)
        if need > pool_bank_rows(engine, layer):
            beats = need * POOL_BANKS * conv.width * pixel_beats(engine, layer.channels)
            raise SumtileError(
                f"a pooling window of {layer.pool.kernel} needs {beats} beats of buffer for a map of {conv.height} x {conv.width} x {conv.channels}, but the engine has {engine.pool_beats}; pool on the host."
            )
    most_rows = min(conv.height, by_features, by_reorder)
    if layer.stripe_rows is not None and layer.stripe_rows > most_rows:
        raise SumtileError(f"stripes of {layer.stripe_rows} rows were asked for, but the feature and reorder buffers hold {most_rows}; choose fewer, or none.")
    stripe_rows = layer.stripe_rows or ceil_div(conv.height, ceil_div(conv.height, most_rows))
    stripes = ceil_div(conv.height, stripe_rows)
    if group_tiles >= 1 << 16:
        raise SumtileError(f"one group of outputs needs {group_tiles} weight tiles, but the engine counts to 65535; split the input channels.")
    resident = groups * group_tiles <= engine.weight_tiles or stripes == 1
    replayed = source_rows(layer, stripe_rows) * column_tiles > 1
    if replayed and group_tiles > engine.weight_tiles:
        raise SumtileError(
            f"one group of outputs needs {group_tiles} weight tiles, but the weight buffer holds {engine.weight_tiles}; enlarge weight_tiles or split the input channels."
        )
    return Tiling(stripe_rows, stripes, ring_rows, resident, ceil_div(layer.ifm.channels, engine.ti), groups, column_tiles, group_tiles)


def _rows_within(layer: Layer, ring_rows: int) -> int:
    """Most output rows whose input rows fit ``ring_rows`` at once."""
    if ring_rows >= layer.ifm.height:
        return layer.conv.height
    reach = (layer.kernel[0] - 1) * layer.dilation[0] + 1
    return (ring_rows - reach) // layer.stride[0] + 1 if ring_rows >= reach else 0
