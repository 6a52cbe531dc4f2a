# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Dataclasses of a network. Every node has one output, and the node's name is the name of that tensor.

Tensors are float32 NCHW, as the training frameworks have them; weights are (outputs, inputs, height, width).
Sizes are (height, width) and padding is (top, left, bottom, right).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sumtile.errors import SumtileError

INPUT = "input"
"""Name of the tensor that holds the preprocessed image."""


@dataclass(frozen=True)
class Preprocess:
    """From an image to the network's input: convert, resize, then ``(pixel / 255 - mean) / std`` for each channel.

    Attributes:
        height, width: size that the network takes.
        mean, std: one entry a channel; one channel means greyscale, three RGB.
    """

    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def channels(self) -> int:
        return len(self.mean)

    def apply(self, images: np.ndarray) -> np.ndarray:
        """uint8 (N, height, width, channels) to float32 (N, channels, height, width)."""
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        scaled = (images.astype(np.float32) / np.float32(255) - mean) / std
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=np.float32)


@dataclass
class Node:
    """Base of all nodes: a name and the names of the tensors it reads."""

    name: str
    inputs: tuple[str, ...]


@dataclass
class Conv(Node):
    """Convolution; ``operator`` is ``mac`` (sum of products) or ``adder`` (minus the sum of absolute differences)."""

    weight: np.ndarray
    operator: str = "mac"
    bias: np.ndarray | None = None
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1


@dataclass
class Linear(Node):
    """Fully connected layer on a flat tensor: weight (outputs, inputs)."""

    weight: np.ndarray
    bias: np.ndarray | None = None


@dataclass
class BatchNorm(Node):
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` for each channel."""

    gamma: np.ndarray
    beta: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    epsilon: float = 1e-5

    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """The same as ``x * factor + addend``: both float64 of shape (channels,)."""
        factor = self.gamma.astype(np.float64) / np.sqrt(self.variance.astype(np.float64) + self.epsilon)
        return factor, self.beta.astype(np.float64) - self.mean.astype(np.float64) * factor


@dataclass
class Activation(Node):
    """``clip(x if x >= 0 else slope * x, None, high)``: ReLU by default, ReLU6 with ``high=6``, leaky with a slope."""

    slope: float = 0.0
    high: float | None = None


@dataclass
class Pool(Node):
    """``max`` or ``average`` pooling; ``kernel`` None means the whole map. Averages count padded taps as zeros."""

    kind: str = "max"
    kernel: tuple[int, int] | None = None
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass
class Add(Node):
    """Sum of two tensors of one shape (a residual connection)."""


@dataclass
class Flatten(Node):
    """(N, C, H, W) to (N, C * H * W), in that order."""


@dataclass
class Network:
    """A network: nodes in an order in which every tensor is made before it is read; the last node is the output.

    Attributes:
        name: a short name, used in reports.
        preprocess: from an image to the tensor ``input``.
        nodes: the nodes.
        classes: names of the output classes, in order.
    """

    name: str
    preprocess: Preprocess
    nodes: list[Node] = field(default_factory=list)
    classes: tuple[str, ...] = ()

    @property
    def output(self) -> str:
        """Name of the output tensor."""
        return self.nodes[-1].name

    def node(self, name: str) -> Node:
        """The node of that name; SumtileError when there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise SumtileError(f"network '{self.name}' has no node '{name}' (it has: {', '.join(n.name for n in self.nodes)}).")

    def readers(self, name: str) -> list[Node]:
        """Nodes that read the tensor ``name``."""
        return [node for node in self.nodes if name in node.inputs]

    def check(self) -> None:
        """Raises SumtileError for an empty network, a name used twice or a tensor read before it is made."""
        if not self.nodes:
            raise SumtileError(f"network '{self.name}' has no nodes; add at least one layer.")
        made = {INPUT}
        for node in self.nodes:
            for name in node.inputs:
                if name not in made:
                    raise SumtileError(f"node '{node.name}' of network '{self.name}' reads '{name}', which no earlier node makes; reorder the nodes or correct the name.")
            if node.name in made:
                raise SumtileError(f"network '{self.name}' has two tensors named '{node.name}'; rename one.")
            made.add(node.name)
