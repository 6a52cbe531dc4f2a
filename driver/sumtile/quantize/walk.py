# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The walk through a network that makes its quantized layers, one after the other, on the calibration images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sumtile.formats import FixedPoint
from sumtile.network.graph import INPUT, Network
from sumtile.overlay.engine import DATA_BITS
from sumtile.program.golden import accumulate
from sumtile.quantize.activation_rules import FloatTensor
from sumtile.quantize.blocks import Block
from sumtile.quantize.calibrate import Channels, calibrate, pixel_range
from sumtile.quantize.compensate import compensate
from sumtile.quantize.noise import decibels
from sumtile.quantize.quantized import LayerError, QuantizedLayer, QuantizedNetwork
from sumtile.quantize.real import activate, pool
from sumtile.quantize.scheme import Scheme
from sumtile.quantize.weights import IntegerWeights, share_scale


class Walk:
    """Integer tensors beside the float ones, as far as the walk has come.

    Each layer runs once, with its real scales: first its sums, then the formats of what it stores.
    """

    def __init__(self, network: Network, blocks: Sequence[Block], images: np.ndarray, scheme: Scheme) -> None:
        self._network, self._scheme = network, scheme
        stored = [INPUT, *(block.name for block in blocks)]
        averaged = [block.before_pool for block in blocks if _averages(block)]
        seen = calibrate(network, images, {*stored, *averaged}, {block.affine for block in blocks if block.affine})
        self._channels = seen.channels
        self._tensors = _float_tensors(network, blocks, seen.values)
        self._averaged = {block.name: replace(self._tensors[block.name], values=seen.values[block.before_pool], output=False) for block in blocks if _averages(block)}
        self._choice = scheme.activations.settled([*self._tensors.values(), *self._averaged.values()])
        source = self._tensors[INPUT]
        self._formats = {INPUT: self._choice(source, source.values)}
        self._integers = {INPUT: self._formats[INPUT].quantize(source.values).astype(np.int32)}
        self._layers: list[QuantizedLayer] = []
        self._errors: list[LayerError] = []

    def take(self, block: Block, weights: IntegerWeights | None) -> None:
        """Quantizes the next block.

        Args:
            weights: the block's; None for an adder layer, whose weights follow from the format of its input.
        """
        features = self._formats[block.source]
        if weights is None:
            weights = share_scale(block.weights, features)
        elif self._scheme.compensate and not block.geometry.depthwise:
            weights = compensate(block.weights, weights, block.geometry, self._integers[block.source])
        scale, offset = self._requantization(block, weights, features)
        sums = accumulate(block.geometry, self._integers[block.source], weights.integers) * scale + offset
        if self._scheme.correct_biases and block.affine:
            correction = self._channels[block.affine].mean - sums.mean(axis=(0, 1, 2))
            sums, offset = sums + correction, offset + correction
        activated, stored = self._store(block, activate(sums, self._residual(block), block.slope, block.high))
        self._layers.append(
            QuantizedLayer(tuple(block.nodes), block.source, block.residual, block.geometry, weights.integers, weights.format, scale, offset, block.slope, block.high, activated)
        )
        self._errors.append(self._error(self._layers[-1], weights, stored))

    def result(self) -> QuantizedNetwork:
        """The network, when all blocks are taken."""
        network = self._network
        return QuantizedNetwork(network.name, network.preprocess, network.classes, str(self._scheme), self._formats, tuple(self._layers), tuple(self._errors))

    def _requantization(self, block: Block, weights: IntegerWeights, features: FixedPoint) -> tuple[np.ndarray, np.ndarray]:
        """Real scale and offset of the integer sums, each of shape (channels,)."""
        unit = weights.step if weights.format is None else weights.step * features.scale
        scale = block.factor * unit
        offset = scale * weights.constant + block.addend
        return _without_dead_channels(scale, offset, self._channels[block.affine]) if block.affine else (scale, offset)

    def _residual(self, block: Block) -> np.ndarray | None:
        return None if block.residual is None else self._formats[block.residual].dequantize(self._integers[block.residual])

    def _store(self, block: Block, values: np.ndarray) -> tuple[FixedPoint, np.ndarray]:
        """Chooses the formats of a block's real results and keeps their integers.

        Returns:
            the format of the values before the pooling, and the integers of those after it.
        """
        if _averages(block):
            before = self._choice(self._averaged[block.name], values)
            values = pool(block.geometry.pool, values, before)
            format = _holding(before, self._choice(self._tensors[block.name], values))
        else:
            values = pool(block.geometry.pool, values)
            before = format = self._choice(self._tensors[block.name], values)
        self._formats[block.name] = format
        self._integers[block.name] = format.quantize(values).astype(np.int32)
        return before, self._integers[block.name]

    def _error(self, layer: QuantizedLayer, weights: IntegerWeights, stored: np.ndarray) -> LayerError:
        format, expected = self._formats[layer.name], self._tensors[layer.name].values
        saturated = _share_outside(format, expected)
        if layer.name in self._averaged:
            saturated = max(saturated, _share_outside(layer.activated, self._averaged[layer.name].values))
        return LayerError(
            name=layer.name,
            operator=layer.operator,
            weights="as its input" if weights.format is None else str(weights.format),
            weight_snr=weights.snr,
            clipped_weights=weights.clipped,
            format=format,
            snr=decibels(expected, format.dequantize(stored) - expected),
            saturated=saturated,
        )


def _float_tensors(network: Network, blocks: Sequence[Block], values: dict[str, np.ndarray]) -> dict[str, FloatTensor]:
    """All stored tensors by name, the network's input first."""
    adders: dict[str, list[np.ndarray]] = {}
    for block in blocks:
        if block.geometry.operator == "adder":
            adders.setdefault(block.source, []).append(block.weights)
    pixels = pixel_range(network.preprocess)
    tensors = {INPUT: FloatTensor(values[INPUT], pixels.low < 0, pixels, adder_weights=tuple(adders.get(INPUT, ())))}
    for block in blocks:
        tensors[block.name] = FloatTensor(values[block.name], not block.rectified, None, block is blocks[-1], tuple(adders.get(block.name, ())))
    return tensors


def _share_outside(format: FixedPoint, values: np.ndarray) -> float:
    """Share of the real values that saturate."""
    return float(np.mean((values > (format.high + 0.5) * format.scale) | (values < (format.low - 0.5) * format.scale)))


def _averages(block: Block) -> bool:
    """True when the result is an average, whose range differs from that of the values before it."""
    pooling = block.geometry.pool
    return pooling is not None and pooling.kind == "average"


def _holding(before: FixedPoint, format: FixedPoint) -> FixedPoint:
    """The format, coarse enough to hold every average of values in the format ``before``.

    An engine saturates an average at its own data width. In a narrower tensor none may exceed the range of the values
    before it, so that needs no saturation.
    """
    return format if before.bits in DATA_BITS else replace(format, fl=min(format.fl, before.fl))


def _without_dead_channels(scale: np.ndarray, offset: np.ndarray, seen: Channels) -> tuple[np.ndarray, np.ndarray]:
    """Makes channels constant that move by less than half a unit of the integer sums.

    Their batch normalization has a variance near zero and so a huge factor, which would blow up the rounding errors
    of a sum that carries nothing.

    Args:
        scale, offset: real requantization of each channel.
        seen: each channel's float values after batch normalization on the calibration images.
    """
    dead = seen.high - seen.low < 0.5 * np.abs(scale)
    return np.where(dead, 0.0, scale), np.where(dead, (seen.low + seen.high) / 2, offset)
