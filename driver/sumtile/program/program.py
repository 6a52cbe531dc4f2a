# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A network as the driver runs it: tensors in DDR, and engine layers in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sumtile.formats import FixedPoint
from sumtile.kernels.layer import Layer, MapShape, Requantization
from sumtile.network.graph import Preprocess
from sumtile.program.check import check_program


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


@dataclass(frozen=True)
class Program:
    """A compiled network.

    Attributes:
        name: name of the network.
        overlay, board, stamp: what it was compiled for; the driver refuses an overlay with another stamp.
        data_bits: width of the engine's features, 8 or 16.
        scheme: all settings of the quantizer in words; empty where the integers come from elsewhere.
        preprocess: from an image to the real values of the input tensor.
        classes: names of the output classes.
        tensors: all tensors by name; ``input`` and ``output`` name the first and the last.
        steps: engine layers in order.
    """

    name: str
    overlay: str
    board: str
    stamp: int
    data_bits: int
    scheme: str
    preprocess: Preprocess
    classes: tuple[str, ...]
    tensors: dict[str, Tensor]
    steps: tuple[Step, ...]
    input: str
    output: str

    def check(self) -> None:
        """Raises SumtileError unless the numbers agree with each other, so that an engine gives the integers of the golden model.

        What depends on the engine, :meth:`sumtile.kernels.layer.Layer.check` tells.
        """
        check_program(self)
