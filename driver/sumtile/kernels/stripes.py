# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Picks the height of a layer's stripes by the modelled time.

Low stripes shorten the wait for the first rows and for the last stripe's way out, at no cost where all weights stay in their
buffer (weight-stationary). Where they do not, each stripe sends them again while its input rows stay (input-stationary),
and few high stripes are better.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from sumtile.kernels.layer import Layer
from sumtile.kernels.ports import Ports
from sumtile.kernels.tiling import Tiling, ceil_div, tile
from sumtile.kernels.timing import layer_cycles, plain_layer
from sumtile.overlay import Engine

CUTS_MAX, CUTS_FEW = 32, 16
"""Where a layer has more cuts than the first number, as a tall and narrow map has, only as many as the second one are tried, evenly spaced:
the time of a cut is modelled row by row."""


def choose_stripe_rows(engine: Engine, layer: Layer, ports: Ports) -> int:
    """The output rows of a stripe with which the layer takes the fewest modelled cycles, and of equals the one with the least traffic.

    Args:
        engine, ports: what the layer runs on.
        layer: the layer; its own ``stripe_rows`` does not count.

    Raises:
        SumtileError: the engine cannot run the layer.
    """
    return _best_rows(engine, plain_layer(layer), ports)


@lru_cache(maxsize=1024)
def _best_rows(engine: Engine, layer: Layer, ports: Ports) -> int:
    best = min(_cuts(engine, layer), key=lambda cut: (layer_cycles(engine, layer, cut, ports), cut.weight_repeats, cut.stripes))
    return best.stripe_rows


def _cuts(engine: Engine, layer: Layer) -> list[Tiling]:
    """The fewest stripes that the buffers allow, and more of them: every height that is the least for its number of stripes, or some of many."""
    fewest = tile(engine, replace(layer, stripe_rows=None))
    height = layer.conv.height
    rows = sorted({ceil_div(height, stripes) for stripes in range(fewest.stripes, height + 1)}, reverse=True)
    if len(rows) > CUTS_MAX:
        rows = [rows[index * (len(rows) - 1) // (CUTS_FEW - 1)] for index in range(CUTS_FEW)]
    return [tile(engine, replace(layer, stripe_rows=count)) for count in rows]
