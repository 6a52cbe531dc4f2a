# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Post-training quantization of a float network with a few calibration images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sumtile.formats import FixedPoint
from sumtile.network.graph import INPUT, Network
from sumtile.overlay.description import DATA_BITS
from sumtile.quantize.blocks import Block
from sumtile.quantize.calibrate import Calibration, Range, calibrate, check_images, pixel_range
from sumtile.quantize.error import measure
from sumtile.quantize.fuse import fuse
from sumtile.quantize.quantized import QuantizedLayer, QuantizedNetwork
from sumtile.quantize.scheme import Scheme
from sumtile.quantize.weights import IntegerWeights, scale_filters, share_scale


def quantize_network(network: Network, images: np.ndarray, scheme: Scheme) -> QuantizedNetwork:
    """Quantizes weights and activations without training.

    Args:
        network: the float network.
        images: calibration images, uint8 (images, height, width, channels).
        scheme: widths and scale rules.

    Returns:
        the quantized network with the error of each layer on the calibration images.

    Raises:
        SumtileError: images of another shape, a node that no engine layer can run, or parameters that are not finite.
    """
    blocks = fuse(network)
    check_images(network, images)
    stored = [block.name for block in blocks]
    pooled = [block.before_pool for block in blocks if _averages(block)]
    quantiles = dict.fromkeys([*stored, *pooled], scheme.quantile) | {network.output: 1.0}
    seen = calibrate(network, images, quantiles, [block.affine for block in blocks if block.affine])
    seen.ranges[INPUT] = pixel_range(network.preprocess)
    formats = _formats(blocks, seen.ranges, scheme)
    averaged = {block.name: scheme.format(seen.ranges[block.before_pool], signed=formats[block.name].signed) for block in blocks if _averages(block)}
    formats |= _holding(averaged, formats)
    layers, weights = [], []
    for block in blocks:
        features = formats[block.source]
        integers = share_scale(block.weights, features) if block.geometry.operator == "adder" else scale_filters(block.weights, features, scheme.bits)
        layers.append(_layer(block, integers, averaged.get(block.name, formats[block.name]), seen))
        weights.append(integers)
    quantized = QuantizedNetwork(network.name, network.preprocess, network.classes, str(scheme), formats, tuple(layers))
    return replace(quantized, errors=measure(quantized, network, images, [entry.clipped for entry in weights]))


def _formats(blocks: list[Block], ranges: dict[str, Range], scheme: Scheme) -> dict[str, FixedPoint]:
    """Formats of all stored tensors."""
    signed = {INPUT: ranges[INPUT].low < 0, **{block.name: not block.rectified for block in blocks}}
    formats = {}
    for name, is_signed in signed.items():
        adder_weights = [block.weights for block in blocks if block.source == name and block.geometry.operator == "adder"]
        formats[name] = scheme.format(ranges[name], signed=is_signed, adder_weights=adder_weights)
    return formats


def _holding(averaged: dict[str, FixedPoint], formats: dict[str, FixedPoint]) -> dict[str, FixedPoint]:
    """Formats of the averages that hold every average of ``averaged`` values.

    An engine saturates an average at its own data width. In a narrower tensor none may exceed the range of the values
    before it, so that needs no saturation.
    """
    return {name: formats[name] if before.bits in DATA_BITS else replace(formats[name], fl=min(formats[name].fl, before.fl)) for name, before in averaged.items()}


def _layer(block: Block, weights: IntegerWeights, activated: FixedPoint, seen: Calibration) -> QuantizedLayer:
    scale = block.factor * weights.scale
    offset = block.factor * weights.constant * weights.scale + block.addend
    if block.affine:
        scale, offset = _silence_dead_channels(scale, offset, *seen.channels[block.affine])
    return QuantizedLayer(tuple(block.nodes), block.source, block.residual, block.geometry, weights.integers, scale, offset, block.slope, block.high, activated)


def _silence_dead_channels(scale: np.ndarray, offset: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Makes channels constant that move by less than half a unit of the integer sums.

    Their batch normalization has a variance near zero and so a huge factor, which would blow up the rounding errors
    of a sum that carries nothing.

    Args:
        scale, offset: real requantization of each channel.
        low, high: bounds of each channel's float values after batch normalization on the calibration images.
    """
    dead = high - low < 0.5 * np.abs(scale)
    return np.where(dead, 0.0, scale), np.where(dead, (low + high) / 2, offset)


def _averages(block: Block) -> bool:
    """True when the result is an average, whose range differs from that of the values before it."""
    pool = block.geometry.pool
    return pool is not None and pool.kind == "average"
