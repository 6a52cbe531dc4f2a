# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a whole program in integers with numpy, many images at once.

It equals :func:`sumtile.kernels.golden.run_layer`, step after step, to the last bit. The sums are arranged for speed:
one row of many output pixels for each kernel tap and input channel, in the narrowest integers that cannot overflow.
"""

from __future__ import annotations

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import round_shift, saturate
from sumtile.kernels import golden
from sumtile.kernels.layer import Layer
from sumtile.kernels.tiling import ceil_div
from sumtile.overlay import Engine
from sumtile.program.program import Program
from sumtile.program.steps import Step

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
        tensors[step.target] = run_step(engine, step, *maps) if isinstance(step, Step) else program.run_host(step, maps)
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
    values = golden.activate(engine, layer, values)
    return values if layer.pool is None else np.stack([golden.pool(engine, layer, image) for image in values])


def accumulate(layer: Layer, features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums of the layer's operator over kernel and input channels for a batch.

    Args:
        layer: shapes and operator.
        features: (images, height, width, channels) integers.
        weights: integers of ``layer.weight_shape``.

    Returns:
        int64 of (images, output height, output width, output channels).
    """
    low, high = _bounds(features, weights)
    narrow = low >= -(1 << 15) and high < 1 << 15
    dtype = np.int16 if narrow else np.int32
    conv = layer.conv
    sums = np.empty((len(features), conv.height, conv.width, conv.channels), np.int64)
    image_bytes = conv.pixels * int(np.prod(layer.kernel)) * layer.ifm.channels * np.dtype(dtype).itemsize
    chunk = max(1, _COLUMN_BYTES // image_bytes)
    operator = _depthwise if layer.depthwise else _differences if layer.operator == "adder" else _products
    for start in range(0, len(features), chunk):
        columns = _unfold(layer, features[start : start + chunk].astype(dtype))
        part = operator(columns, weights.astype(dtype))
        sums[start : start + chunk] = part.reshape(conv.channels, -1, conv.height, conv.width).transpose(1, 2, 3, 0)
    return sums


def _as_ifm(engine: Engine, layer: Layer, features: np.ndarray) -> np.ndarray:
    """A layer that takes a whole map as the channels of one pixel sees it as it lies in memory, padding channels included."""
    height, width, channels = features.shape[1:]
    if (height, width, channels) == (layer.ifm.height, layer.ifm.width, layer.ifm.channels):
        return features
    padding = ceil_div(channels, engine.ti) * engine.ti - channels
    return np.pad(features, ((0, 0), (0, 0), (0, 0), (0, padding))).reshape(len(features), layer.ifm.height, layer.ifm.width, layer.ifm.channels)


def _unfold(layer: Layer, features: np.ndarray) -> np.ndarray:
    """(kernel height * kernel width, channels, output pixels of all images): the values that each tap sees."""
    top, left, bottom, right = layer.padding
    padded = np.pad(features.transpose(3, 0, 1, 2), ((0, 0), (0, 0), (top, bottom), (left, right)))
    conv, (stride_y, stride_x) = layer.conv, layer.stride
    columns = np.empty((*layer.kernel, layer.ifm.channels, len(features), conv.height, conv.width), features.dtype)
    for row in range(layer.kernel[0]):
        for column in range(layer.kernel[1]):
            y, x = row * layer.dilation[0], column * layer.dilation[1]
            columns[row, column] = padded[:, :, y : y + (conv.height - 1) * stride_y + 1 : stride_y, x : x + (conv.width - 1) * stride_x + 1 : stride_x]
    return columns.reshape(layer.kernel[0] * layer.kernel[1], layer.ifm.channels, -1)


def _products(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums of products as one matrix product, exact in float64: a 16-bit layer of 65536 terms stays below 2**53."""
    rows = columns.reshape(-1, columns.shape[-1])
    return (weights.reshape(len(weights), -1).astype(np.float64) @ rows.astype(np.float64)).astype(np.int64)


def _depthwise(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums of products where each output sees its own channel only."""
    taps = weights.reshape(len(weights), -1).T[:, :, None].astype(np.int64)
    return np.einsum("kcp,kcp->cp", columns.astype(np.int64), np.broadcast_to(taps, columns.shape))


def _differences(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Negated sums of absolute differences."""
    rows = columns.reshape(-1, columns.shape[-1])
    targets = weights.reshape(len(weights), -1)
    low, high = _bounds(rows, targets)
    work, limit = (np.int16, _NARROW_TERMS) if high - low <= 255 else (np.int64, len(rows))
    rows, targets = rows.astype(work, copy=False), targets.astype(work, copy=False)
    sums = np.empty((len(targets), rows.shape[1]), np.int64)
    for start in range(0, rows.shape[1], _STRIP):
        strip = rows[:, start : start + _STRIP]
        for channel, target in enumerate(targets):
            sums[channel, start : start + _STRIP] = -_distance(strip, target, limit)
    return sums


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


def _bounds(features: np.ndarray, weights: np.ndarray) -> tuple[int, int]:
    """Smallest and largest integer of both, and of the padding zeros."""
    return min(0, int(features.min(initial=0)), int(weights.min(initial=0))), max(0, int(features.max(initial=0)), int(weights.max(initial=0)))
