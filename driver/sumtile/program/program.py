# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A network as the driver runs it: tensors in DDR, and engine layers and host operations in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network.graph import Preprocess
from sumtile.program.steps import FcStep, HostStep, Step, Tensor


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
        steps: engine layers and host operations in order.
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
    steps: tuple[Step | FcStep | HostStep, ...]
    input: str
    output: str

    @property
    def layers(self) -> tuple[Step, ...]:
        """The layers of the convolution engine in order."""
        return tuple(step for step in self.steps if isinstance(step, Step))

    @property
    def fc_layers(self) -> tuple[FcStep, ...]:
        """The layers of the engine for fully connected layers in order."""
        return tuple(step for step in self.steps if isinstance(step, FcStep))

    @property
    def host_input(self) -> bool:
        """Only operations of the processor read the input, so that it need not lie where an engine sees it."""
        return all(isinstance(step, HostStep) for step in self.steps if self.input in step.reads)

    @property
    def class_count(self) -> int:
        """How many classes the output tells apart: the channels of its only pixel.

        Raises:
            SumtileError: the output has several pixels.
        """
        shape = self.tensors[self.output].shape
        if shape.pixels != 1:
            raise SumtileError(
                f"program '{self.name}' makes a map of {shape.height} x {shape.width} pixels, but classes are the channels of a single one; use infer(), or end the network with a "
                "pooling of the whole map or a fully connected layer."
            )
        return shape.channels

    def run_host(self, step: HostStep, maps: Sequence[np.ndarray]) -> np.ndarray:
        """Result of a host operation on integer maps of (height, width, channels), or on batches of them."""
        return step.operation.run(maps, [self.tensors[name].format for name in step.sources], self.tensors[step.target].format)
