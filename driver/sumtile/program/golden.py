# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a whole program in integers with numpy, many images at once.

It equals :func:`sumtile.kernels.golden.run_layer`, step after step, to the last bit. The sums are arranged for speed:
products as matrix products in floating point, where it is exact, and differences in the narrowest integers that cannot overflow.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import round_shift, saturate
from sumtile.kernels import golden
from sumtile.kernels.activation import activate
from sumtile.kernels.basis import dense_layer
from sumtile.kernels.fc import FcLayer, run_fc
from sumtile.kernels.layer import Layer
from sumtile.kernels.tiling import ceil_div
from sumtile.overlay import Engine
from sumtile.program.program import Program
from sumtile.program.steps import FcStep, HostStep, Step

_COLUMN_BYTES = 1 << 25  # unfolded input pixels held at a time
_STRIP = 1 << 14  # elements of one vector operation: they and their result stay in the first-level cache
_NARROW_TERMS = 128  # absolute differences of 8-bit values whose sum fits int16


def run_golden(program: Program, engine: Engine, features: np.ndarray) -> dict[str, np.ndarray]:
    """Runs every step of a program.

    Args:
        program: the compiled network.
        engine: the engine that it was compiled for; gives data widths and lanes.
        features: integers of the input tensor, (height, width, channels) or (images, height, width, channels).

    Returns:
        Integers of every tensor by name, with an images axis exactly when ``features`` has one.

    Raises:
        SumtileError: ``features`` has another shape than the program's input.
    """
    shape = program.tensors[program.input].shape
    expected = (shape.height, shape.width, shape.channels)
    if features.shape[-3:] != expected or features.ndim not in (3, 4):
        raise SumtileError(f"the features have shape {features.shape}, but program '{program.name}' takes {expected}; resize the image.")
    batch = features.reshape(-1, *expected).astype(np.int64)
    tensors = {program.input: batch}
    for step in program.steps:
        maps = [tensors[name] for name in step.reads]
        if isinstance(step, HostStep):
            tensors[step.target] = program.run_host(step, maps)
        else:
            tensors[step.target] = run_fc_step(engine, step, *maps) if isinstance(step, FcStep) else run_step(engine, step, *maps)
    return tensors if features.ndim == 4 else {name: values[0] for name, values in tensors.items()}


def run_step(engine: Engine, step: Step, features: np.ndarray, residual: np.ndarray | None = None) -> np.ndarray:
    """One step on a batch: (images, height, width, channels) integers in, int64 of the layer's output shape out."""
    layer, requantization = step.layer, step.requantization
    accumulators = accumulate(layer, _as_ifm(engine, layer, features), step.weights)
    values = round_shift(accumulators * requantization.mul, requantization.shift) + requantization.add
    values = saturate(values, engine.mid_bits)
    if layer.residual is not None:
        if residual is None:
            raise SumtileError(f"step '{step.name}' adds a residual map, but none is named; compile the program again.")
        values = saturate(values + round_shift(residual, -layer.residual.shift), engine.mid_bits)
    values = activate(engine, layer, values)
    return values if layer.pool is None else np.stack([golden.pool(engine, layer, image) for image in values])


def run_fc_step(engine: Engine, step: FcStep, features: np.ndarray) -> np.ndarray:
    """A fully connected step on a batch: (images, height, width, channels) integers in, int64 (images, 1, 1, outputs) out."""
    vectors = _as_ifm(engine, step.layer, features).reshape(len(features), -1)
    return run_fc(engine, step.layer, vectors, step.factors)[:, None, None]


def accumulate(layer: Layer, features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums of the layer's operator over kernel and input channels for a batch.

    Args:
        layer: shapes and operator.
        features: (images, height, width, channels) integers.
        weights: integers of ``layer.weight_shape``.

    Returns:
        integers of (images, output height, output width, output channels), in 32 bits where these hold every sum.
    """
    layer, weights = dense_layer(layer, weights)
    conv, largest = layer.conv, largest_sum(layer, max(abs(int(features.min(initial=0))), abs(int(features.max(initial=0)))), weights)
    operator = _depthwise if layer.depthwise else _differences if layer.operator == "adder" else _products
    sums = np.empty((len(features), conv.height, conv.width, conv.channels), sum_type(largest))
    image_bytes = conv.pixels * int(np.prod(layer.kernel)) * layer.ifm.channels * 4
    chunk = max(1, _COLUMN_BYTES // image_bytes)
    for start in range(0, len(features), chunk):
        operator(layer, _padded(layer, features[start : start + chunk]), weights, largest, sums[start : start + chunk])
    return sums


def largest_sum(layer: Layer, largest_feature: int, weights: np.ndarray) -> int:
    """A bound of the magnitude of every sum of a layer, partial ones included."""
    magnitudes = np.abs(weights.astype(np.int32)).reshape(len(weights), -1)
    if layer.operator == "adder":
        return (largest_feature + int(magnitudes.max(initial=0))) * magnitudes.shape[1]
    return largest_feature * int(magnitudes.sum(axis=1, dtype=np.int64).max(initial=1))


def sum_type(largest: int) -> type[np.signedinteger]:
    """Integers that hold sums up to a bound."""
    return np.int32 if largest < 1 << 31 else np.int64


def _as_ifm(engine: Engine, layer: Layer | FcLayer, features: np.ndarray) -> np.ndarray:
    """A layer that takes a whole map as the channels of one pixel sees it as it lies in memory, padding channels included."""
    height, width, channels = features.shape[1:]
    if (height, width, channels) == (layer.ifm.height, layer.ifm.width, layer.ifm.channels):
        return features
    padding = ceil_div(channels, engine.ti) * engine.ti - channels
    return np.pad(features, ((0, 0), (0, 0), (0, 0), (0, padding))).reshape(len(features), layer.ifm.height, layer.ifm.width, layer.ifm.channels)


def _padded(layer: Layer, features: np.ndarray) -> np.ndarray:
    top, left, bottom, right = layer.padding
    return np.pad(features, ((0, 0), (top, bottom), (left, right), (0, 0))) if any(layer.padding) else features


def _taps(layer: Layer, padded: np.ndarray, rows: range) -> Iterator[tuple[int, int, np.ndarray]]:
    """For each kernel position, the input pixels of some output rows: views of (images, rows, output width, channels)."""
    (stride_y, stride_x), (dilation_y, dilation_x) = layer.stride, layer.dilation
    width = layer.conv.width
    for row in range(layer.kernel[0]):
        for column in range(layer.kernel[1]):
            y, x = rows.start * stride_y + row * dilation_y, column * dilation_x
            yield row, column, padded[:, y : y + (len(rows) - 1) * stride_y + 1 : stride_y, x : x + (width - 1) * stride_x + 1 : stride_x]


def _products(layer: Layer, padded: np.ndarray, weights: np.ndarray, largest: int, sums: np.ndarray) -> None:
    """Sums of products as matrix products of bands of rows, in floating point that holds every partial sum exactly.

    A 16-bit layer of 65536 terms stays below 2**53.
    """
    dtype: type[np.floating] = np.float32 if largest < 1 << 24 else np.float64
    conv, channels = layer.conv, layer.ifm.channels
    matrix = np.ascontiguousarray(weights.reshape(len(weights), -1).T, dtype)
    band = max(1, _COLUMN_BYTES // (len(padded) * conv.width * len(matrix) * matrix.itemsize))
    for start in range(0, conv.height, band):
        rows = range(start, min(start + band, conv.height))
        columns = np.empty((len(padded), len(rows), conv.width, *layer.kernel, channels), dtype)
        for row, column, pixels in _taps(layer, padded, rows):
            columns[:, :, :, row, column] = pixels
        sums[:, start : rows.stop] = np.matmul(columns.reshape(-1, len(matrix)), matrix).reshape(len(padded), len(rows), conv.width, conv.channels)


def _depthwise(layer: Layer, padded: np.ndarray, weights: np.ndarray, largest: int, sums: np.ndarray) -> None:
    """Sums of products where each output sees its own channel only."""
    sums[...] = 0
    wide = padded.astype(sums.dtype)
    for row, column, pixels in _taps(layer, wide, range(layer.conv.height)):
        sums += pixels * weights[:, row, column, 0].astype(sums.dtype)


def _differences(layer: Layer, padded: np.ndarray, weights: np.ndarray, largest: int, sums: np.ndarray) -> None:
    """Negated sums of absolute differences."""
    targets = weights.reshape(len(weights), -1)
    low, high = min(0, int(padded.min(initial=0)), int(targets.min(initial=0))), max(0, int(padded.max(initial=0)), int(targets.max(initial=0)))
    narrow = high - low <= 255
    work: type[np.signedinteger] = np.int16 if narrow else np.int64
    pixels = [part.transpose(3, 0, 1, 2).reshape(layer.ifm.channels, -1) for _, _, part in _taps(layer, padded.astype(work), range(layer.conv.height))]
    rows = np.concatenate(pixels)
    found = np.empty((len(targets), rows.shape[1]), np.int64)
    for start in range(0, rows.shape[1], _STRIP):
        strip = rows[:, start : start + _STRIP]
        for channel, target in enumerate(targets.astype(work)):
            found[channel, start : start + _STRIP] = -_distance(strip, target, _NARROW_TERMS if narrow else len(rows))
    sums[...] = np.moveaxis(found.reshape(len(targets), *sums.shape[:3]), 0, -1)


def _distance(strip: np.ndarray, target: np.ndarray, limit: int) -> np.ndarray:
    """Sum over the first axis of ``|strip - target|`` (int64), of which ``limit`` terms fit the type of ``strip``."""
    terms, width = strip.shape
    block = min(limit, max(1, _STRIP // width))
    total = np.zeros(width, np.int64)
    for group in range(0, terms, limit):
        end = min(group + limit, terms)
        partial = np.zeros(width, strip.dtype)
        for first in range(group, end, block):
            rows = slice(first, min(first + block, end))
            difference = strip[rows] - target[rows, None]
            partial += np.abs(difference, out=difference).sum(axis=0, dtype=strip.dtype)
        total += partial
    return total
