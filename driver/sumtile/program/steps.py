# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a program is made of: tensors in memory, engine layers and host operations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sumtile.formats import FixedPoint
from sumtile.kernels.fc import Factor, FcLayer
from sumtile.kernels.layer import Layer, MapShape, Requantization
from sumtile.kernels.operation import Operation


@dataclass(frozen=True)
class Tensor:
    """A feature map in memory.

    Attributes:
        name: name of the network's tensor.
        shape: height, width and channels.
        format: number format of its integers.
        buffer: index of the buffer it lies in; tensors that never live at the same time share one.
    """

    name: str
    shape: MapShape
    format: FixedPoint
    buffer: int


@dataclass(frozen=True)
class Step:
    """One engine layer: which tensors it reads and writes, and its integers.

    Attributes:
        name: name of the network's node whose result the step makes.
        layer: shapes and arithmetic.
        source, residual, target: names of tensors; ``residual`` may be None.
        weights: integer values of ``layer.weight_shape``, in any signed type (unsigned for unsigned adder weights).
        requantization: per-channel parameters.
    """

    name: str
    layer: Layer
    source: str
    residual: str | None
    target: str
    weights: np.ndarray
    requantization: Requantization

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the tensors that it reads."""
        return (self.source,) if self.residual is None else (self.source, self.residual)


@dataclass(frozen=True)
class FcStep:
    """One layer of the engine for fully connected layers.

    Attributes:
        name: name of the network's node whose result the step makes.
        layer: shapes and arithmetic, for one image.
        source, target: names of tensors; the source's map is the vector, as it lies in memory.
        factors: one or two, the one that sees the vector first; their weights are of any signed type.
    """

    name: str
    layer: FcLayer
    source: str
    target: str
    factors: tuple[Factor, ...]

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the tensors that it reads."""
        return (self.source,)


@dataclass(frozen=True)
class HostStep:
    """One operation of the processor on tensors in memory.

    Attributes:
        name: name of the network's node whose result the step makes, or of what it prepares for a layer.
        operation: what it computes; the formats are those of the tensors.
        sources, target: names of tensors.
    """

    name: str
    operation: Operation
    sources: tuple[str, ...]
    target: str

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the tensors that it reads."""
        return self.sources
