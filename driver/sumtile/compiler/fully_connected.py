# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Fully connected layers for the engine that streams their weights: which ones it takes, alone or as two factors, and their integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sumtile.compiler.arithmetic import lower_arithmetic
from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint
from sumtile.kernels.fc import Factor, FcLayer
from sumtile.kernels.tiling import ceil_div
from sumtile.overlay import Engine, FcEngine, Overlay
from sumtile.program import FcStep
from sumtile.quantize import HostLayer, QuantizedLayer, QuantizedNetwork

Factors = tuple[QuantizedLayer, ...]
"""One fully connected layer, or two that are the factors of one."""


def group_layers(quantized: QuantizedNetwork, overlay: Overlay) -> list[QuantizedLayer | HostLayer | Factors]:
    """The layers of a network in order; those for the overlay's fully connected engine are tuples.

    Two layers are factors of one where nothing is applied between them and nothing else reads what lies between, which then
    never comes to memory. Where the engine cannot hold a layer, the convolution engine has it.
    """
    fc, groups = overlay.fc, list[QuantizedLayer | HostLayer | Factors]()
    for layer in quantized.layers:
        if fc is None or isinstance(layer, HostLayer) or not _fits(fc, (layer,)):
            groups.append(layer)
            continue
        before = groups[-1] if groups else None
        if isinstance(before, tuple) and len(before) == 1 and _joins(quantized, fc, before[0], layer):
            groups[-1] = (before[0], layer)
        else:
            groups.append((layer,))
    return groups


def lower_factors(engine: Engine, fc: FcEngine, layers: Factors, formats: Mapping[str, FixedPoint]) -> FcStep:
    """The step of a layer in one factor or two.

    Args:
        engine: the convolution engine, whose data width the other one has.
        fc: the fully connected engine.
        layers: one group of :func:`group_layers`.
        formats: of the network's tensors.

    Raises:
        SumtileError: an offset that no 32-bit addend can hold.
    """
    factors, middle_shift = [], 0
    for layer in layers:
        lowered, requantization = lower_arithmetic(engine, layer, formats[layer.source], None, formats[layer.name])
        factors.append(Factor(_vector_weights(fc, layer), requantization))
        if layer is not layers[-1]:
            middle_shift = lowered.out_shift
    shape = _shapes(fc, layers)
    step = FcLayer(
        shape.inputs,
        shape.outputs,
        shape.weight_bits,
        shape.rank,
        ifm_unsigned=not formats[layers[0].source].signed,
        ofm_unsigned=lowered.ofm_unsigned,
        middle_shift=middle_shift,
        slope=lowered.slope,
        clamp_low=lowered.clamp_low,
        clamp_high=lowered.clamp_high,
        out_shift=lowered.out_shift,
    )
    return FcStep(layers[-1].name, step, layers[0].source, layers[-1].name, tuple(factors))


def _joins(quantized: QuantizedNetwork, fc: FcEngine, first: QuantizedLayer, second: QuantizedLayer) -> bool:
    """Whether two neighbours are factors that the engine takes as one layer; the middle vector is signed and as wide as the engine's data."""
    middle = quantized.formats[first.name]
    readers = [layer for layer in quantized.layers if first.name in ((layer.source, layer.residual) if isinstance(layer, QuantizedLayer) else layer.reads)]
    linear = (first.slope, first.low, first.high) == (1.0, None, None)
    return linear and len(readers) == 1 and readers[0] is second and middle.signed and middle.bits == fc.data_bits and _fits(fc, (first, second))


def _fits(fc: FcEngine, layers: Factors) -> bool:
    """Whether the engine can run a layer of these factors."""
    if not all(_is_dense(layer) for layer in layers) or _weight_bits(fc, layers) is None:
        return False
    try:
        _shapes(fc, layers).check(fc)
    except SumtileError:
        return False
    return True


def _is_dense(layer: QuantizedLayer) -> bool:
    """Products of all values of a map, and neither a sum with another one nor a pooling behind them."""
    geometry = layer.geometry
    whole = geometry.kernel == (geometry.ifm.height, geometry.ifm.width) and not any(geometry.padding) and geometry.dilation == (1, 1)
    return layer.operator == "mac" and whole and not geometry.depthwise and layer.residual is None and geometry.pool is None


def _weight_bits(fc: FcEngine, layers: Sequence[QuantizedLayer]) -> int | None:
    """The narrowest weights of the engine that hold those of all factors, if any do."""
    widest = max(layer.weight_format.bits for layer in layers if layer.weight_format is not None)
    return min((bits for bits in fc.weight_bits if bits >= widest), default=None)


def _shapes(fc: FcEngine, layers: Factors) -> FcLayer:
    first, last = layers[0], layers[-1]
    bits = _weight_bits(fc, layers)
    assert bits is not None  # what does not fit is not grouped
    rank = first.geometry.channels if len(layers) > 1 else None
    return FcLayer(_pixel_values(fc, first) * first.geometry.ifm.pixels, last.geometry.channels, bits, rank)


def _pixel_values(fc: FcEngine, layer: QuantizedLayer) -> int:
    """Values of a pixel of the source, padding channels included where another pixel follows."""
    ifm = layer.geometry.ifm
    return ifm.channels if ifm.pixels == 1 else ceil_div(ifm.channels, fc.ti) * fc.ti


def _vector_weights(fc: FcEngine, layer: QuantizedLayer) -> np.ndarray:
    """Weights in the order in which the source lies in memory, zeros where its padding channels lie: (outputs, inputs) in the smallest signed type."""
    low, high = layer.weights.min(), layer.weights.max()
    kinds = [np.iinfo(kind) for kind in (np.int8, np.int16, np.int32)]
    narrow = layer.weights.astype(next(kind.dtype for kind in kinds if kind.min <= low and high <= kind.max))
    padding = _pixel_values(fc, layer) - layer.geometry.ifm.channels
    return np.pad(narrow, ((0, 0), (0, 0), (0, 0), (0, padding))).reshape(len(narrow), -1)
