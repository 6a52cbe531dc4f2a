# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a quantized network with its real scales, and measures how far each layer is from the float network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sumtile.formats import FixedPoint
from sumtile.kernels.layer import Pool
from sumtile.network.graph import INPUT, Network
from sumtile.program.golden import accumulate
from sumtile.quantize.calibrate import float_batches
from sumtile.quantize.quantized import LayerError, QuantizedLayer, QuantizedNetwork


def measure(quantized: QuantizedNetwork, network: Network, images: np.ndarray, clipped_weights: Sequence[float]) -> tuple[LayerError, ...]:
    """Errors of all layers on uint8 images (images, height, width, channels)."""
    names = [layer.name for layer in quantized.layers]
    signal, noise, beyond, count = (dict.fromkeys(names, 0.0) for _ in range(4))
    for expected in float_batches(network, images):
        found = run_quantized(quantized, _nhwc(expected[INPUT]))
        for name in names:
            format, reference = quantized.formats[name], _nhwc(expected[name])
            error = format.dequantize(found[name]) - reference
            outside = (reference > (format.high + 0.5) * format.scale) | (reference < (format.low - 0.5) * format.scale)
            signal[name] += float(np.sum(np.square(reference, dtype=np.float64)))
            noise[name] += float(np.sum(np.square(error)))
            beyond[name] += int(np.count_nonzero(outside))
            count[name] += outside.size
    return tuple(
        LayerError(
            layer.name, layer.geometry.operator, quantized.formats[layer.name], _decibels(signal[layer.name], noise[layer.name]), beyond[layer.name] / count[layer.name], clipped
        )
        for layer, clipped in zip(quantized.layers, clipped_weights)
    )


def run_quantized(quantized: QuantizedNetwork, values: np.ndarray) -> dict[str, np.ndarray]:
    """Integer tensors by name, computed with the real scales: what an engine with exact requantization would give.

    Args:
        quantized: the network.
        values: real input, (images, height, width, channels).
    """
    tensors = {INPUT: quantized.formats[INPUT].quantize(values)}
    for layer in quantized.layers:
        sums = accumulate(layer.geometry, tensors[layer.source], layer.weights) * layer.scale + layer.offset
        if layer.residual is not None:
            sums = sums + quantized.formats[layer.residual].dequantize(tensors[layer.residual])
        activated = np.minimum(np.where(sums < 0, sums * layer.slope, sums), np.inf if layer.high is None else layer.high)
        tensors[layer.name] = _pooled(layer, layer.activated.quantize(activated), quantized.formats[layer.name])
    return tensors


def _pooled(layer: QuantizedLayer, integers: np.ndarray, target: FixedPoint) -> np.ndarray:
    pool = layer.geometry.pool
    if pool is None:
        return integers
    windows = _windows(pool, integers, layer.activated.low if pool.kind == "max" else 0)
    if pool.kind == "max":
        return windows.max(axis=(4, 5))
    return target.quantize(layer.activated.dequantize(windows.mean(axis=(4, 5))))


def _windows(pool: Pool, integers: np.ndarray, fill: int) -> np.ndarray:
    """(images, height, width, channels, kernel height, kernel width) view."""
    top, left, bottom, right = pool.padding
    padded = np.pad(integers, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(padded, pool.kernel, axis=(1, 2))  # type: ignore[call-overload]  # the stub knows one axis only
    return windows[:, :: pool.stride[0], :: pool.stride[1]]


def _nhwc(values: np.ndarray) -> np.ndarray:
    """(N, C, H, W) to (N, H, W, C), and (N, C) to (N, 1, 1, C)."""
    return values.transpose(0, 2, 3, 1) if values.ndim == 4 else values[:, None, None, :]


def _decibels(signal: float, noise: float) -> float:
    if noise == 0:
        return float("inf")
    return 10 * float(np.log10(signal / noise)) if signal > 0 else float("-inf")
