# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Rules for the weights of multiplying layers: which levels, and what a step of them is worth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint, Mixed, SharedKernels, Symmetric, Twos, WeightFormat
from sumtile.kernels.basis import join_weights
from sumtile.kernels.layer import Layer
from sumtile.network.bases import Bases
from sumtile.network.graph import Grid
from sumtile.quantize.bases import IntegerBases, fold_scales
from sumtile.quantize.fl import check_radius, rounding_error, search_fl
from sumtile.quantize.grids import weight_levels
from sumtile.quantize.noise import decibels
from sumtile.quantize.steps import REACH, covering_steps, fitted_steps
from sumtile.quantize.weights import IntegerWeights, level_type, round_filters


class WeightRule(ABC):
    """Base of all rules for weights; ``str`` gives every setting in words."""

    @property
    @abstractmethod
    def format(self) -> WeightFormat:
        """The levels of the weights."""

    @abstractmethod
    def quantize(self, layers: Sequence[np.ndarray]) -> list[IntegerWeights]:
        """Quantizes the weights of all layers that the rule holds for.

        Args:
            layers: real weights, (outputs, kernel height, kernel width, inputs) each.
        """

    def adapted(self, geometry: Layer) -> Layer:
        """A multiplying layer as an engine runs it with such weights."""
        return geometry

    def sketch(self, geometry: Layer) -> np.ndarray:
        """Integers of a layer's shape for a plan: ones, where an engine's time does not depend on them. They take no memory."""
        return np.broadcast_to(np.int8(1), geometry.weight_shape)


@dataclass(frozen=True)
class CoveringWeights(WeightRule):
    """One scale a filter, which covers its largest weight.

    Source: Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference: A whitepaper", 2018 (arXiv
    1806.08342), section 2: the symmetric quantizer, with the granularity of a channel.

    Attributes:
        bits: width of the symmetric integers, 2 to 16.
    """

    bits: int

    def __post_init__(self) -> None:
        Symmetric(self.bits)

    def __str__(self) -> str:
        return f"{self.format}, each filter's scale covers its maximum"

    @property
    def format(self) -> Symmetric:
        return Symmetric(self.bits)

    def quantize(self, layers: Sequence[np.ndarray]) -> list[IntegerWeights]:
        return [round_filters(weights, covering_steps(weights, self.format), self.format) for weights in layers]


@dataclass(frozen=True)
class FittedWeights(WeightRule):
    """One scale a filter, of least squared error; see :func:`sumtile.quantize.steps.fitted_steps`.

    With a :class:`~sumtile.formats.Mixed` format, the quantizer orders the filters before; see :func:`sumtile.quantize.rows.assign_rows`.

    Attributes:
        levels: the format.
        starts: how many steps the search begins with, 1 to 256.
    """

    levels: WeightFormat
    starts: int

    def __post_init__(self) -> None:
        if isinstance(self.levels, Twos):
            raise SumtileError(f"a scale was to be fitted to {self.levels}, whose step is a power of two; use Symmetric, Sp2, Ternary or Mixed, or DynamicWeights.")
        if not 1 <= self.starts <= 256:
            raise SumtileError(f"{self.starts} starts of the search for a scale were asked for, but it must be 1 to 256; 64 are plenty.")

    def __str__(self) -> str:
        rows = " (those of high variance)" if isinstance(self.levels, Mixed) else ""
        return f"{self.levels}{rows}, each filter's scale by least squares from {self.starts} starts up to {REACH:g} times the covering one"

    @property
    def format(self) -> WeightFormat:
        return self.levels

    def quantize(self, layers: Sequence[np.ndarray]) -> list[IntegerWeights]:
        return [round_filters(weights, fitted_steps(weights, self.levels, self.starts), self.levels) for weights in layers]


@dataclass(frozen=True)
class DynamicWeights(WeightRule):
    """Dynamic precision: two's complement with a fractional length for each layer or filter, which may be negative.

    Source: Qiu et al., "Going Deeper with Embedded FPGA Platform", FPGA'16, section 4.

    Attributes:
        bits: width of the weights, 2 to 16.
        radius: how far the search goes from the fractional length that just avoids overflow.
        per_filter: a fractional length for each filter instead of each layer.
    """

    bits: int
    radius: int
    per_filter: bool

    def __post_init__(self) -> None:
        Twos(self.bits)
        check_radius(self.radius)

    def __str__(self) -> str:
        return f"{self.format}, one fl a {'filter' if self.per_filter else 'layer'} searched within {self.radius} of no overflow"

    @property
    def format(self) -> Twos:
        return Twos(self.bits)

    def quantize(self, layers: Sequence[np.ndarray]) -> list[IntegerWeights]:
        return [self._layer(weights) for weights in layers]

    def _layer(self, weights: np.ndarray) -> IntegerWeights:
        parts = list(weights) if self.per_filter else [weights]
        steps = [2.0 ** -_weights_fl([part], self.bits, self.radius) for part in parts]
        return round_filters(weights, np.resize(steps, len(weights)), self.format)


@dataclass(frozen=True)
class StaticWeights(WeightRule):
    """Static precision: two's complement with one fractional length for the weights of all layers.

    Source: Qiu et al., "Going Deeper with Embedded FPGA Platform", FPGA'16, section 4, which compares it with dynamic precision.

    Attributes:
        bits: width of the weights, 2 to 16.
        radius: how far the search goes from the fractional length that just avoids overflow in every layer.
    """

    bits: int
    radius: int

    def __post_init__(self) -> None:
        Twos(self.bits)
        check_radius(self.radius)

    def __str__(self) -> str:
        return f"{self.format}, one fl for all layers searched within {self.radius} of no overflow"

    @property
    def format(self) -> Twos:
        return Twos(self.bits)

    def quantize(self, layers: Sequence[np.ndarray]) -> list[IntegerWeights]:
        step = 2.0 ** -_weights_fl(layers, self.bits, self.radius) if layers else 1.0
        return [round_filters(weights, np.full(len(weights), step), self.format) for weights in layers]


@dataclass(frozen=True, eq=False)
class TrainedWeights(WeightRule):
    """The grid that training quantized the weights of one layer to.

    Attributes:
        name: of the layer's node, for the sentence where its weights lie off the grid.
        levels: the format that holds the grid's integers.
        grid: the grid.
    """

    name: str
    levels: WeightFormat
    grid: Grid

    def __str__(self) -> str:
        return f"{self.levels} as trained"

    @property
    def format(self) -> WeightFormat:
        return self.levels

    def quantize(self, layers: Sequence[np.ndarray]) -> list[IntegerWeights]:
        found = []
        for weights in layers:
            _, integers, steps = weight_levels(self.name, weights, self.grid)
            found.append(IntegerWeights(integers.astype(level_type(self.levels)), steps, np.zeros(len(weights)), self.levels, snr=float("inf"), clipped=0.0))
        return found


@dataclass(frozen=True, eq=False)
class SharedKernelWeights(WeightRule):
    """The shared kernels and the ternary coefficients that a layer's weights are composed of.

    Its integers are the weights of a layer of basis kernels, (outputs, bases, inputs + taps); see :mod:`sumtile.kernels.basis`.

    Attributes:
        bases: of the layer's node; with ternary coefficients.
    """

    bases: Bases

    def __str__(self) -> str:
        return f"{self.format}, each output's scale covers its maximum"

    @property
    def format(self) -> SharedKernels:
        return SharedKernels()

    def adapted(self, geometry: Layer) -> Layer:
        return replace(geometry, operator="basis", bases=self.bases.rank)

    def sketch(self, geometry: Layer) -> np.ndarray:
        return self._joined(fold_scales(self.bases))

    def quantize(self, layers: Sequence[np.ndarray]) -> list[IntegerWeights]:
        integers = fold_scales(self.bases)
        composed = integers.compose().transpose(0, 2, 3, 1) * integers.steps[:, None, None, None]
        joined, constant = self._joined(integers), np.zeros(len(integers.steps))
        return [IntegerWeights(joined, integers.steps, constant, self.format, snr=decibels(weights, weights - composed), clipped=0.0) for weights in layers]

    @staticmethod
    def _joined(integers: IntegerBases) -> np.ndarray:
        return join_weights(integers.coefficients.transpose(0, 2, 1), integers.kernels).astype(np.int8)


def _weights_fl(parts: Sequence[np.ndarray], bits: int, radius: int) -> int:
    """The fractional length with the smallest sum of absolute errors over all parts."""
    low, high = min(float(part.min()) for part in parts), max(float(part.max()) for part in parts)
    around = FixedPoint.covering(low, high, bits, signed=True).fl
    return search_fl(around, radius, lambda fl: sum(rounding_error(part, part, FixedPoint(bits, fl)) for part in parts))
