# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What the processor computes where no engine does: exact integer operations on whole feature maps, in numpy.

An operation says what happens to real values; the formats of the maps say what the integers stand for. Each result is
the exact real one, rounded half to even once and saturated, except for :class:`LocalResponseNorm`, which computes in
float64 before it rounds. The same code runs in the golden model, beside the C simulation and on a board.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sumtile.formats import FixedPoint
from sumtile.kernels.layer import SLOPE_BITS, SLOPE_ONE, MapShape, window_extent
from sumtile.kernels.operation import Operation, Padding, Rules, divided, one_source, padded, requantized, shifted, window_rules
from sumtile.network.graph import SIDE_MAX

SLOPE_MAX = 1 << 20
"""Largest magnitude of a slope in units of 2**-14."""

RAISE_MAX = 22
"""Most fractional bits that an average can have more than its source."""

_COUNT_BITS = 24  # of the pixels in a window


@dataclass(frozen=True)
class Concat(Operation):
    """Maps of one height and width, one after the other along the channels, each brought to the result's format."""

    @property
    def keeps_format(self) -> bool:
        return False

    def run(self, maps: Sequence[np.ndarray], formats: Sequence[FixedPoint], target: FixedPoint) -> np.ndarray:
        return np.concatenate([requantized(values, source, target) for values, source in zip(maps, formats)], axis=-1)

    def _rules(self, sources: Sequence[MapShape]) -> Rules:
        yield len(sources) >= 1, "it has nothing to join"
        yield len({(source.height, source.width) for source in sources}) == 1, "the maps that it joins have several sizes"

    def _ofm(self, *sources: MapShape) -> MapShape:
        return MapShape(sources[0].height, sources[0].width, sum(source.channels for source in sources))


@dataclass(frozen=True)
class Select(Operation):
    """Channel p of the result is ``channels[p]`` of the source."""

    channels: tuple[int, ...]

    def run(self, maps: Sequence[np.ndarray], formats: Sequence[FixedPoint], target: FixedPoint) -> np.ndarray:
        return requantized(maps[0][..., list(self.channels)], formats[0], target)

    def _rules(self, sources: Sequence[MapShape]) -> Rules:
        yield from one_source(sources)
        inside = bool(self.channels) and 0 <= min(self.channels) and max(self.channels) < sources[0].channels
        yield inside, f"it selects channels that a map of {sources[0].channels} does not have, or none"

    def _ofm(self, *sources: MapShape) -> MapShape:
        return MapShape(sources[0].height, sources[0].width, len(self.channels))


@dataclass(frozen=True)
class Pad(Operation):
    """A border of zeros: (top, left, bottom, right)."""

    padding: Padding

    def run(self, maps: Sequence[np.ndarray], formats: Sequence[FixedPoint], target: FixedPoint) -> np.ndarray:
        return padded(requantized(maps[0], formats[0], target), self.padding)

    def _rules(self, sources: Sequence[MapShape]) -> Rules:
        yield from one_source(sources)
        yield 0 <= min(self.padding) and max(self.padding) <= SIDE_MAX, f"its padding {self.padding} must lie in 0 to {SIDE_MAX}"

    def _ofm(self, *sources: MapShape) -> MapShape:
        (source,), (top, left, bottom, right) = sources, self.padding
        return MapShape(source.height + top + bottom, source.width + left + right, source.channels)


@dataclass(frozen=True)
class Resize(Operation):
    """Nearest neighbour: each pixel becomes (rows, columns) equal ones."""

    factor: tuple[int, int]

    def run(self, maps: Sequence[np.ndarray], formats: Sequence[FixedPoint], target: FixedPoint) -> np.ndarray:
        return requantized(maps[0], formats[0], target).repeat(self.factor[0], axis=-3).repeat(self.factor[1], axis=-2)

    def _rules(self, sources: Sequence[MapShape]) -> Rules:
        yield from one_source(sources)
        yield 1 <= min(self.factor) and max(self.factor) <= SIDE_MAX, f"its factor {self.factor} must lie in 1 to {SIDE_MAX}"

    def _ofm(self, *sources: MapShape) -> MapShape:
        return MapShape(sources[0].height * self.factor[0], sources[0].width * self.factor[1], sources[0].channels)


@dataclass(frozen=True)
class Unfold(Operation):
    """What a window sees, as channels: (output height, output width, kernel rows * kernel columns * channels).

    A convolution whose kernel rows or columns are unfolded has them as input channels, so that a map of few channels
    fills the lanes. Values outside the map are zeros, as in the convolution. A dilated tap is as far as in the kernel.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: Padding = (0, 0, 0, 0)

    def run(self, maps: Sequence[np.ndarray], formats: Sequence[FixedPoint], target: FixedPoint) -> np.ndarray:
        values = padded(requantized(maps[0], formats[0], target), self.padding)
        *batch, height, width, channels = values.shape
        rows, columns = (window_extent(size, *axis) for size, axis in zip((height, width), self._axes()))
        result = np.empty((*batch, rows, columns, *self.kernel, channels), values.dtype)
        for y in range(self.kernel[0]):
            for x in range(self.kernel[1]):
                top, left = y * self.dilation[0], x * self.dilation[1]
                result[..., y, x, :] = values[
                    ..., top : top + (rows - 1) * self.stride[0] + 1 : self.stride[0], left : left + (columns - 1) * self.stride[1] + 1 : self.stride[1], :
                ]
        return result.reshape(*batch, rows, columns, -1)

    def _rules(self, sources: Sequence[MapShape]) -> Rules:
        yield from one_source(sources)
        yield from window_rules(self.kernel, self.stride, self.padding)
        yield 1 <= min(self.dilation) and max(self.dilation) <= SIDE_MAX, f"its dilation {self.dilation} must lie in 1 to {SIDE_MAX}"
        ofm = self._ofm(*sources)
        yield min(ofm.height, ofm.width) >= 1, f"its window does not fit a map of {sources[0]}"

    def _axes(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """(kernel, stride, dilation) of rows and of columns."""
        (down, across), (stride_y, stride_x), (below, beside) = self.kernel, self.stride, self.dilation
        return (down, stride_y, below), (across, stride_x, beside)

    def _ofm(self, *sources: MapShape) -> MapShape:
        (source,), (top, left, bottom, right) = sources, self.padding
        rows, columns = self._axes()
        return MapShape(window_extent(source.height + top + bottom, *rows), window_extent(source.width + left + right, *columns), source.channels * self.kernel[0] * self.kernel[1])


@dataclass(frozen=True)
class Pool(Operation):
    """``max`` or ``average`` over windows. Padded taps never win a maximum; an average counts them as zeros, or not at all where ``count_padding`` is false."""

    kind: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: Padding = (0, 0, 0, 0)
    count_padding: bool = True

    @property
    def keeps_format(self) -> bool:
        return self.kind == "max"

    def takes(self, formats: Sequence[FixedPoint], target: FixedPoint) -> bool:
        return self.kind == "max" or target.fl - formats[0].fl <= RAISE_MAX

    def run(self, maps: Sequence[np.ndarray], formats: Sequence[FixedPoint], target: FixedPoint) -> np.ndarray:
        values, source = maps[0], formats[0]
        if self.kind == "max":
            return requantized(self._slid(padded(values, self.padding, source.low), np.maximum), source, target)
        sums = self._sums(values)
        counts = np.int64(self.kernel[0] * self.kernel[1]) if self.count_padding else self._sums(np.ones((*values.shape[-3:-1], 1), np.int64))
        raised = target.fl - source.fl
        return np.clip(divided(sums << max(raised, 0), counts << min(max(-raised, 0), 62 - _COUNT_BITS)), target.low, target.high)

    def operations(self, *sources: MapShape) -> int:
        ofm = self._ofm(*sources)
        return ofm.pixels * ofm.channels * self.kernel[0] * self.kernel[1]

    def _sums(self, values: np.ndarray) -> np.ndarray:
        """Sums of the windows, by differences of running sums."""
        sums = padded(values, self.padding).astype(np.int64)
        for axis, kernel, stride in ((-3, self.kernel[0], self.stride[0]), (-2, self.kernel[1], self.stride[1])):
            running = np.cumsum(np.moveaxis(sums, axis, 0), axis=0)
            running = np.concatenate([np.zeros_like(running[:1]), running])
            count = window_extent(len(running) - 1, kernel, stride, 1)
            ends = running[kernel : kernel + (count - 1) * stride + 1 : stride]
            sums = np.moveaxis(ends - running[: (count - 1) * stride + 1 : stride], 0, axis)
        return sums

    def _slid(self, values: np.ndarray, combine: np.ufunc) -> np.ndarray:
        """All taps of each window combined, rows first and then columns."""
        for axis, kernel, stride in ((-3, self.kernel[0], self.stride[0]), (-2, self.kernel[1], self.stride[1])):
            lines = np.moveaxis(values, axis, 0)
            span = (window_extent(len(lines), kernel, stride, 1) - 1) * stride + 1
            result = lines[:span:stride].copy()
            for tap in range(1, kernel):
                combine(result, lines[tap : tap + span : stride], out=result)
            values = np.moveaxis(result, 0, axis)
        return values

    def _rules(self, sources: Sequence[MapShape]) -> Rules:
        yield from one_source(sources)
        yield self.kind in ("max", "average"), f"pooling '{self.kind}' is unknown; choose max or average"
        yield from window_rules(self.kernel, self.stride, self.padding)
        yield all(pad < size for pad, size in zip(self.padding, (*self.kernel, *self.kernel))), f"its padding {self.padding} must be smaller than its window {self.kernel}"
        ofm = self._ofm(*sources)
        yield min(ofm.height, ofm.width) >= 1, f"a pooling window of {self.kernel} does not fit a map of {sources[0]}"

    def _ofm(self, *sources: MapShape) -> MapShape:
        (source,), (top, left, bottom, right) = sources, self.padding
        height = window_extent(source.height + top + bottom, self.kernel[0], self.stride[0], 1)
        return MapShape(height, window_extent(source.width + left + right, self.kernel[1], self.stride[1], 1), source.channels)


@dataclass(frozen=True)
class PRelu(Operation):
    """``x if x >= 0 else slope * x`` with a slope for each channel, in units of 2**-14."""

    slopes: tuple[int, ...]

    @property
    def keeps_format(self) -> bool:
        return False

    def run(self, maps: Sequence[np.ndarray], formats: Sequence[FixedPoint], target: FixedPoint) -> np.ndarray:
        values = maps[0].astype(np.int64)
        scaled = values * np.where(values < 0, np.array(self.slopes, np.int64), SLOPE_ONE)
        return np.clip(shifted(scaled, SLOPE_BITS + formats[0].fl - target.fl), target.low, target.high)

    def operations(self, *sources: MapShape) -> int:
        return sources[0].pixels * sources[0].channels

    def _rules(self, sources: Sequence[MapShape]) -> Rules:
        yield from one_source(sources)
        yield len(self.slopes) == sources[0].channels, f"it has {len(self.slopes)} slopes for {sources[0].channels} channels"
        yield all(abs(slope) <= SLOPE_MAX for slope in self.slopes), f"a slope exceeds {SLOPE_MAX / SLOPE_ONE:g}"

    def _ofm(self, *sources: MapShape) -> MapShape:
        return sources[0]


@dataclass(frozen=True)
class LocalResponseNorm(Operation):
    """``x / (bias + alpha / size * sum of x**2 over size channels around)**beta``, in float64, then rounded.

    Source: Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", NIPS 2012, section 3.3.
    """

    size: int
    alpha: float
    beta: float
    bias: float

    @property
    def keeps_format(self) -> bool:
        return False

    def run(self, maps: Sequence[np.ndarray], formats: Sequence[FixedPoint], target: FixedPoint) -> np.ndarray:
        real = formats[0].dequantize(maps[0])
        before = (self.size - 1) // 2
        squares = np.pad(real * real, [(0, 0)] * (real.ndim - 1) + [(before + 1, self.size - 1 - before)])
        running = np.cumsum(squares, axis=-1)
        power = running[..., self.size :] - running[..., : -self.size]
        return target.quantize(real / (self.bias + self.alpha / self.size * power) ** self.beta)

    def operations(self, *sources: MapShape) -> int:
        return 6 * sources[0].pixels * sources[0].channels

    def _rules(self, sources: Sequence[MapShape]) -> Rules:
        yield from one_source(sources)
        yield 1 <= self.size <= SIDE_MAX, f"it normalizes over {self.size} channels, but 1 to {SIDE_MAX} are needed"
        yield self.bias > 0 and self.alpha >= 0, f"its bias {self.bias:g} must be positive, and its alpha {self.alpha:g} not negative"

    def _ofm(self, *sources: MapShape) -> MapShape:
        return sources[0]


OPERATIONS: dict[str, type[Operation]] = {kind.__name__: kind for kind in (Concat, Select, Pad, Resize, Unfold, Pool, PRelu, LocalResponseNorm)}
