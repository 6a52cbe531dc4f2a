# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The rules that the parts of a quantized network keep with each other, whatever file they come from."""

from __future__ import annotations

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import WeightFormat
from sumtile.kernels.basis import split_weights
from sumtile.kernels.layer import Layer, MapShape
from sumtile.network.graph import INPUT, SIDE_MAX
from sumtile.program.check import Rules
from sumtile.quantize.quantized import HostLayer, QuantizedLayer, QuantizedNetwork

CHANNELS_MAX = 1 << 24


def check_quantized(quantized: QuantizedNetwork) -> None:
    """Raises SumtileError with the first rule that is broken."""
    size = quantized.preprocess
    size.check()
    shapes = {INPUT: MapShape(size.height, size.width, size.channels)}
    _require("the quantized network", [(INPUT in quantized.formats, "lacks the format of its input"), (bool(quantized.layers), "has no layers")])
    for layer in quantized.layers:
        if not layer.nodes:
            raise SumtileError("a layer of the quantized network has no name; quantize the network again.")
        what = f"layer '{layer.name}'"
        reads = layer.reads if isinstance(layer, HostLayer) else (layer.source,) if layer.residual is None else (layer.source, layer.residual)
        _require(what, [(name in shapes, f"reads '{name}', which no layer before it makes") for name in reads])
        _require(what, [(layer.name not in shapes, "has a name that is taken"), (layer.name in quantized.formats, "has no format")])
        if isinstance(layer, HostLayer):
            shape = layer.operation.ofm(*(shapes[name] for name in reads))
        else:
            _require(what, _geometry_rules(layer.geometry))
            _require(what, _layer_rules(layer, shapes))
            shape = layer.geometry.ofm
        _require(what, [(min(shape.height, shape.width, shape.channels) >= 1 and shape.channels <= CHANNELS_MAX, f"makes a map of {shape}")])
        _require(what, [(max(shape.height, shape.width) <= SIDE_MAX, f"makes a map of {shape}, but {SIDE_MAX} is the largest side")])
        shapes[layer.name] = shape
    for name, order in quantized.orders.items():
        whole = name in shapes and sorted(order) == list(range(shapes[name].channels))
        _require("the quantized network", [(whole, f"has an order of the channels of '{name}' that is none of a tensor's")])


def _require(what: str, rules: Rules) -> None:
    for holds, sentence in rules:
        if not holds:
            raise SumtileError(f"{what} {sentence}; quantize the network again.")


def _geometry_rules(geometry: Layer) -> Rules:
    pool = geometry.pool
    windows = [*geometry.kernel, *geometry.stride, *geometry.dilation, *((*pool.kernel, *pool.stride) if pool else ())]
    borders = [*geometry.padding, *(pool.padding if pool else ())]
    yield min(windows) >= 1 and max(windows) <= SIDE_MAX, f"has windows of {windows}, but 1 to {SIDE_MAX} is needed"
    yield min(borders) >= 0 and max(borders) <= SIDE_MAX, f"has padding {borders}, but 0 to {SIDE_MAX} is needed"
    yield geometry.operator in ("adder", "mac", "basis"), f"computes by '{geometry.operator}', but 'adder', 'mac' or 'basis' is needed"
    yield (geometry.bases >= 1) == (geometry.operator == "basis"), f"has {geometry.bases} basis kernels"
    yield not geometry.depthwise or geometry.channels == geometry.ifm.channels, "is depthwise with another number of outputs than inputs"
    yield 1 <= geometry.channels <= CHANNELS_MAX, f"has {geometry.channels} channels"
    yield min(geometry.conv.height, geometry.conv.width) >= 1, "has a window that does not fit its padded map"
    yield pool is None or pool.kind in ("max", "average"), "pools by something else than max or average"


def _layer_rules(layer: QuantizedLayer, shapes: dict[str, MapShape]) -> Rules:
    geometry, weights = layer.geometry, layer.weights
    yield geometry.ifm == shapes[layer.source], f"takes {geometry.ifm}, but '{layer.source}' is {shapes[layer.source]}"
    if layer.residual is not None:
        yield shapes[layer.residual] == geometry.conv, f"adds {shapes[layer.residual]} to {geometry.conv}"
    yield (
        weights.dtype.kind in "iu" and weights.shape == geometry.weight_shape,
        f"has weights of {weights.dtype} and {weights.shape} instead of integers of {geometry.weight_shape}",
    )
    yield (layer.weight_format is None) == (geometry.operator == "adder"), "has a format for its weights exactly when it is an adder layer"
    if layer.weight_format is not None:
        shared = layer.weight_format.operator == "basis"
        yield shared == (geometry.operator == "basis"), f"has weights of the format '{layer.weight_format}', which are not for '{geometry.operator}'"
        yield not shared or bool(np.all(np.abs(split_weights(geometry, weights)[0]) <= 1)), "has coefficients that are not ternary"
        yield _are_levels(layer.weight_format, weights), f"has weights that are no levels of '{layer.weight_format}'"
    for name, values in (("scale", layer.scale), ("offset", layer.offset)):
        yield values.dtype == np.float64 and values.shape == (geometry.channels,) and bool(np.all(np.isfinite(values))), f"has no finite {name} for each channel"
    yield 0 <= layer.slope <= 1, f"has slope {layer.slope:g}, but 0 to 1 is needed"
    yield (layer.low or 0) <= 0 <= (layer.high or 0), f"clips to {layer.low} and {layer.high}, but zero must lie between"


def _are_levels(format: WeightFormat, weights: np.ndarray) -> bool:
    """Whether every weight is one of the format's, rows of mixed formats each of their kind's."""
    low, high = int(format.levels[0]), int(format.levels[-1])
    inside = low <= int(weights.min()) and int(weights.max()) <= high
    return inside and (format.operator in ("mac", "basis") or bool(np.array_equal(format.nearest(weights), weights)))
