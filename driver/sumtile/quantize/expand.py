# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Grouped convolutions as ordinary ones, which is what engines run besides depthwise ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network.graph import Conv, Network

WEIGHTS_MAX = 1 << 28
"""Most weights of a convolution in place of a grouped one, 1 GiB in float32."""


def expand_groups(network: Network) -> Network:
    """The network with dense convolutions in place of grouped ones; depthwise ones with as many outputs as inputs stay.

    The weights between different groups are zeros, which every format holds. A convolution costs as many times its
    operations as it has groups.

    Raises:
        SumtileError: a grouped adder convolution, in which a zero weight adds ``-|x|`` and so is no missing one; or one of so many
            channels that a dense one has more than :data:`WEIGHTS_MAX` weights.
    """
    return replace(network, nodes=[_dense(node) if isinstance(node, Conv) and not _runs(node) else node for node in network.nodes])


def _runs(node: Conv) -> bool:
    """True for what an engine has a mode for."""
    return node.groups == 1 or (node.groups == len(node.weight) and node.weight.shape[1] == 1)


def _dense(node: Conv) -> Conv:
    if node.operator == "adder":
        raise SumtileError(f"node '{node.name}' has {node.groups} groups, but an adder layer has 1, since a zero weight there adds to the sum; split it.")
    outputs, inputs = node.weight.shape[0] // node.groups, node.weight.shape[1]
    size = node.weight.size * node.groups
    if size > WEIGHTS_MAX:
        raise SumtileError(f"node '{node.name}' has {node.groups} groups and so {size:,} weights as a dense convolution, but up to {WEIGHTS_MAX:,} can be made; split it.")
    weight = np.zeros((len(node.weight), node.groups * inputs, *node.weight.shape[2:]), node.weight.dtype)
    for group in range(node.groups):
        rows = slice(group * outputs, (group + 1) * outputs)
        weight[rows, group * inputs : (group + 1) * inputs] = node.weight[rows]
    return replace(node, weight=weight, groups=1)
