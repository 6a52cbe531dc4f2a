# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Removes the channels that do nothing: those that nobody reads, and those that are the same everywhere.

Source: Li et al., "PENNI: Pruned Kernel Sharing for Efficient CNN Inference", ICML'20 (arXiv 2005.07133), section 3.4. A
filter of zeros still makes what its bias, batch normalization and activation make of zero; here that constant goes into
the biases of the layers that read it. Tensors that an addition joins lose a channel only together.
"""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from sumtile.network.graph import INPUT, Activation, Add, BatchNorm, Concat, Conv, Flatten, Linear, Network, Node, Pad, Pool, PRelu, Resize, Select
from sumtile.network.order import ChannelGroup, channel_groups, take_channels
from sumtile.network.reference import run_node


def shrink(network: Network, *, approximate_borders: bool = False) -> Network:
    """The network without the channels and shared kernels that its output does not depend on; the one that is given stays as it is.

    It goes on until nothing more can be removed. A constant other than zero that a padded convolution reads is not the
    same everywhere, since the padding is zero; such a channel stays unless ``approximate_borders``.

    Args:
        approximate_borders: remove it all the same; the output then changes where windows reach into the padding, which
            further training makes up for.

    Returns:
        a network that computes the same to rounding, apart from such borders.

    Raises:
        SumtileError: the network is not well formed.
    """
    while True:
        chosen, nodes = _remaining(network, approximate_borders)
        if not chosen:
            break
        network = take_channels(replace(network, nodes=nodes), chosen)
    network = replace(network, bases={name: bases.without_unused() for name, bases in network.bases.items()})
    network.check()
    return network


def _remaining(network: Network, approximate_borders: bool) -> tuple[dict[str, np.ndarray], list[Node]]:
    """The channels that stay, for tensors that lose some, and the nodes with the constants of the others in their biases."""
    constants = _constants(network)
    chosen: dict[str, np.ndarray] = {}
    nodes = {node.name: node for node in network.nodes}
    for group in channel_groups(network):
        removed = np.zeros(group.channels, bool) if group.pinned else _removable(network, group, constants, approximate_borders)
        removed[0] &= not removed.all()  # a tensor has at least one channel
        if not removed.any():
            continue
        chosen.update(dict.fromkeys(group.tensors, np.flatnonzero(~removed)))
        for reader in _readers(network, group):
            kept = nodes[reader.name]
            if isinstance(kept, (Conv, Linear)):  # as _removable has found
                addend = _contributions(kept, constants[kept.inputs[0]])[:, removed].sum(axis=1)
                nodes[reader.name] = replace(kept, bias=((0 if kept.bias is None else kept.bias) + addend).astype(np.float32)) if addend.any() else kept
    return chosen, list(nodes.values())


def _removable(network: Network, group: ChannelGroup, constants: dict[str, np.ndarray], approximate_borders: bool) -> np.ndarray:
    """The channels of a group that every reader can do without."""
    removable = np.ones(group.channels, bool)
    for reader in _readers(network, group):
        if not isinstance(reader, (Conv, Linear)):
            return np.zeros(group.channels, bool)
        values = constants[reader.inputs[0]]
        removable &= _unread(reader, group.channels) | (values == 0) | (~np.isnan(values) & (approximate_borders or not _pads(reader)))
    return removable


def _readers(network: Network, group: ChannelGroup) -> list[Node]:
    """The nodes that make other channels of a group's."""
    return [node for node in network.nodes if node.name not in group.tensors and not set(node.inputs).isdisjoint(group.tensors)]


def _unread(node: Conv | Linear, channels: int) -> np.ndarray:
    """The inputs that a layer multiplies by zeros only; an adder layer reads even those."""
    if _is_adder(node):
        return np.zeros(channels, bool)
    return np.asarray(~_by_channel(node, channels).any(axis=(0, 2)))


def _contributions(node: Conv | Linear, values: np.ndarray) -> np.ndarray:
    """What each input adds to each output while it has its constant value: (outputs, channels); 0 for inputs that are not constant."""
    weights, constant = _by_channel(node, len(values)), np.nan_to_num(values)[:, None]
    contributions = -np.abs(constant - weights) if _is_adder(node) else weights * constant
    return np.where(np.isnan(values), 0, contributions.sum(axis=2))


def _by_channel(node: Conv | Linear, channels: int) -> np.ndarray:
    """Weights as (outputs, channels, taps or pixels)."""
    return node.weight.astype(np.float64).reshape(len(node.weight), channels, -1)


def _is_adder(node: Conv | Linear) -> bool:
    return isinstance(node, Conv) and node.operator == "adder"


def _pads(node: Conv | Linear) -> bool:
    return isinstance(node, Conv) and any(node.padding)


def _constants(network: Network) -> dict[str, np.ndarray]:
    """The value of each channel that is the same for every image and pixel, and NaN for the others: float64 by the tensor's name."""
    constants = {INPUT: np.full(network.preprocess.channels, np.nan)}
    for node in network.nodes:
        constants[node.name] = _constant(node, *(constants[name] for name in node.inputs))
    return constants


@functools.singledispatch
def _constant(node: Node, *read: np.ndarray) -> np.ndarray:
    return np.full_like(read[0], np.nan)  # Softmax, LocalResponseNorm: they mix channels


@_constant.register(Conv)
@_constant.register(Linear)
def _layer(node: Conv | Linear, read: np.ndarray) -> np.ndarray:
    outputs = len(node.weight)
    if isinstance(node, Conv) and node.groups > 1:
        return np.full(outputs, np.nan)
    varying = (np.isnan(read) & ~_unread(node, len(read))) | ((np.nan_to_num(read) != 0) & _pads(node))
    fixed = ~(_by_channel(node, len(read)).any(axis=2) | _is_adder(node))[:, varying].any(axis=1)
    bias = np.zeros(outputs) if node.bias is None else node.bias
    return np.where(fixed, _contributions(node, read).sum(axis=1) + bias, np.nan)


@_constant.register(BatchNorm)
@_constant.register(Activation)
@_constant.register(PRelu)
@_constant.register(Add)
def _pointwise(node: Node, *read: np.ndarray) -> np.ndarray:
    return run_node(node, *(values[None, :, None, None].astype(np.float32) for values in read)).reshape(-1).astype(np.float64)


@_constant.register(Flatten)
@_constant.register(Resize)
def _same(node: Node, read: np.ndarray) -> np.ndarray:
    return read


@_constant.register(Pool)
@_constant.register(Pad)
def _bordered(node: Pool | Pad, read: np.ndarray) -> np.ndarray:
    zeros_count = any(node.padding) and not (isinstance(node, Pool) and (node.kind == "max" or not node.count_padding))
    return np.where(read == 0, 0.0, np.nan) if zeros_count else read


@_constant.register
def _concat(node: Concat, *read: np.ndarray) -> np.ndarray:
    return np.concatenate(read)


@_constant.register
def _select(node: Select, read: np.ndarray) -> np.ndarray:
    return read[node.channels]
