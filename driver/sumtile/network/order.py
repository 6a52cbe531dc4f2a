# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The order of channels: which tensors must share one, and a network with its channels in another.

Filters of a layer may be computed in any order as long as everything that reads their channels follows. What passes
channels on one by one keeps their order, and an addition needs one order on both sides; so tensors fall into groups,
such as the trunk of a residual network, and each group is reordered as a whole. What is concatenated has the orders of
its parts, so its group follows from theirs; a selection of channels can put them into any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network.bases import Bases
from sumtile.network.graph import INPUT, BatchNorm, Concat, Conv, Flatten, Grid, Linear, LocalResponseNorm, Network, Node, PRelu, Select


@dataclass(frozen=True)
class ChannelGroup:
    """Tensors whose channels have one order.

    Attributes:
        tensors: their names, in the network's order.
        producers: names of the Conv and Linear nodes that have a filter for each of the channels, depthwise ones
            included, in the network's order.
        channels: how many channels there are.
        pinned: the order cannot be chosen: the group holds the network's input or output, meets a grouped convolution
            that is not depthwise or a normalization over neighbouring channels, has a flat tensor that something other
            than a Linear reads, is concatenated into such a group, or is itself a concatenation, which follows its parts.
    """

    tensors: tuple[str, ...]
    producers: tuple[str, ...]
    channels: int
    pinned: bool

    @property
    def name(self) -> str:
        """Name of the group: its first tensor."""
        return self.tensors[0]


def channel_groups(network: Network) -> list[ChannelGroup]:
    """The groups of a network, each tensor in one of them, in the order of their first tensors.

    Raises:
        SumtileError: the network is not well formed.
    """
    network.check()
    members = _members(network)
    fixed = _fixed(network, members)
    joined = {node.name for node in network.nodes if isinstance(node, Concat)}
    counts = _channel_counts(network)
    return [_group(network, tensors, not (fixed | joined).isdisjoint(tensors), counts) for tensors in members]


def reorder_channels(network: Network, orders: Mapping[str, np.ndarray]) -> Network:
    """The same network with its channels in other orders; the network that is given stays as it is.

    Filters, biases and batch normalizations move within the nodes that make the channels, weights for input channels
    within the nodes that read them. Input and output of the network are unchanged.

    Args:
        orders: by the name of a group (see :func:`channel_groups`), a permutation of its channels, integers of shape
            (channels,): position p takes the channel that was at ``order[p]``. Other groups keep their order.

    Raises:
        SumtileError: the network is not well formed, no group has such a name, an array is no permutation of the
            channels, or it would change the order of a pinned group.
    """
    groups = {group.name: group for group in channel_groups(network)}
    by_tensor: dict[str, np.ndarray] = {}
    for name, order in orders.items():
        if name not in groups:
            raise SumtileError(f"network '{network.name}' has no channel group '{name}' (it has: {', '.join(groups)}); name groups as channel_groups() does.")
        order = _checked(groups[name], np.asarray(order))
        by_tensor.update(dict.fromkeys(groups[name].tensors, order))
    _follow_parts(network, by_tensor)
    return take_channels(network, by_tensor)


def take_channels(network: Network, chosen: Mapping[str, np.ndarray]) -> Network:
    """The network with some of its channels, in the order given; the others are gone from what makes and what reads them.

    Args:
        chosen: indices of channels by the name of a tensor, the same for all tensors of a channel group; other tensors
            keep all of theirs. A tensor that a Select reads must keep all of its channels, in any order.
    """
    counts = _channel_counts(network)
    taken = {name: _Taken(counts[name], channels) for name, channels in chosen.items()}
    return replace(
        network,
        nodes=[_reordered(node, taken) for node in network.nodes],
        grids={name: _reordered_grid(name, grid, taken) for name, grid in network.grids.items()},
        bases={name: _reordered_bases(name, network, taken) for name in network.bases},
    )


class _Taken(NamedTuple):
    """The channels that are taken of so many."""

    of: int
    channels: np.ndarray


def _members(network: Network) -> list[list[str]]:
    """The tensors of each group."""
    leader = {INPUT: INPUT}  # of each tensor, one that stands for its group
    for node in network.nodes:
        if _makes_channels(node):
            leader[node.name] = node.name
        else:
            joined, one = {leader[name] for name in node.inputs}, leader[node.inputs[0]]
            leader = {name: one if other in joined else other for name, other in leader.items()} | {node.name: one}
    members: dict[str, list[str]] = {}
    for name, one in leader.items():
        members.setdefault(one, []).append(name)
    return list(members.values())


def _channel_counts(network: Network) -> dict[str, int]:
    """Channels of each tensor; those of a flat one are the map's."""
    counts = {INPUT: network.preprocess.channels}
    for node in network.nodes:
        read = [counts[name] for name in node.inputs]
        counts[node.name] = (
            len(node.weight) if isinstance(node, (Conv, Linear)) else len(node.channels) if isinstance(node, Select) else sum(read) if isinstance(node, Concat) else read[0]
        )
    return counts


def _follow_parts(network: Network, orders: dict[str, np.ndarray]) -> None:
    """Adds the orders of what is concatenated of reordered tensors, and of all that shares them."""
    members, counts = _members(network), _channel_counts(network)
    for node in network.nodes:
        if isinstance(node, Concat) and any(name in orders for name in node.inputs):
            starts = np.cumsum([0, *(counts[name] for name in node.inputs)])
            order = np.concatenate([start + orders.get(name, np.arange(counts[name])) for start, name in zip(starts, node.inputs)])
            orders.update(dict.fromkeys(next(tensors for tensors in members if node.name in tensors), order))


def _makes_channels(node: Node) -> bool:
    """False for nodes that pass channels on one by one."""
    return isinstance(node, (Linear, Concat, Select)) or (isinstance(node, Conv) and not _is_depthwise(node))


def _is_depthwise(node: Node) -> bool:
    return isinstance(node, Conv) and node.groups > 1 and node.weight.shape[:2] == (node.groups, 1)


def _fixed(network: Network, members: list[list[str]]) -> set[str]:
    """Tensors whose channels cannot move, those of concatenated parts included."""
    fixed = {INPUT, network.output}
    flat = {node.name for node in network.nodes if isinstance(node, Flatten)}
    for node in network.nodes:
        if isinstance(node, LocalResponseNorm) or (isinstance(node, Conv) and node.groups > 1 and not _is_depthwise(node)):
            fixed |= {node.name, *node.inputs}
        if not isinstance(node, Linear):
            fixed |= flat.intersection(node.inputs)  # elements of a flat tensor are no channels to any other reader
    joined = [node for node in network.nodes if isinstance(node, Concat)]
    for tensors in members:
        if len([node for node in joined if node.name in tensors]) > 1:  # two concatenations that would have to agree
            fixed.update(tensors)
    for node in reversed(joined):
        if not fixed.isdisjoint(next(tensors for tensors in members if node.name in tensors)):
            fixed.update(node.inputs)
    return {name for tensors in members if not fixed.isdisjoint(tensors) for name in tensors}


def _group(network: Network, tensors: list[str], pinned: bool, counts: Mapping[str, int]) -> ChannelGroup:
    producers = [node for node in network.nodes if node.name in tensors and isinstance(node, (Conv, Linear))]
    return ChannelGroup(tuple(tensors), tuple(node.name for node in producers), counts[tensors[0]], pinned)


def _checked(group: ChannelGroup, order: np.ndarray) -> np.ndarray:
    """The order, if the group can take it."""
    if order.dtype.kind not in "iu" or not np.array_equal(np.sort(order, axis=None), np.arange(group.channels)) or order.ndim != 1:
        raise SumtileError(f"the order of channel group '{group.name}' is no permutation of its {group.channels} channels; give each number from 0 to {group.channels - 1} once.")
    if group.pinned and not np.array_equal(order, np.arange(group.channels)):
        raise SumtileError(
            f"channel group '{group.name}' cannot be reordered, because the network's input or output, a grouped convolution, a normalization, a concatenation or the reader of a flat tensor fixes its order; leave out pinned groups."
        )
    return order


def _reordered(node: Node, orders: Mapping[str, _Taken]) -> Node:
    """A node whose arrays follow the channels that are taken of the tensors that it makes and reads."""
    made, read = orders.get(node.name), orders.get(node.inputs[0])
    if isinstance(node, BatchNorm):
        gamma, beta, mean, variance = (_taken(node, array, made) for array in (node.gamma, node.beta, node.mean, node.variance))
        return replace(node, gamma=gamma, beta=beta, mean=mean, variance=variance)
    if isinstance(node, (Conv, Linear)):
        weight = _taken(node, node.weight, made)
        if _makes_channels(node):
            weight = _taken(node, weight, read, axis=1)
        changed = replace(node, weight=weight, bias=None if node.bias is None else _taken(node, node.bias, made))
        return replace(changed, groups=len(weight)) if isinstance(changed, Conv) and _is_depthwise(node) else changed
    if isinstance(node, PRelu) and node.slope.size > 1:
        return replace(node, slope=_taken(node, node.slope, made))
    if isinstance(node, Select):
        moved = node.channels if read is None else np.argsort(read.channels)[node.channels]
        return replace(node, channels=_taken(node, moved, made))
    return replace(node)


def _reordered_bases(name: str, network: Network, orders: Mapping[str, _Taken]) -> Bases:
    """The bases of a node, as its weights."""
    bases, read = network.bases[name], network.node(name).inputs[0]
    outputs, inputs = (orders[tensor].channels if tensor in orders else np.arange(count) for tensor, count in zip((name, read), bases.coefficients.shape))
    return bases.taken(outputs, inputs)


def _reordered_grid(name: str, grid: Grid, orders: Mapping[str, _Taken]) -> Grid:
    """The grid of a tensor or of a node's weights, where it has a scale for each channel."""
    order = orders.get(name.removesuffix(".weight"))
    return grid if order is None or grid.scale.size != order.of else replace(grid, scale=grid.scale.reshape(-1)[order.channels])


def _taken(node: Node, array: np.ndarray, order: _Taken | None, axis: int = 0) -> np.ndarray:
    """The array with those entries of an axis; behind a Flatten, a channel is a run of entries, one a pixel."""
    if order is None:
        return array
    run, rest = divmod(array.shape[axis], order.of)
    if rest:
        raise SumtileError(f"node '{node.name}' has an array of shape {array.shape} for {order.of} channels on axis {axis}; correct the network's arrays.")
    return np.take(array, (order.channels[:, None] * run + np.arange(run)).ravel(), axis)
