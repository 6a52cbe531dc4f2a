# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Gathers the nodes of a network into blocks that an engine runs as one layer each, or the processor as one operation.

A block of an engine is a convolution or a fully connected layer, then what may follow it in the engine's pipeline: batch
normalization, the addition of a stored map, an activation, a pooling. A node joins the block that makes its input
when nothing else reads that tensor; otherwise it begins a block of its own on an identity convolution. What no engine
does begins and ends a block of the processor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.kernels import host
from sumtile.kernels.layer import MapShape
from sumtile.kernels.layer import Pool as LayerPool
from sumtile.kernels.operation import Operation
from sumtile.network.graph import (
    INPUT,
    Activation,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Flatten,
    Linear,
    LocalResponseNorm,
    Network,
    Node,
    Pad,
    Pool,
    PRelu,
    Resize,
    Select,
    Softmax,
)
from sumtile.quantize.blocks import AnyBlock, Block, HostBlock, Stage, conv_block, identity_block, linear_block
from sumtile.quantize.expand import expand_groups


def fuse(network: Network, on_grids: bool = False) -> list[AnyBlock]:
    """The network as blocks, each after those whose tensors it reads; the last one makes the output.

    Nodes that the output does not depend on are left out. So is a Softmax at the end, since it keeps the order of the
    classes; the last block then makes what it would read.

    Args:
        network: the network.
        on_grids: each tensor that was quantized in training ends its block, so that it is rounded where it was.

    Raises:
        SumtileError: a node that no block can hold; the sentence names it.
    """
    network.check()
    network = expand_groups(network)
    fuser = _Fuser(network, set(network.grids) if on_grids else set())
    for node in network.nodes:
        fuser.take(node)
    return fuser.blocks()


class _Fuser:
    """Takes the nodes of a network one after the other."""

    def __init__(self, network: Network, stored: set[str]) -> None:
        self._network, self._stored = network, stored
        self._order = {node.name: index for index, node in enumerate(network.nodes)}
        self._readers: dict[str, list[Node]] = {}
        for node in network.nodes:
            for name in dict.fromkeys(node.inputs):
                self._readers.setdefault(name, []).append(node)
        self._blocks: dict[str, AnyBlock] = {}  # by the tensor that each makes so far
        self._flat: dict[str, str] = {}  # Flatten nodes, and the maps that they are views of
        self._same: dict[str, str] = {}  # nodes that change nothing, and the tensors that they stand for
        self._shapes = {INPUT: MapShape(network.preprocess.height, network.preprocess.width, network.preprocess.channels)}

    def blocks(self) -> list[AnyBlock]:
        """The blocks that the output depends on, in the order of their last nodes, in which every tensor is made before it is read."""
        output = self._resolved(self._network.output)
        if output not in self._blocks:
            raise SumtileError(f"network '{self._network.name}' makes its output '{self._network.output}' without a layer; add one.")
        needed, kept = {output}, []
        for block in sorted(self._blocks.values(), key=lambda block: self._order[block.name], reverse=True):
            if block.name in needed:
                kept.append(block)
                needed.update(block.reads)
        return kept[::-1]

    def take(self, node: Node) -> None:
        handlers: dict[type, Callable[..., None]] = {
            Conv: self._conv, Linear: self._linear, BatchNorm: self._batch_norm, Add: self._add, Activation: self._activation, PRelu: self._prelu, Pool: self._pool,
            Flatten: self._flatten, Concat: self._concat, Select: self._select, Pad: self._pad, Resize: self._resize, LocalResponseNorm: self._normalize, Softmax: self._softmax,
        }  # fmt: skip
        handler = handlers.get(type(node))
        if handler is None:
            raise SumtileError(f"node '{node.name}' is a {type(node).__name__}, which no engine layer can run; build the network from the nodes of sumtile.network.")
        flat = [name for name in node.inputs if name in self._flat]
        if flat and not isinstance(node, Linear):
            raise SumtileError(f"node '{node.name}' reads the flat tensor '{flat[0]}', but only a Linear node can; put the Flatten right before the Linear.")
        handler(replace(node, inputs=tuple(self._resolved(name) for name in node.inputs)))

    def _conv(self, node: Conv) -> None:
        self._finish(node, self._absorbed(conv_block(node, self._shapes[node.inputs[0]])))

    def _absorbed(self, block: Block) -> Block:
        """The block with the border of zeros that a Pad before it makes as padding of its own."""
        before = self._blocks.get(block.source)
        if not isinstance(before, HostBlock) or not isinstance(before.operation, host.Pad) or self._reads(before.name) > 1 or before.name in self._stored:
            return block
        del self._blocks[before.name]
        top, left, bottom, right = (own + border for own, border in zip(block.geometry.padding, before.operation.padding))
        block.geometry = replace(block.geometry, ifm=self._shapes[before.reads[0]], padding=(top, left, bottom, right))
        block.nodes, block.source = [*before.nodes, *block.nodes], before.reads[0]
        return block

    def _linear(self, node: Linear) -> None:
        source = self._flat.get(node.inputs[0], node.inputs[0])
        block = linear_block(node, self._shapes[source])
        block.source = source
        self._finish(node, block)

    def _flatten(self, node: Flatten) -> None:
        if self._shapes[node.inputs[0]].pixels == 1:
            self._stands_for(node, node.inputs[0])
            return
        if node.name == self._network.output:
            raise SumtileError(f"network '{self._network.name}' ends in the Flatten '{node.name}', but it needs a Linear after it; end the network with the node before.")
        self._flat[node.name] = node.inputs[0]

    def _softmax(self, node: Softmax) -> None:
        if node.name != self._network.output:
            raise SumtileError(f"node '{node.name}' is a Softmax inside of network '{self._network.name}', but it can only be the last node; end the network with it.")
        self._stands_for(node, node.inputs[0])

    def _concat(self, node: Concat) -> None:
        nodes: list[str] = []
        sources: list[str] = []
        for name in node.inputs:
            before = self._blocks.get(name)
            if isinstance(before, HostBlock) and isinstance(before.operation, host.Concat) and self._reads(name) == 1 and name not in self._stored:
                del self._blocks[name]
                nodes, sources = [*nodes, *before.nodes], [*sources, *before.reads]
            else:
                sources.append(name)
        self._on_host(node, host.Concat(), tuple(sources), nodes)

    def _select(self, node: Select) -> None:
        self._on_host(node, host.Select(tuple(int(channel) for channel in node.channels)), node.inputs)

    def _pad(self, node: Pad) -> None:
        self._on_host(node, host.Pad(node.padding), node.inputs)

    def _resize(self, node: Resize) -> None:
        self._on_host(node, host.Resize(node.factor), node.inputs)

    def _normalize(self, node: LocalResponseNorm) -> None:
        self._on_host(node, host.LocalResponseNorm(node.size, node.alpha, node.beta, node.bias), node.inputs)

    def _prelu(self, node: PRelu) -> None:
        slopes = np.unique(node.slope)
        if len(slopes) == 1 and 0 <= slopes[0] <= 1:
            self._activation(Activation(node.name, node.inputs, slope=float(slopes[0])))
            return
        if not np.all(np.abs(node.slope) * host.SLOPE_ONE <= host.SLOPE_MAX):
            raise SumtileError(f"node '{node.name}' has a slope of {np.abs(node.slope).max():g}, but {host.SLOPE_MAX / host.SLOPE_ONE:g} is the largest magnitude; scale it.")
        channels = self._shapes[node.inputs[0]].channels
        slope = np.broadcast_to(node.slope, channels) if node.slope.size in (1, channels) else node.slope
        self._on_host(node, host.PRelu(tuple(int(value) for value in np.rint(slope * host.SLOPE_ONE))), node.inputs)

    def _batch_norm(self, node: BatchNorm) -> None:
        block = self._joined(node.inputs[0], Stage.CONVOLUTION)
        block.fold(node)
        self._finish(node, block)

    def _add(self, node: Add) -> None:
        shapes = [self._shapes[name] for name in node.inputs]
        if shapes[0] != shapes[1]:
            raise SumtileError(f"node '{node.name}' adds maps of {shapes[0]} and {shapes[1]}, but both need one shape; correct the branches.")
        first, second = sorted(node.inputs, key=lambda name: (self._joins(name, Stage.ADDITION), self._order.get(name, -1)), reverse=True)
        block = self._joined(first, Stage.ADDITION)
        block.residual = second
        self._finish(node, block)

    def _activation(self, node: Activation) -> None:
        low, high = node.low or 0.0, np.inf if node.high is None else node.high
        unbounded = node.low is None and node.high is None
        if not 0 <= node.slope <= 1 and unbounded:
            self._prelu(PRelu(node.name, node.inputs, np.full(1, node.slope, np.float32)))
            return
        if not 0 <= node.slope <= 1 or not low <= 0 < high:
            raise SumtileError(
                f"activation '{node.name}' has slope {node.slope:g} and bounds {node.low} and {node.high}, but a positive upper and no positive lower bound are needed, "
                "and with bounds a slope in 0 to 1."
            )
        block = self._clipped(node)
        if block is None:
            block = self._after_maximum(node.inputs[0]) or self._joined(node.inputs[0], Stage.ACTIVATION)
            block.slope, block.low, block.high = node.slope, node.low, node.high
        self._finish(node, block)

    def _clipped(self, node: Activation) -> Block | None:
        """The block that ends in an activation, with the tighter bounds of a plain clip behind it."""
        block = self._ending(node.inputs[0])
        if block is None or block.stage != Stage.ACTIVATION or node.slope != 1:
            return None
        del self._blocks[block.name]
        block.low = max((low for low in (block.low, node.low) if low is not None), default=None)
        block.high = min((high for high in (block.high, node.high) if high is not None), default=None)
        return block

    def _pool(self, node: Pool) -> None:
        kernel, stride, padding = (node.kernel, node.stride, node.padding) if node.kernel else (self._whole(node.inputs[0]), (1, 1), (0, 0, 0, 0))
        if node.kind == "average" and not node.count_padding and any(padding):
            self._on_host(node, host.Pool(node.kind, kernel, stride, padding, count_padding=False), node.inputs)
            return
        block = self._joined(node.inputs[0], Stage.POOLING)
        block.before_pool = node.inputs[0]
        block.geometry = replace(block.geometry, pool=LayerPool(node.kind, kernel, stride, padding))
        self._finish(node, block)

    def _whole(self, name: str) -> tuple[int, int]:
        return self._shapes[name].height, self._shapes[name].width

    def _after_maximum(self, name: str) -> Block | None:
        """The block whose last stage is a maximum without an activation before it: a rising function may come after it as well."""
        block = self._ending(name)
        if block is None or block.geometry.pool is None or block.geometry.pool.kind != "max" or (block.slope, block.low, block.high) != (1.0, None, None):
            return None
        del self._blocks[name]
        return block

    def _ending(self, name: str) -> Block | None:
        """The block of an engine that makes the tensor, if nothing but the node at hand reads it."""
        block = self._blocks.get(name)
        return block if isinstance(block, Block) and self._reads(name) == 1 and name not in self._stored else None

    def _reads(self, name: str) -> int:
        """How often a tensor is read, under whatever name; a node may read one twice."""
        return sum(self._reads(node.name) if node.name in self._same else node.inputs.count(name) for node in self._readers.get(name, ()))

    def _joins(self, name: str, stage: Stage) -> bool:
        """True when a node of that stage can join the block that makes the tensor."""
        block = self._ending(name)
        return block is not None and (block.stage < stage or block.stage == stage == Stage.CONVOLUTION)

    def _joined(self, name: str, stage: Stage) -> Block:
        """The block that a node of that stage continues; a new one where it can join none."""
        block = self._ending(name) if self._joins(name, stage) else None
        if block is None:
            block = identity_block(name, self._shapes[name])
        else:
            del self._blocks[name]
        block.stage = max(block.stage, stage)
        return block

    def _resolved(self, name: str) -> str:
        """The stored tensor that a name stands for."""
        while name in self._same:
            name = self._same[name]
        return name

    def _stands_for(self, node: Node, name: str) -> None:
        self._same[node.name] = name
        self._shapes[node.name] = self._shapes[name]

    def _on_host(self, node: Node, operation: Operation, sources: tuple[str, ...], before: list[str] | None = None) -> None:
        """A block of the processor; ``before`` are nodes that it takes in."""
        try:
            shape = operation.ofm(*(self._shapes[name] for name in sources))
        except SumtileError as error:
            raise SumtileError(f"node '{node.name}' ({type(node).__name__}): {error}") from None
        self._blocks[node.name] = HostBlock([*(before or ()), node.name], sources, operation, shape)
        self._shapes[node.name] = shape

    def _finish(self, node: Node, block: Block) -> None:
        """Notes that the block now makes the node's tensor."""
        shape = block.geometry.ofm
        if min(shape.height, shape.width) < 1:
            raise SumtileError(f"the window of node '{node.name}' does not fit its padded map; enlarge the image or shrink the window.")
        block.nodes.append(node.name)
        self._blocks[node.name] = block
        self._shapes[node.name] = shape
