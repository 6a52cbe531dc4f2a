# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Which filters of a layer are fixed and which are SP2, where the engine has lanes of both kinds.

Source: Chang et al., "Mix and Match", HPCA'21 (arXiv 2012.04240), section IV: a filter whose weights crowd around zero,
that is, of low variance, suits SP2, whose levels do; one of high variance suits the even levels of fixed point. The share of
each kind follows the hardware.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from sumtile.formats import Mixed
from sumtile.network import Network
from sumtile.network.order import channel_groups, reorder_channels


def assign_rows(network: Network, format: Mixed, layers: Collection[str]) -> tuple[Network, dict[str, np.ndarray]]:
    """The network with its channels reordered, so that the filters of highest variance lie in the fixed rows of their layer.

    Tensors that are added share one order, which follows the summed ranks of all layers that make them, but for layers
    whose weights every format holds exactly. What the network computes stays the same, and so do its input and output.

    Args:
        network: the float network.
        format: tells the fixed rows.
        layers: names of the nodes whose weights will have this format.

    Returns:
        the network, and for each tensor whose channels have another order the channel that each of its places holds.
    """
    orders: dict[str, np.ndarray] = {}
    tensors: dict[str, np.ndarray] = {}
    for group in channel_groups(network):
        weights = [network.node(name).weight for name in group.producers if name in layers]  # type: ignore[attr-defined]  # a Conv or a Linear
        voting = [weight for weight in weights if not _exact(weight)]
        if voting and not group.pinned:
            ranks = np.sum([_ranks(weight) for weight in voting], axis=0)
            orders[group.name] = _order(ranks, format.fixed_rows(group.channels))
            tensors |= dict.fromkeys(group.tensors, orders[group.name])
    return reorder_channels(network, orders), tensors


def _exact(weight: np.ndarray) -> bool:
    """True when no filter has more than one weight that is not zero, as in a shortcut: a step of its own holds that one in any format."""
    return bool(np.all(np.count_nonzero(weight.reshape(len(weight), -1), axis=1) <= 1))


def _ranks(weight: np.ndarray) -> np.ndarray:
    """The place of each filter by the variance of its weights, from 0; filters of one variance share the mean of their places."""
    variances = weight.reshape(len(weight), -1).var(axis=1, dtype=np.float64)
    ordered = np.sort(variances)
    return (np.searchsorted(ordered, variances, "left") + np.searchsorted(ordered, variances, "right") - 1) / 2


def _order(ranks: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """The channels in their new order: the highest ranks in the fixed rows, and those of one kind in the order that they had."""
    falling = np.argsort(-ranks, kind="stable")
    order = np.empty(len(ranks), np.int64)
    order[fixed], order[~fixed] = np.sort(falling[: fixed.sum()]), np.sort(falling[fixed.sum() :])
    return order
