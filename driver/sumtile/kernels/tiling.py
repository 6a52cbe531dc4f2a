# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""How a layer is cut to fit the buffers of an engine: stripes of output rows, and weights kept or sent again."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sumtile.errors import SumtileError
from sumtile.kernels.layer import Layer
from sumtile.overlay import Engine


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
        tiles: words of an input pixel that one group of outputs sees (all of them unless depthwise).
        groups: groups of ``to`` output channels.
        column_tiles: tiles of ``tp`` output columns in a row.
        steps: steps of the array for one tile of outputs: a kernel position and a word of input channels each.
        group_tiles: weight tiles of one group; more than ``steps`` where weights are wider than the engine's narrowest.
    """

    stripe_rows: int
    stripes: int
    ring_rows: int
    resident: bool
    ifm_tiles: int
    tiles: int
    groups: int
    column_tiles: int
    steps: int
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
    columns = ceil_div(ceil_div(layer.ifm.width, layer.stride[1]), engine.tp) * layer.stride[1]
    return columns * ceil_div(layer.ifm.channels, engine.ti)


def pixel_beats(engine: Engine, channels: int) -> int:
    """Beats of one pixel of a map in memory."""
    return ceil_div(channels, engine.ti) * engine.word_beats


def depthwise_tiles(engine: Engine) -> int:
    """Words of ``ti`` channels that a group of ``to`` channels may touch, wherever it begins."""
    return ceil_div(engine.to + engine.ti - math.gcd(engine.to, engine.ti), engine.ti)


def tail_channels(engine: Engine, layer: Layer, tiles: int) -> int:
    """Input channels in the last of a pixel's ``tiles`` words."""
    return engine.ti if layer.depthwise else layer.ifm.channels - (tiles - 1) * engine.ti


def pixel_tiles(engine: Engine, layer: Layer, tiles: int) -> int:
    """Weight tiles of one kernel position: one for each of the ``tiles`` input words, or several where weights are wide."""
    lanes = engine.tile_lanes(engine.array_of(layer.operator, layer.weight_bits))
    return (tiles - 1) * (engine.ti // lanes) + ceil_div(tail_channels(engine, layer, tiles), lanes)


def tile(engine: Engine, layer: Layer) -> Tiling:
    """Checks a layer and cuts it into the fewest stripes that the engine's buffers allow.

    Raises:
        SumtileError: the engine cannot run the layer, or one row of it exceeds a buffer.
    """
    layer.check(engine)
    conv = layer.conv
    groups = ceil_div(layer.channels, engine.to)
    tiles = depthwise_tiles(engine) if layer.depthwise else ceil_div(layer.ifm.channels, engine.ti)
    taps = layer.kernel[0] * layer.kernel[1]
    group_tiles = taps * pixel_tiles(engine, layer, tiles)
    column_tiles = ceil_div(conv.width, engine.tp)
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
        need = min(layer.pool.kernel[0], conv.height) * conv.width * pixel_beats(engine, layer.channels)
        if need > engine.pool_beats:
            raise SumtileError(
                f"a pooling window of {layer.pool.kernel} needs {need} beats of buffer for a map of {conv.height} x {conv.width} x {conv.channels}, but the engine has {engine.pool_beats}; pool on the host."
            )
    stripe_rows = min(conv.height, by_features, by_reorder)
    stripes = ceil_div(conv.height, stripe_rows)
    stripe_rows = ceil_div(conv.height, stripes)
    stripes = ceil_div(conv.height, stripe_rows)
    if group_tiles >= 1 << 16:
        raise SumtileError(f"one group of outputs needs {group_tiles} weight tiles, but the engine counts to 65535; split the input channels.")
    resident = groups * group_tiles <= engine.weight_tiles or stripes == 1
    replayed = stripe_rows * column_tiles > 1
    if replayed and group_tiles > engine.weight_tiles:
        raise SumtileError(
            f"one group of outputs needs {group_tiles} weight tiles, but the weight buffer holds {engine.weight_tiles}; enlarge weight_tiles or split the input channels."
        )
    return Tiling(stripe_rows, stripes, ring_rows, resident, ceil_div(layer.ifm.channels, engine.ti), tiles, groups, column_tiles, taps * tiles, group_tiles)


def _rows_within(layer: Layer, ring_rows: int) -> int:
    """Most output rows whose input rows fit ``ring_rows`` at once."""
    if ring_rows >= layer.ifm.height:
        return layer.conv.height
    reach = (layer.kernel[0] - 1) * layer.dilation[0] + 1
    return (ring_rows - reach) // layer.stride[0] + 1 if ring_rows >= reach else 0
