# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The network: a plain graph of dataclasses, and its float reference in numpy."""

from sumtile.network.graph import Activation, Add, BatchNorm, Conv, Flatten, Linear, Network, Node, Pool, Preprocess

__all__ = ["Activation", "Add", "BatchNorm", "Conv", "Flatten", "Linear", "Network", "Node", "Pool", "Preprocess"]
