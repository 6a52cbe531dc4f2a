# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The integer golden model of the convolution engine, in numpy. The C++ kernels equal it to the last bit."""

from __future__ import annotations

import numpy as np

from sumtile.formats import FixedPoint, round_shift, saturate
from sumtile.kernels.activation import activate
from sumtile.kernels.basis import dense_layer
from sumtile.kernels.layer import Layer, Pool, Requantization
from sumtile.overlay import Engine


def run_layer(engine: Engine, layer: Layer, features: np.ndarray, weights: np.ndarray, requantization: Requantization, residual: np.ndarray | None = None) -> np.ndarray:
    """Runs one layer.

    Args:
        engine: gives the data widths only.
        layer: shapes and arithmetic.
        features: (height, width, channels) integers.
        weights: integers of ``layer.weight_shape``.
        requantization: per-channel parameters.
        residual: (height, width, channels) integers of the convolution's output shape, when the layer adds one.

    Returns:
        int64 array of ``layer.ofm``.
    """
    accumulators = accumulate(layer, features, weights)
    values = round_shift(accumulators * requantization.mul, requantization.shift) + requantization.add
    values = saturate(values, engine.mid_bits)
    if layer.residual is not None:
        if residual is None:
            raise ValueError("the layer adds a residual map, but none was given")
        values = saturate(values + round_shift(residual, -layer.residual.shift), engine.mid_bits)
    values = activate(engine, layer, values)
    return values if layer.pool is None else pool(engine, layer, values)


def accumulate(layer: Layer, features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums of the operator over kernel and input channels: int64 of the convolution's shape."""
    layer, weights = dense_layer(layer, np.asarray(weights, np.int64))
    patches = _patches(layer, np.asarray(features, np.int64))
    conv = layer.conv
    if layer.depthwise:
        return np.einsum("hwijc,cij->hwc", patches, weights[:, :, :, 0])
    rows = patches.reshape(conv.pixels, -1)
    columns = weights.reshape(layer.channels, -1)
    if layer.operator != "adder":
        products = rows.astype(np.float64) @ columns.T.astype(np.float64) if _exact_in_float(rows, columns) else rows @ columns.T
        return products.astype(np.int64).reshape(conv.height, conv.width, conv.channels)
    sums = np.empty((conv.pixels, layer.channels), np.int64)
    narrow, targets = rows.astype(np.int32), columns.astype(np.int32)
    for channel in range(layer.channels):
        sums[:, channel] = -np.abs(narrow - targets[channel]).sum(axis=1, dtype=np.int64)
    return sums.reshape(conv.height, conv.width, conv.channels)


def pool(engine: Engine, layer: Layer, values: np.ndarray) -> np.ndarray:
    """Maximum or average over windows of the activated map."""
    spec = layer.pool
    assert spec is not None
    low = FixedPoint(engine.data_bits, 0, not layer.ofm_unsigned).low
    windows = _pool_windows(spec, values, layer.ofm.height, layer.ofm.width, low if spec.kind == "max" else 0)
    if spec.kind == "max":
        return windows.max(axis=(3, 4))
    average = round_shift(windows.sum(axis=(3, 4)) * spec.mul, spec.shift)
    return saturate(average, engine.data_bits, not layer.ofm_unsigned)


def _pool_windows(spec: Pool, values: np.ndarray, height: int, width: int, fill: int) -> np.ndarray:
    top, left, bottom, right = spec.padding
    padded = np.pad(values, ((top, bottom), (left, right), (0, 0)), constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(padded, spec.kernel, axis=(0, 1))  # type: ignore[call-overload]
    return windows[:: spec.stride[0], :: spec.stride[1]][:height, :width]


def _patches(layer: Layer, features: np.ndarray) -> np.ndarray:
    """(height, width, kernel height, kernel width, channels) view of the padded input."""
    top, left, bottom, right = layer.padding
    padded = np.pad(features, ((top, bottom), (left, right), (0, 0)))
    reach = tuple((size - 1) * step + 1 for size, step in zip(layer.kernel, layer.dilation))
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=(0, 1))  # type: ignore[call-overload]
    windows = windows[:: layer.stride[0], :: layer.stride[1], :, :: layer.dilation[0], :: layer.dilation[1]]
    return windows.transpose(0, 1, 3, 4, 2)


def _exact_in_float(rows: np.ndarray, columns: np.ndarray) -> bool:
    """True when every partial sum stays below 2**53, so that BLAS gives the exact integers."""
    if rows.size == 0 or columns.size == 0:
        return False
    return int(np.abs(rows).max()) * int(np.abs(columns).max()) * rows.shape[1] < 1 << 53
