# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The network: a plain graph of dataclasses, the order of its channels, and its float reference in numpy."""

from sumtile.network.bases import Bases
from sumtile.network.graph import (
    Activation,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Flatten,
    Grid,
    Linear,
    LocalResponseNorm,
    Network,
    Node,
    Pad,
    Pool,
    PRelu,
    Preprocess,
    Resize,
    Select,
    Softmax,
)
from sumtile.network.order import ChannelGroup, channel_groups, reorder_channels

__all__ = [
    "Activation",
    "Add",
    "Bases",
    "BatchNorm",
    "ChannelGroup",
    "Concat",
    "Conv",
    "Flatten",
    "Grid",
    "Linear",
    "LocalResponseNorm",
    "Network",
    "Node",
    "PRelu",
    "Pad",
    "Pool",
    "Preprocess",
    "Resize",
    "Select",
    "Softmax",
    "channel_groups",
    "reorder_channels",
]
