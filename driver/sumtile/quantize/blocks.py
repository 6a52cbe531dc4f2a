# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A block: the nodes of a network that an engine runs as one layer, or the processor as one operation, and how a node begins one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from sumtile.errors import SumtileError
from sumtile.kernels.layer import Layer, MapShape
from sumtile.kernels.operation import Operation
from sumtile.network.graph import INPUT, BatchNorm, Conv, Linear, Node


class Stage(IntEnum):
    """How far down the engine's pipeline a block reaches."""

    CONVOLUTION = 0
    ADDITION = 1
    ACTIVATION = 2
    POOLING = 3


@dataclass
class Block:
    """Nodes that run as one engine layer; it makes the tensor of the last one.

    Attributes:
        nodes: names of the nodes, in order.
        source, residual: names of the stored tensors that it reads; ``residual`` may be None.
        geometry: shapes and operator; the arithmetic of the layer is left at its defaults.
        weights: real weights of ``geometry.weight_shape``, in the network's type.
        factor, addend: bias and batch normalization as ``sum * factor + addend``, float64 of shape (channels,).
        slope: factor of negative values after the addition; 1 when there is no activation.
        low, high: bounds of the activation, or None.
        stage: the last stage that is taken.
        affine: name of the tensor that ``factor`` and ``addend`` lead to, before the addition; empty when no node makes it.
        before_pool: name of the tensor that is pooled; the block's own when nothing is.
    """

    nodes: list[str]
    source: str
    geometry: Layer
    weights: np.ndarray
    factor: np.ndarray
    addend: np.ndarray
    residual: str | None = None
    slope: float = 1.0
    low: float | None = None
    high: float | None = None
    stage: Stage = Stage.CONVOLUTION
    affine: str = ""
    before_pool: str = ""

    @property
    def name(self) -> str:
        """Name of the tensor that the block makes."""
        return self.nodes[-1]

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the stored tensors that it reads."""
        return (self.source,) if self.residual is None else (self.source, self.residual)

    @property
    def shape(self) -> MapShape:
        """Shape of its tensor."""
        return self.geometry.ofm

    @property
    def rectified(self) -> bool:
        """True when the result is never negative."""
        return self.slope == 0.0 or self.low == 0.0

    def fold(self, node: BatchNorm) -> None:
        """Applies a batch normalization after what is folded already.

        Raises:
            SumtileError: another number of channels, or parameters that give no finite factor.
        """
        if node.gamma.shape != self.factor.shape:
            raise SumtileError(f"batch normalization '{node.name}' has {node.gamma.size} channels, but '{node.inputs[0]}' has {self.factor.size}; correct its arrays.")
        lowest = float(np.min(node.variance.astype(np.float64) + node.epsilon))
        if not lowest > 0:
            raise SumtileError(f"batch normalization '{node.name}' has a variance plus epsilon of {lowest:g}, but it must be positive; raise epsilon.")
        factor, addend = node.factors()
        _require_finite(node, factor, addend)
        self.addend = self.addend * factor + addend
        self.factor = self.factor * factor
        self.affine = node.name


@dataclass
class HostBlock:
    """Nodes that the processor runs as one operation; it makes the tensor of the last one.

    Attributes:
        nodes: names of the nodes, in order.
        reads: names of the stored tensors that it reads.
        operation: what it computes.
        shape: shape of its tensor.
    """

    nodes: list[str]
    reads: tuple[str, ...]
    operation: Operation
    shape: MapShape

    @property
    def name(self) -> str:
        """Name of the tensor that the block makes."""
        return self.nodes[-1]


AnyBlock = Block | HostBlock


def multiplying_layers(blocks: Sequence[AnyBlock]) -> tuple[list[Block], list[Block]]:
    """The multiplying layers of a network: those between its ends, and those that read its input or make its output, host operations apart."""
    first, last = {INPUT}, {blocks[-1].name}
    for block in blocks:
        if isinstance(block, HostBlock) and first.issuperset(block.reads):
            first.add(block.name)
    for block in reversed(blocks):
        if isinstance(block, HostBlock) and block.name in last:
            last.update(block.reads)
    inner: list[Block] = []
    ends: list[Block] = []
    for block in blocks:
        if isinstance(block, Block) and block.geometry.operator == "mac":
            (ends if block.source in first or block.name in last else inner).append(block)
    return inner, ends


def conv_block(node: Conv, ifm: MapShape) -> Block:
    """A block that begins with a convolution; weights become (outputs, height, width, inputs)."""
    outputs, inputs, *kernel = node.weight.shape
    depthwise = node.groups > 1
    if inputs * node.groups != ifm.channels:
        raise SumtileError(f"node '{node.name}' has weights for {inputs * node.groups} input channels, but '{node.inputs[0]}' has {ifm.channels}; correct its weights.")
    geometry = Layer(node.operator, ifm, outputs, (kernel[0], kernel[1]), node.stride, node.dilation, node.padding, depthwise=depthwise)
    return _begin(node, geometry, node.weight.transpose(0, 2, 3, 1), node.bias)


def linear_block(node: Linear, ifm: MapShape) -> Block:
    """A block that begins with a fully connected layer: a convolution whose kernel is the whole map.

    The weights' columns are in the order of a flattened (channels, height, width) map.
    """
    outputs, inputs = node.weight.shape
    if inputs != ifm.pixels * ifm.channels:
        raise SumtileError(f"node '{node.name}' has weights for {inputs} inputs, but '{node.inputs[0]}' has {ifm.pixels * ifm.channels}; correct its weights.")
    geometry = Layer("mac", ifm, outputs, (ifm.height, ifm.width))
    weights = node.weight.reshape(outputs, ifm.channels, ifm.height, ifm.width).transpose(0, 2, 3, 1)
    return _begin(node, geometry, weights, node.bias)


def identity_block(source: str, ifm: MapShape) -> Block:
    """A block that begins with a depthwise 1x1 convolution of weight one, for nodes that follow no convolution."""
    channels = ifm.channels
    geometry = Layer("mac", ifm, channels, depthwise=True)
    return Block([], source, geometry, np.ones(geometry.weight_shape), np.ones(channels), np.zeros(channels))


def _begin(node: Node, geometry: Layer, weights: np.ndarray, bias: np.ndarray | None) -> Block:
    addend = np.zeros(geometry.channels) if bias is None else bias.astype(np.float64)
    _require_finite(node, weights, addend)
    return Block([], node.inputs[0], geometry, weights, np.ones(geometry.channels), addend, affine=node.name)


def _require_finite(node: Node, *arrays: np.ndarray) -> None:
    if not all(np.all(np.isfinite(array)) for array in arrays):
        raise SumtileError(f"node '{node.name}' has parameters that are not finite; train the network again or repair its file.")
