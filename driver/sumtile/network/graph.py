# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Dataclasses of a network. Every node has one output, and the node's name is the name of that tensor.

Tensors are float32 NCHW, as the training frameworks have them; weights are (outputs, inputs, height, width).
Sizes are (height, width) and padding is (top, left, bottom, right).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sumtile.errors import SumtileError
from sumtile.fields import check_fields
from sumtile.network.bases import Bases
from sumtile.network.grid import Grid

SIDE_MAX = 4095
"""Largest height, width, kernel, stride, dilation or padding."""

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

    def check(self) -> None:
        """Raises SumtileError for values of another type, an absurd size, or a mean and std that do not fit together."""
        check_fields(self, "the preprocessing")
        if not (1 <= self.height <= SIDE_MAX and 1 <= self.width <= SIDE_MAX):
            raise SumtileError(f"the network takes images of {self.height} x {self.width}, but sides of 1 to {SIDE_MAX} are needed; correct the preprocessing.")
        if not self.mean or len(self.mean) != len(self.std) or min(self.std) <= 0:
            raise SumtileError(f"the preprocessing has mean {self.mean} and std {self.std}, but one mean and one positive std a channel are needed; correct them.")

    def apply(self, images: np.ndarray) -> np.ndarray:
        """uint8 (N, height, width, channels) to float32 (N, channels, height, width)."""
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        scaled = (images.astype(np.float32) / np.float32(255) - mean) / std
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=np.float32)


Rules = Iterable[tuple[bool, str]]


@dataclass
class Node:
    """Base of all nodes: a name and the names of the tensors it reads."""

    name: str
    inputs: tuple[str, ...]

    _arity: ClassVar[int | None] = 1  # tensors that a node of this kind reads; None for any number

    def check(self) -> None:
        """Raises SumtileError for a field of another type, or a value that a node of this kind cannot have."""
        check_fields(self, f"node '{self.name}'")
        if self._arity is not None and len(self.inputs) != self._arity:
            raise SumtileError(f"node '{self.name}' ({type(self).__name__}) reads {len(self.inputs)} tensors instead of {self._arity}; correct its inputs.")
        for holds, sentence in self._rules():
            if not holds:
                raise SumtileError(f"node '{self.name}' {sentence}; correct it.")

    def _rules(self) -> Rules:
        """What holds for a node of this kind, and the sentence where it does not."""
        return []


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

    def _rules(self) -> Rules:
        shape, reach = self.weight.shape, (*self.stride, *self.dilation)
        yield self.operator in ("mac", "adder"), f"has the operator '{self.operator}', but 'mac' or 'adder' is needed"
        yield len(shape) == 4 and min(shape) >= 1 and max(shape[2:]) <= SIDE_MAX, f"has weights of shape {shape}, but (outputs, inputs, height, width) is needed"
        yield self.groups >= 1 and shape[0] % self.groups == 0, f"has {self.groups} groups, which {shape[0]} outputs cannot be split into"
        yield self.bias is None or self.bias.shape == shape[:1], f"has a bias of another shape than ({shape[0]},)"
        yield min(reach) >= 1 and max(reach) <= SIDE_MAX, f"has stride {self.stride} and dilation {self.dilation}, but 1 to {SIDE_MAX} is needed"
        yield min(self.padding) >= 0 and max(self.padding) <= SIDE_MAX, f"has padding {self.padding}, but 0 to {SIDE_MAX} is needed"


@dataclass
class Linear(Node):
    """Fully connected layer on a flat tensor: weight (outputs, inputs)."""

    weight: np.ndarray
    bias: np.ndarray | None = None

    def _rules(self) -> Rules:
        shape = self.weight.shape
        yield len(shape) == 2 and min(shape) >= 1, f"has weights of shape {shape}, but (outputs, inputs) is needed"
        yield self.bias is None or self.bias.shape == shape[:1], f"has a bias of another shape than ({shape[0]},)"


@dataclass
class BatchNorm(Node):
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` for each channel."""

    gamma: np.ndarray
    beta: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    epsilon: float = 1e-5

    def _rules(self) -> Rules:
        shapes = [array.shape for array in (self.gamma, self.beta, self.mean, self.variance)]
        yield len(set(shapes)) == 1 and len(shapes[0]) == 1 and shapes[0][0] >= 1, f"has arrays of shapes {shapes}, but four of one shape (channels,) are needed"

    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """The same as ``x * factor + addend``: both float64 of shape (channels,)."""
        factor = self.gamma.astype(np.float64) / np.sqrt(self.variance.astype(np.float64) + self.epsilon)
        return factor, self.beta.astype(np.float64) - self.mean.astype(np.float64) * factor


@dataclass
class Activation(Node):
    """``clip(x if x >= 0 else slope * x, low, high)``: ReLU by default, ReLU6 with ``high=6``, leaky with a slope, a plain clip with slope 1."""

    slope: float = 0.0
    high: float | None = None
    low: float | None = None


@dataclass
class PRelu(Node):
    """``x if x >= 0 else slope * x`` with a slope for each channel: float array of shape (channels,)."""

    slope: np.ndarray

    def _rules(self) -> Rules:
        yield self.slope.ndim == 1 and self.slope.size >= 1, f"has slopes of shape {self.slope.shape}, but (channels,) is needed"


@dataclass
class Pool(Node):
    """``max`` or ``average`` pooling; ``kernel`` None means the whole map.

    Averages count padded taps as zeros, or leave them out of sum and count where ``count_padding`` is false.
    """

    kind: str = "max"
    kernel: tuple[int, int] | None = None
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    count_padding: bool = True

    def _rules(self) -> Rules:
        windows = (*(self.kernel or (1, 1)), *self.stride)
        yield self.kind in ("max", "average"), f"pools by '{self.kind}', but 'max' or 'average' is needed"
        yield min(windows) >= 1 and max(windows) <= SIDE_MAX, f"has kernel {self.kernel} and stride {self.stride}, but 1 to {SIDE_MAX} is needed"
        yield min(self.padding) >= 0 and max(self.padding) <= SIDE_MAX, f"has padding {self.padding}, but 0 to {SIDE_MAX} is needed"


@dataclass
class Add(Node):
    """Sum of two tensors of one shape (a residual connection)."""

    _arity = 2


@dataclass
class Concat(Node):
    """Tensors of one height and width, one after the other along the channels."""

    _arity = None

    def _rules(self) -> Rules:
        yield len(self.inputs) >= 2, f"joins {len(self.inputs)} tensor, but at least 2 are needed"


@dataclass
class Select(Node):
    """Channels in another order or number: channel p of the result is ``channels[p]`` of the input; integers of shape (outputs,).

    It stands for a shuffle, a slice, a split and a transpose of groups of channels.
    """

    channels: np.ndarray

    def _rules(self) -> Rules:
        whole = self.channels.ndim == 1 and self.channels.size >= 1 and self.channels.dtype.kind in "iu"
        yield (
            whole and int(self.channels.min()) >= 0,
            f"selects channels by an array of {self.channels.dtype} and shape {self.channels.shape}, but indices of shape (outputs,) are needed",
        )


@dataclass
class Pad(Node):
    """A border of zeros: (top, left, bottom, right)."""

    padding: tuple[int, int, int, int]

    def _rules(self) -> Rules:
        yield min(self.padding) >= 0 and max(self.padding) <= SIDE_MAX, f"has padding {self.padding}, but 0 to {SIDE_MAX} is needed"


@dataclass
class Resize(Node):
    """Nearest neighbour: every pixel becomes ``factor`` = (rows, columns) equal ones."""

    factor: tuple[int, int]

    def _rules(self) -> Rules:
        yield min(self.factor) >= 1 and max(self.factor) <= SIDE_MAX, f"enlarges by {self.factor}, but factors of 1 to {SIDE_MAX} are needed"


@dataclass
class LocalResponseNorm(Node):
    """``x / (bias + alpha / size * sum of x**2 over size channels around)**beta``.

    Source: Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", NIPS 2012, section 3.3.
    """

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    bias: float = 1.0

    def _rules(self) -> Rules:
        yield self.size >= 1, f"normalizes over {self.size} channels, but at least 1 is needed"
        yield self.bias > 0 and self.alpha >= 0, f"has bias {self.bias:g} and alpha {self.alpha:g}, but a positive and a non-negative one are needed"


@dataclass
class Softmax(Node):
    """Exponentials over the channels, divided by their sum."""


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
        grids: what was quantized in training, by name: of a tensor, or of a layer's weights as ``<node>.weight``; empty
            for a network that was trained in floating point.
        bases: what composes the kernels of convolutions, by the name of the node; its weights are what they compose.
    """

    name: str
    preprocess: Preprocess
    nodes: list[Node] = field(default_factory=list)
    classes: tuple[str, ...] = ()
    grids: dict[str, Grid] = field(default_factory=dict)
    bases: dict[str, Bases] = field(default_factory=dict)

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
        """Raises SumtileError for an empty network, a name used twice, a tensor read before it is made, or a node, preprocessing or bases that are broken in themselves."""
        if not self.nodes:
            raise SumtileError(f"network '{self.name}' has no nodes; add at least one layer.")
        self.preprocess.check()
        made = {INPUT}
        for node in self.nodes:
            node.check()
            for name in node.inputs:
                if name not in made:
                    raise SumtileError(f"node '{node.name}' of network '{self.name}' reads '{name}', which no earlier node makes; reorder the nodes or correct the name.")
            if node.name in made:
                raise SumtileError(f"network '{self.name}' has two tensors named '{node.name}'; rename one.")
            made.add(node.name)
        for name, bases in self.bases.items():
            self._check_bases(name, bases)

    def _check_bases(self, name: str, bases: Bases) -> None:
        bases.check(name)
        node = self.node(name)
        if not isinstance(node, Conv) or node.groups != 1 or node.operator != "mac":
            raise SumtileError(f"network '{self.name}' has bases for '{name}', which is no ordinary convolution; remove them.")
        composed = bases.compose()
        if composed.shape != node.weight.shape or not np.allclose(composed, node.weight, rtol=0, atol=1e-5 * float(np.abs(composed).max())):
            raise SumtileError(f"the weights of node '{name}' are not those that its bases compose; compose them again, or remove the bases.")
