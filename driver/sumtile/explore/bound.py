# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A time that no design of some lanes goes below, known without planning it."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from sumtile.compiler.arrays import choose_array
from sumtile.kernels.layer import Layer
from sumtile.kernels.ports import Ports
from sumtile.kernels.tiling import ceil_div, pixel_beats
from sumtile.overlay import Array, Engine, Overlay
from sumtile.quantize import QuantizedLayer, QuantizedNetwork


def least_seconds(quantized: QuantizedNetwork, overlay: Overlay) -> float:
    """Seconds that the engine needs at least for an image, however deep its buffers are.

    The array works off its lanes' share of the products, and the sums and the weights pass their stages and ports once; how a layer is cut
    or folded only adds to that.

    Args:
        quantized: the network, of which shapes and widths matter.
        overlay: an overlay with an engine for convolutions only.

    Raises:
        SumtileError: a layer that none of the arrays computes.
    """
    engine, ports = overlay.engine, Ports.of(overlay)
    layers = [layer for layer in quantized.layers if isinstance(layer, QuantizedLayer)]
    return sum(_least_cycles(engine, layer.geometry, choose_array(engine, layer.weight_format), ports) for layer in layers) / overlay.clock_mhz / 1e6


def _least_cycles(engine: Engine, layer: Layer, array: Array, ports: Ports) -> int:
    conv, taps, groups = layer.conv, prod(layer.kernel), ceil_div(layer.channels, engine.to)
    lanes = engine.ti // array.fold
    if layer.depthwise:  # a group reads the words with its channels only
        steps, rows = max(groups, ceil_div(taps * layer.channels, lanes)), taps
    else:
        steps, rows = groups * ceil_div(taps * layer.ifm.channels, lanes), taps * layer.ifm.channels
    weights = groups * engine.to * rows * array.weight_bits / 8
    stages: Iterable[float] = (
        conv.height * ceil_div(conv.width, engine.tp) * steps,
        conv.pixels * groups * engine.scale_fold,
        conv.pixels * pixel_beats(engine, layer.channels),
        weights / engine.row_bytes / float(ports.weights),
        0 if ports.ddr_bytes is None else weights / float(ports.ddr_bytes),
    )
    return int(max(stages))
