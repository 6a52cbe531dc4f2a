# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A layer between its integer tensors, in real numbers: what an engine with exact requantization would give."""

from __future__ import annotations

import numpy as np

from sumtile.formats import FixedPoint
from sumtile.kernels.layer import Pool
from sumtile.network.graph import INPUT
from sumtile.program.golden import accumulate
from sumtile.quantize.quantized import HostLayer, QuantizedNetwork


def run_quantized(quantized: QuantizedNetwork, values: np.ndarray) -> dict[str, np.ndarray]:
    """Integer tensors by name, computed with the real scales.

    Args:
        quantized: the network.
        values: real input, (images, height, width, channels).
    """
    formats = quantized.formats
    tensors = {INPUT: formats[INPUT].quantize(values)}
    for layer in quantized.layers:
        if isinstance(layer, HostLayer):
            maps, read = [tensors[name] for name in layer.reads], [formats[name] for name in layer.reads]
            tensors[layer.name] = layer.operation.run(maps, read, formats[layer.name])
            continue
        residual = None if layer.residual is None else formats[layer.residual].dequantize(tensors[layer.residual])
        sums = accumulate(layer.geometry, tensors[layer.source], layer.weights) * layer.scale + layer.offset
        activated = activate(sums, residual, layer.slope, layer.low, layer.high)
        tensors[layer.name] = formats[layer.name].quantize(pool(layer.geometry.pool, activated, layer.activated))
    return tensors


def activate(sums: np.ndarray, residual: np.ndarray | None, slope: float, low: float | None, high: float | None) -> np.ndarray:
    """Adds the real residual, if there is one, and applies the activation to real sums."""
    sums = sums if residual is None else sums + residual
    activated = sums if slope == 1 else np.where(sums < 0, sums * slope, sums)
    activated = activated if low is None else np.maximum(activated, low)
    return activated if high is None else np.minimum(activated, high)


def pool(window: Pool | None, values: np.ndarray, before: FixedPoint | None = None) -> np.ndarray:
    """Real values after the pooling, if there is one.

    Args:
        window: the pooling.
        values: real, (images, height, width, channels).
        before: format of values that are averaged. A maximum needs none, since rounding its result keeps the order.
    """
    if window is None:
        return values
    if window.kind == "max":
        return np.asarray(_windows(window, values, -np.inf).max(axis=(4, 5)))
    assert before is not None, "an average rounds twice"
    return np.asarray(_windows(window, before.dequantize(before.quantize(values)), 0.0).mean(axis=(4, 5)))


def _windows(window: Pool, values: np.ndarray, fill: float) -> np.ndarray:
    """(images, height, width, channels, kernel height, kernel width) view."""
    top, left, bottom, right = window.padding
    padded = np.pad(values, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(padded, window.kernel, axis=(1, 2))  # type: ignore[call-overload]  # the stub knows one axis only
    return windows[:, :: window.stride[0], :: window.stride[1]]
