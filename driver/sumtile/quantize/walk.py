# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The walk through a network that makes its quantized layers, one after the other, on the calibration images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sumtile.formats import FixedPoint
from sumtile.kernels.basis import dense_layer
from sumtile.kernels.host import RAISE_MAX
from sumtile.network.graph import INPUT, Network
from sumtile.overlay.engine import DATA_BITS
from sumtile.program.golden import accumulate, largest_sum, sum_type
from sumtile.quantize.activation_rules import FloatTensor
from sumtile.quantize.blocks import AnyBlock, Block, HostBlock
from sumtile.quantize.calibrate import Channels, FloatRun, Observed, Sampler, Seen, batches, last_reads, pixel_range, signs
from sumtile.quantize.compensate import compensate
from sumtile.quantize.noise import decibels_of
from sumtile.quantize.quantized import HostLayer, LayerError, QuantizedLayer, QuantizedNetwork
from sumtile.quantize.real import activate, pool
from sumtile.quantize.scheme import Scheme
from sumtile.quantize.weights import IntegerWeights, share_scale

_KEPT_VALUES = 1 << 24
"""Real values of a layer that are kept between the choice of its format and its rounding; more are computed twice."""

Batches = Callable[[], Iterator[tuple[slice, np.ndarray]]]
"""Real values (images, height, width, channels) of some images after the others, as often as it is called."""


class Walk:
    """Integer tensors beside the float ones, as far as the walk has come; only those that are still to be read are held.

    Each layer runs once, with its real scales: first its sums, then the formats of what it stores.
    """

    def __init__(self, network: Network, blocks: Sequence[AnyBlock], images: np.ndarray, scheme: Scheme) -> None:
        self._network, self._blocks, self._images, self._scheme = network, blocks, len(images), scheme
        self._last = last_reads(blocks)
        self._float = FloatRun(network, blocks, images, scheme.on_grids)
        self._adders, self._signs = _adder_weights(blocks), signs(network, blocks)
        self._rules = rules = scheme.activation_rules(blocks)
        self._weight_rules = scheme.weight_rules(blocks)
        choices = {rule: rule.settled(self._tensors(images)) for rule in dict.fromkeys(rules.values())}
        self._choices = {name: choices[rule] for name, rule in rules.items()}
        source = self._input(self._float.input)
        self._formats = {INPUT: self._choices[INPUT](source, source.values)}
        self._integers = {INPUT: _narrow(self._formats[INPUT], self._float.input.values)}
        self._layers: list[QuantizedLayer | HostLayer] = []
        self._errors: list[LayerError] = []

    def run(self, weights: Mapping[str, IntegerWeights], advance: Callable[[int], None]) -> QuantizedNetwork:
        """Quantizes all blocks.

        Args:
            weights: those of the multiplying layers, by the block's name; those of adder layers follow from the format of their input.
            advance: called with the number of blocks just finished.
        """
        for index, (block, observed) in enumerate(self._float):
            if isinstance(block, HostBlock):
                self._take_host(block, observed)
            else:
                self._take(block, weights.get(block.name), observed)
            for name in block.reads:
                if self._last[name] == index:
                    self._integers.pop(name, None)
            advance(1)
        network = self._network
        return QuantizedNetwork(network.name, network.preprocess, network.classes, str(self._scheme), self._formats, tuple(self._layers), tuple(self._errors))

    def _take(self, block: Block, weights: IntegerWeights | None, observed: Observed) -> None:
        features, integers = self._formats[block.source], self._integers[block.source]
        if block.name in self._weight_rules:
            block = replace(block, geometry=self._weight_rules[block.name].adapted(block.geometry))
        if weights is None:
            weights = share_scale(block.weights, features)
        elif self._scheme.compensate and not block.geometry.depthwise and block.geometry.operator == "mac":
            weights = compensate(block.weights, weights, block.geometry, integers)
        scale, offset = self._requantization(block, weights, features, observed.channels)
        sums = self._sums(block, weights, integers)
        if self._scheme.correct_biases and observed.channels is not None:
            offset = observed.channels.mean - scale * sums.mean(axis=(0, 1, 2), dtype=np.float64)
        before = self._store(block, observed, self._activated(block, sums, scale, offset))
        layer = QuantizedLayer(
            tuple(block.nodes), block.source, block.residual, block.geometry, weights.integers, weights.format, scale, offset, block.slope, block.low, block.high, before
        )
        self._layers.append(layer)
        outside = 0.0 if observed.before_pool is None else _share_outside(before, observed.before_pool.sample)
        words = "as its input" if weights.format is None else str(weights.format)
        self._errors.append(self._error(block, observed, _WeightError(layer.operator, words, weights.snr, weights.clipped), outside))

    def _take_host(self, block: HostBlock, observed: Observed) -> None:
        maps, formats = [self._integers[name] for name in block.reads], [self._formats[name] for name in block.reads]
        finest = max(format.fl for format in formats)

        def run(target: FixedPoint) -> Iterator[tuple[slice, np.ndarray]]:
            for batch in batches(self._images, block.shape.pixels * block.shape.channels):
                yield batch, block.operation.run([values[batch] for values in maps], formats, target)

        if block.operation.keeps_format:
            format = self._rules[block.name].given(block.name) or formats[0]
        else:
            fine = FixedPoint(32, min(finest, min(format.fl for format in formats) + 16) + 4)
            tensor = self._tensor(block, observed.seen)
            format = self._choices[block.name](tensor, _sampled(observed.values.shape, ((batch, fine.dequantize(values)) for batch, values in run(fine))))
            format = replace(format, fl=min(format.fl, finest + RAISE_MAX))
        self._formats[block.name] = format
        self._integers[block.name] = _joined(format, observed.values.shape, run(format))
        self._layers.append(HostLayer(tuple(block.nodes), block.reads, block.operation))
        self._errors.append(self._error(block, observed, _WeightError("host", "", float("inf"), 0.0), 0.0))

    def _sums(self, block: Block, weights: IntegerWeights, integers: np.ndarray) -> np.ndarray:
        """Integer sums of all images, in 32 bits where these hold every sum."""
        conv, features = block.geometry.conv, self._formats[block.source]
        dense, products = dense_layer(block.geometry, weights.integers)
        largest = largest_sum(dense, max(features.high, -features.low), products)
        sums = np.empty((self._images, conv.height, conv.width, conv.channels), sum_type(largest))
        for batch in batches(self._images, conv.pixels * conv.channels):
            sums[batch] = accumulate(block.geometry, integers[batch], weights.integers)
        return sums

    def _activated(self, block: Block, sums: np.ndarray, scale: np.ndarray, offset: np.ndarray) -> Batches:
        """The real values after the activation."""

        def compute() -> Iterator[tuple[slice, np.ndarray]]:
            for batch in batches(self._images, sums[0].size):
                residual = None if block.residual is None else self._formats[block.residual].dequantize(self._integers[block.residual][batch])
                yield batch, activate(sums[batch] * scale + offset, residual, block.slope, block.low, block.high)

        return _kept(compute) if sums.size <= _KEPT_VALUES else compute

    def _requantization(self, block: Block, weights: IntegerWeights, features: FixedPoint, seen: Channels | None) -> tuple[np.ndarray, np.ndarray]:
        """Real scale and offset of the integer sums, each of shape (channels,)."""
        unit = weights.step if weights.format is None else weights.step * features.scale
        scale = block.factor * unit
        offset = scale * weights.constant + block.addend
        return (scale, offset) if seen is None else _without_dead_channels(scale, offset, seen)

    def _store(self, block: Block, observed: Observed, activated: Batches) -> FixedPoint:
        """Chooses the formats of a block's real results and keeps their integers.

        Returns:
            the format of the values before the pooling.
        """
        window, tensor, shape = block.geometry.pool, self._tensor(block, observed.seen), observed.values.shape
        if observed.before_pool is not None:
            conv = block.geometry.conv
            averaged = replace(self._tensor(block, observed.before_pool), output=False, name=block.before_pool)
            before = self._choices[block.name](averaged, _sampled((self._images, conv.height, conv.width, conv.channels), activated()))
            pooled = _kept(lambda: ((batch, pool(window, values, before)) for batch, values in activated()))
            format = self._rules[block.name].given(block.name) or _holding(before, self._choices[block.name](tensor, _sampled(shape, pooled())))
        else:

            def pooled() -> Iterator[tuple[slice, np.ndarray]]:
                return ((batch, pool(window, values)) for batch, values in activated())

            before = format = self._choices[block.name](tensor, _sampled(shape, pooled()))
        self._formats[block.name] = format
        self._integers[block.name] = _joined(format, shape, ((batch, format.quantize(values)) for batch, values in pooled()))
        return before

    def _error(self, block: AnyBlock, observed: Observed, weights: _WeightError, outside: float) -> LayerError:
        format, stored = self._formats[block.name], self._integers[block.name]
        signal, noise, beyond = 0.0, 0.0, 0.0
        for batch in batches(self._images, observed.values[0].size):
            expected = observed.values[batch].astype(np.float64)
            signal += float(np.sum(np.square(expected)))
            noise += float(np.sum(np.square(format.dequantize(stored[batch]) - expected)))
            beyond += _share_outside(format, expected) * len(expected) / self._images
        return LayerError(block.name, weights.operator, weights.words, weights.snr, weights.clipped, format, decibels_of(signal, noise), max(beyond, outside))

    def _tensors(self, images: np.ndarray) -> Iterator[FloatTensor]:
        """All stored tensors, the network's input first, and all tensors that are averaged."""
        yield self._input(self._float.input)
        for block, observed in FloatRun(self._network, self._blocks, images, self._scheme.on_grids):
            yield self._tensor(block, observed.seen)
            if observed.before_pool is not None:
                yield replace(self._tensor(block, observed.before_pool), output=False)

    def _input(self, observed: Observed) -> FloatTensor:
        pixels = pixel_range(self._network.preprocess)
        return FloatTensor(observed.seen.sample, pixels.low < 0, pixels, adder_weights=self._adders.get(INPUT, ()), name=INPUT)

    def _tensor(self, block: AnyBlock, seen: Seen) -> FloatTensor:
        signed = self._signs[block.name]
        return FloatTensor(seen.sample, signed, None, block.name == self._blocks[-1].name, self._adders.get(block.name, ()), seen.extremes, block.name)


@dataclass(frozen=True)
class _WeightError:
    """The part of a layer's error that its weights have."""

    operator: str
    words: str
    snr: float
    clipped: float


def _adder_weights(blocks: Sequence[AnyBlock]) -> dict[str, tuple[np.ndarray, ...]]:
    """Real weights of the adder layers that read a tensor, by its name."""
    adders: dict[str, tuple[np.ndarray, ...]] = {}
    for block in blocks:
        if isinstance(block, Block) and block.geometry.operator == "adder":
            adders[block.source] = (*adders.get(block.source, ()), block.weights)
    return adders


def _kept(compute: Batches) -> Batches:
    """The same batches, computed once."""
    results: list[tuple[slice, np.ndarray]] = []

    def again() -> Iterator[tuple[slice, np.ndarray]]:
        if not results:
            results.extend(compute())
        return iter(results)

    return again


def _sampled(shape: tuple[int, ...], parts: Iterator[tuple[slice, np.ndarray]]) -> np.ndarray:
    """The pixels that a sample of the float tensor has: (pixels, channels)."""
    sampler = Sampler(shape)
    return np.concatenate([sampler.take(batch.start, values).copy() for batch, values in parts])


def _joined(format: FixedPoint, shape: tuple[int, ...], parts: Iterator[tuple[slice, np.ndarray]]) -> np.ndarray:
    """Integers of all images in the narrowest type of the format."""
    whole = np.empty(shape, _dtype(format))
    for batch, values in parts:
        whole[batch] = values
    return whole


def _narrow(format: FixedPoint, values: np.ndarray) -> np.ndarray:
    return format.quantize(values).astype(_dtype(format))


def _dtype(format: FixedPoint) -> np.dtype:
    return np.dtype(f"{'i' if format.signed else 'u'}{1 if format.bits <= 8 else 2}")


def _share_outside(format: FixedPoint, values: np.ndarray) -> float:
    """Share of the real values that saturate."""
    return float(np.mean((values > (format.high + 0.5) * format.scale) | (values < (format.low - 0.5) * format.scale)))


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
