# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Random layers of every shape an engine takes, each from one seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import Sp2, fixed_rows
from sumtile.kernels.basis import most_mask_tiles
from sumtile.kernels.golden import accumulate
from sumtile.kernels.layer import SLOPE_ONE, Layer, MapShape, Pool, Requantization, Residual
from sumtile.kernels.tiling import tile
from sumtile.overlay import Engine


@dataclass(frozen=True)
class Case:
    """A layer with the data to run it."""

    layer: Layer
    features: np.ndarray
    weights: np.ndarray
    requantization: Requantization
    residual: np.ndarray | None


def random_case(engine: Engine, operator: str, seed: int, weight_bits: int | None = None, depthwise: bool | None = None) -> Case:
    """The layer of a seed: small, and ugly as often as not (remainders, strides, padding, one channel, one pixel, odd stripes).

    ``depthwise`` is None for one layer of each kind now and then.
    """
    rng = np.random.default_rng(seed)
    while True:
        layer = replace(_random_layer(rng, engine, operator, depthwise), weight_bits=weight_bits)
        if layer.conv.height > 1 and rng.random() < 0.3:
            layer = replace(layer, stripe_rows=int(rng.integers(1, layer.conv.height + 1)))
        try:
            tile(engine, layer)
        except SumtileError:
            continue
        return fill_case(rng, engine, layer)


def _random_layer(rng: np.random.Generator, engine: Engine, operator: str, depthwise: bool | None) -> Layer:
    layer = _random_geometry(rng, engine, "mac" if operator == "basis" else operator, False if operator == "basis" else depthwise)
    if operator != "basis":
        return layer
    kernel = _pair(rng.choice([1, 2, 3, 3, 3], 2))
    stride = _pair(np.minimum(rng.choice([1, 1, 2, 3], 2), kernel))
    padding = _random_padding(rng, [size + 1 for size in kernel])
    return replace(layer, operator=operator, kernel=kernel, stride=stride, dilation=(1, 1), padding=padding, bases=int(rng.integers(1, 10)))


def _random_geometry(rng: np.random.Generator, engine: Engine, operator: str, depthwise: bool | None) -> Layer:
    if depthwise is None:
        depthwise = operator != "adder" and bool(rng.random() < 0.15)
    side = int(rng.choice([1, 4, 9, 16]))
    height, width = (int(v) for v in rng.integers((side + 1) // 2, side + 1, 2))
    most = max(3 * engine.ti, 6 * engine.to) if depthwise else 3 * engine.ti
    channels_in = int(rng.choice([1, engine.ti - 1, engine.ti, engine.ti + 1, int(rng.integers(1, most + 1))]))
    channels_out = channels_in if depthwise else int(rng.choice([1, engine.to, engine.to + 1, int(rng.integers(1, 6 * engine.to + 1))]))
    kernel = _pair(rng.choice([1, 1, 2, 3, 3, 5, engine.kernel_max], 2))
    stride = _pair(rng.choice([1, 1, 1, 2, 3], 2))
    dilation = _pair(rng.choice([1, 1, 1, 2, 3], 2))
    reach = [(size - 1) * step + 1 for size, step in zip(kernel, dilation)]
    padding = _random_padding(rng, [min(size, 4) for size in reach])
    mid = 1 << (engine.mid_bits - 1)
    bounds = [-int(rng.integers(0, mid)), int(rng.integers(0, mid))] if rng.random() < 0.25 else [-mid, mid - 1]
    unsigned = bool(rng.random() < 0.5)
    return Layer(
        operator=operator,
        ifm=MapShape(height, width, max(channels_in, 1)),
        channels=max(channels_out, 1),
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding,
        depthwise=depthwise,
        ifm_unsigned=bool(rng.random() < 0.5),
        ofm_unsigned=unsigned,
        residual=Residual(bool(rng.random() < 0.5), int(rng.integers(-3, engine.data_bits))) if rng.random() < 0.4 else None,
        slope=int(rng.choice([0, SLOPE_ONE, SLOPE_ONE // 10, int(rng.integers(0, SLOPE_ONE))])),
        clamp_low=bounds[0],
        clamp_high=bounds[1],
        out_shift=int(rng.integers(engine.data_bits - 3, engine.data_bits + 1)),
        pool=_random_pool(rng) if rng.random() < 0.4 else None,
    )


def _random_pool(rng: np.random.Generator) -> Pool:
    kernel = _pair(rng.integers(1, 5, 2))
    stride = _pair(rng.integers(1, 4, 2))
    padding = _random_padding(rng, [min(size, 3) for size in kernel])
    if rng.random() < 0.5:
        return Pool("max", kernel, stride, padding)
    return Pool("average", kernel, stride, padding, mul=round((1 << 15) / (kernel[0] * kernel[1])), shift=int(rng.choice([13, 15])))


def _pair(values: np.ndarray) -> tuple[int, int]:
    return int(values[0]), int(values[1])


def _random_padding(rng: np.random.Generator, below: list[int]) -> tuple[int, int, int, int]:
    """Top, left, bottom and right, each less than the entry of ``below`` for its axis."""
    top, left, bottom, right = (int(rng.integers(0, below[side % 2])) for side in range(4))
    return top, left, bottom, right


def fill_case(rng: np.random.Generator, engine: Engine, layer: Layer) -> Case:
    """Random integers for a layer, the corners of the formats now and then."""

    def integers(shape: tuple[int, ...], unsigned: bool, bits: int = engine.data_bits) -> np.ndarray:
        low, high = (0, 1 << bits) if unsigned else (-(1 << (bits - 1)), 1 << (bits - 1))
        if rng.random() < 0.2:  # the corners of the format
            return rng.choice([low, high - 1], shape)
        return rng.integers(low, high, shape)

    conv = layer.conv
    features = integers((layer.ifm.height, layer.ifm.width, layer.ifm.channels), layer.ifm_unsigned)
    array = engine.array_of(layer.operator, layer.weight_bits)
    weights = integers(layer.weight_shape, layer.weights_unsigned, array.weight_bits)
    if layer.operator == "basis":  # from no coefficient to all of them, and rows that have none
        coefficients = weights[:, :, : layer.ifm.channels]
        coefficients[...] = rng.choice([-1, 1], coefficients.shape) * (rng.random(coefficients.shape) < rng.choice([0.0, 0.1, 0.5, 1.0], (layer.channels, 1, 1)))
        features[rng.random(features.shape) < rng.choice([0.0, 0.5, 1.0], p=[0.5, 0.45, 0.05])] = 0
        layer = replace(layer, mask_tiles=int(rng.integers(1, most_mask_tiles(engine, layer, weights) + 1)))
    shifted = ~fixed_rows(layer.channels, array.fixed_lanes, engine.to)
    if layer.operator in ("sp2", "mixed"):
        weights[shifted] = rng.choice(Sp2(array.weight_bits).levels, weights[shifted].shape)
    residual = integers((conv.height, conv.width, conv.channels), layer.residual.unsigned) if layer.residual else None
    requantization = _spread(rng, engine, layer, accumulate(layer, features, weights))
    return Case(layer, features, weights, requantization, residual)


def _spread(rng: np.random.Generator, engine: Engine, layer: Layer, accumulators: np.ndarray) -> Requantization:
    """Parameters that spread the sums over the mid format, now and then beyond it."""
    mid = 1 << (engine.mid_bits - 1)
    width = np.maximum(np.ptp(accumulators, axis=(0, 1)), 1)
    sign = rng.choice([-1, 1], layer.channels)
    scale = np.clip(sign * rng.choice([0.1, 1.0, 3.0]) * mid / width, -32000, 32000)
    offset = rng.uniform(-0.5, 0.5, layer.channels) * mid - scale * accumulators.mean(axis=(0, 1))
    return Requantization.fit(scale, np.clip(offset, -(2**31) + 1, 2**31 - 1))
