# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Gathers the nodes of a network into blocks that an engine runs as one layer each.

A block is a convolution or a fully connected layer, then what may follow it in the engine's pipeline: batch
normalization, the addition of a stored map, an activation, a pooling. A node joins the block that makes its input
when nothing else reads that tensor; otherwise it begins a block of its own on an identity convolution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sumtile.errors import SumtileError
from sumtile.kernels.layer import MapShape
from sumtile.kernels.layer import Pool as LayerPool
from sumtile.network.graph import INPUT, Activation, Add, BatchNorm, Conv, Flatten, Linear, Network, Node, Pool
from sumtile.quantize.blocks import Block, Stage, conv_block, identity_block, linear_block


def fuse(network: Network) -> list[Block]:
    """The network as blocks, each after those whose tensors it reads.

    Raises:
        SumtileError: a node that no block can hold; the sentence names it.
    """
    network.check()
    fuser = _Fuser(network)
    for node in network.nodes:
        fuser.take(node)
    return fuser.blocks()


class _Fuser:
    """Takes the nodes of a network one after the other."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._order = {node.name: index for index, node in enumerate(network.nodes)}
        self._blocks: dict[str, Block] = {}  # by the tensor that each makes so far
        self._flat: dict[str, str] = {}  # Flatten nodes, and the maps that they are views of
        self._shapes = {INPUT: MapShape(network.preprocess.height, network.preprocess.width, network.preprocess.channels)}

    def blocks(self) -> list[Block]:
        """Blocks in the order of their last nodes, in which every tensor is made before it is read."""
        return sorted(self._blocks.values(), key=lambda block: self._order[block.name])

    def take(self, node: Node) -> None:
        handlers: dict[type, Callable[..., None]] = {
            Conv: self._conv, Linear: self._linear, BatchNorm: self._batch_norm, Add: self._add, Activation: self._activation, Pool: self._pool, Flatten: self._flatten,
        }  # fmt: skip
        handler = handlers.get(type(node))
        if handler is None:
            raise SumtileError(f"node '{node.name}' is a {type(node).__name__}, which no engine layer can run; build the network from the nodes of sumtile.network.")
        flat = [name for name in node.inputs if name in self._flat]
        if flat and not isinstance(node, Linear):
            raise SumtileError(f"node '{node.name}' reads the flat tensor '{flat[0]}', but only a Linear node can; put the Flatten right before the Linear.")
        handler(node)

    def _conv(self, node: Conv) -> None:
        self._finish(node, conv_block(node, self._shapes[node.inputs[0]]))

    def _linear(self, node: Linear) -> None:
        source = self._flat.get(node.inputs[0], node.inputs[0])
        block = linear_block(node, self._shapes[source])
        block.source = source
        self._finish(node, block)

    def _flatten(self, node: Flatten) -> None:
        if node.name == self._network.output:
            raise SumtileError(f"network '{self._network.name}' ends in the Flatten '{node.name}', but it needs a Linear after it; end the network with the node before.")
        self._flat[node.name] = node.inputs[0]

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
        if not 0 <= node.slope <= 1 or (node.high is not None and not node.high > 0):
            raise SumtileError(f"activation '{node.name}' has slope {node.slope} and upper bound {node.high}, but a slope in 0 to 1 and a positive bound are needed.")
        block = self._after_maximum(node.inputs[0]) or self._joined(node.inputs[0], Stage.ACTIVATION)
        block.slope, block.high = node.slope, node.high
        self._finish(node, block)

    def _pool(self, node: Pool) -> None:
        block = self._joined(node.inputs[0], Stage.POOLING)
        conv = block.geometry.conv
        pool = LayerPool(node.kind, node.kernel or (conv.height, conv.width), node.stride if node.kernel else (1, 1), node.padding if node.kernel else (0, 0, 0, 0))
        block.before_pool = node.inputs[0]
        block.geometry = replace(block.geometry, pool=pool)
        self._finish(node, block)

    def _after_maximum(self, name: str) -> Block | None:
        """The block whose last stage is a maximum without an activation before it: a rising function may come after it as well."""
        block = self._blocks.get(name)
        if block is None or self._reads(name) > 1:
            return None
        pool = block.geometry.pool
        if pool is None or pool.kind != "max" or (block.slope, block.high) != (1.0, None):
            return None
        return self._blocks.pop(name)

    def _reads(self, name: str) -> int:
        """How often a tensor is read; a node may read one twice."""
        return sum(node.inputs.count(name) for node in self._network.readers(name))

    def _joins(self, name: str, stage: Stage) -> bool:
        """True when a node of that stage can join the block that makes the tensor."""
        block = self._blocks.get(name)
        if block is None or self._reads(name) > 1:
            return False
        return block.stage < stage or block.stage == stage == Stage.CONVOLUTION

    def _joined(self, name: str, stage: Stage) -> Block:
        """The block that a node of that stage continues; a new one where it can join none."""
        block = self._blocks.pop(name) if self._joins(name, stage) else identity_block(name, self._shapes[name])
        block.stage = max(block.stage, stage)
        return block

    def _finish(self, node: Node, block: Block) -> None:
        """Notes that the block now makes the node's tensor."""
        shape = block.geometry.ofm
        if min(shape.height, shape.width) < 1:
            raise SumtileError(f"the window of node '{node.name}' does not fit its padded map; enlarge the image or shrink the window.")
        block.nodes.append(node.name)
        self._blocks[node.name] = block
        self._shapes[node.name] = shape
