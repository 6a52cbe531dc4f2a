# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A quantized network: integer weights, real requantization and the number format of every stored tensor.

It does not depend on an engine: the compiler turns the real scales into the integers of one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sumtile.formats import FixedPoint, WeightFormat
from sumtile.kernels.layer import Layer
from sumtile.kernels.operation import Operation
from sumtile.network.graph import Preprocess


@dataclass(frozen=True)
class QuantizedLayer:
    """One fused layer: ``real = sums * scale + offset``, plus the residual's real value, then activation and pooling.

    Attributes:
        nodes: names of the network's nodes that it runs, in order.
        source, residual: names of the tensors that it reads; ``residual`` may be None.
        geometry: shapes, pooling window, and the operator, ``adder``, ``mac`` or ``basis``; its arithmetic is left at the defaults.
        weights: int64 of ``geometry.weight_shape``.
        weight_format: the levels of the weights; None for an adder layer, whose weights have the format of its input.
        scale, offset: real value of one unit of the integer sums, and real addend: float64 of shape (channels,).
        slope, low, high: the activation, ``clip(x if x >= 0 else slope * x, low, high)``; the bounds may be None.
        activated: format of the values before the pooling (of the result, when nothing is pooled).
    """

    nodes: tuple[str, ...]
    source: str
    residual: str | None
    geometry: Layer
    weights: np.ndarray
    weight_format: WeightFormat | None
    scale: np.ndarray
    offset: np.ndarray
    slope: float
    low: float | None
    high: float | None
    activated: FixedPoint

    @property
    def name(self) -> str:
        """Name of the layer, and of the tensor that it makes."""
        return self.nodes[-1]

    @property
    def operator(self) -> str:
        """Operator of the array that the weights are made for: ``adder``, ``mac``, ``sp2``, ``mixed`` or ``basis``."""
        return self.geometry.operator if self.weight_format is None else self.weight_format.operator


@dataclass(frozen=True)
class HostLayer:
    """One operation of the processor; the formats of its tensors say the rest.

    Attributes:
        nodes: names of the network's nodes that it runs, in order.
        reads: names of the tensors that it reads.
        operation: what it computes.
    """

    nodes: tuple[str, ...]
    reads: tuple[str, ...]
    operation: Operation

    @property
    def name(self) -> str:
        """Name of the layer, and of the tensor that it makes."""
        return self.nodes[-1]


@dataclass(frozen=True)
class LayerError:
    """What quantization does to one layer's result on the calibration images.

    Attributes:
        name: name of the layer.
        operator: operator of the array that its weights are made for; ``host`` for an operation of the processor.
        weights: format of its weights in words; empty where it has none.
        weight_snr: power of the weights over that of their errors, in dB.
        clipped_weights: share of an adder layer's weights beyond the format's range (their excess moved to the constant).
        format: number format of its result.
        snr: power of the float result over that of the error, in dB; errors of the layers before it are included.
        saturated: share of the float results that lie beyond the bounds of the format by more than half a step; of an
            average, the larger one of this share and that of the averaged values beyond the bounds of theirs.
    """

    name: str
    operator: str
    weights: str
    weight_snr: float
    clipped_weights: float
    format: FixedPoint
    snr: float
    saturated: float


@dataclass(frozen=True)
class QuantizedNetwork:
    """A network in integers.

    Attributes:
        name, preprocess, classes: as in the float network.
        scheme: all settings of the quantizer in words.
        formats: number format of every stored tensor, the network's input included.
        layers: layers and operations of the processor in order; the last one makes the output.
        errors: one entry a layer, measured on the calibration images.
        orders: where the quantizer put the channels of a stored tensor into another order: by its name, the channel of the
            float network that each place holds.
    """

    name: str
    preprocess: Preprocess
    classes: tuple[str, ...]
    scheme: str
    formats: dict[str, FixedPoint]
    layers: tuple[QuantizedLayer | HostLayer, ...]
    errors: tuple[LayerError, ...] = ()
    orders: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def output(self) -> str:
        """Name of the output tensor."""
        return self.layers[-1].name
