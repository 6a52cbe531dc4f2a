# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The rank of a factored layer by what it costs in accuracy, on labelled images and with the float network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network.graph import INPUT, Network, Node
from sumtile.network.reference import run_node
from sumtile.network.svd import Decomposition, highest_rank

BATCH = 16
"""Images whose tensors are held at a time, before the layer."""

PROBES = 8
"""Ranks above the one that a search has found that are tried as well."""


class RankTrial:
    """A network with one of its fully connected layers at any rank, on labelled images.

    What comes before the layer runs once; a rank costs its factors and what comes behind.

    Args:
        network: the float network.
        decomposition: of its layer.
        images: uint8 (images, height, width, channels), at least one.
        labels: int64 (images,), indices of the network's outputs.
        advance: called with the number of images that have just come to the layer.

    Attributes:
        decomposition: as given.
        correct: images that the network as it is classifies rightly.
    """

    def __init__(self, network: Network, decomposition: Decomposition, images: np.ndarray, labels: np.ndarray, advance: Callable[[int], None] = lambda count: None) -> None:
        if not len(images) or len(images) != len(labels):
            raise SumtileError(f"{len(images)} images and {len(labels)} labels were given to try ranks on, but at least one image and a label for each are needed.")
        self.decomposition, self._network, self._labels = decomposition, network, labels
        layer = decomposition.layer
        behind = _behind(network, layer.name)
        self._behind = [node for node in network.nodes if node.name in behind]
        read = {name for node in network.nodes if node.name in behind or node.name == layer.name for name in node.inputs} - behind - {layer.name}
        self._before = _run_before(network, [node for node in network.nodes if node.name not in behind and node.name != layer.name], read, images, advance)
        self._tried: dict[int, int] = {}
        self.correct = self._right(layer.weight.astype(np.float32))

    @property
    def highest(self) -> int:
        """The highest rank that saves weights."""
        return highest_rank(self.decomposition.layer)

    @property
    def count(self) -> int:
        """How many images there are."""
        return len(self._labels)

    @property
    def tried(self) -> dict[int, int]:
        """The images that are right, by the ranks that were tried."""
        return dict(self._tried)

    def right(self, rank: int) -> int:
        """Images that are classified rightly with the layer at a rank."""
        if rank not in self._tried:
            self._tried[rank] = self._right(*self.decomposition.factors(rank))
        return self._tried[rank]

    def _right(self, *weights: np.ndarray) -> int:
        """The same with these weights in the layer's place, one after the other."""
        layer = self.decomposition.layer
        values = self._before[layer.inputs[0]]
        for weight in weights:
            values = values @ weight.T
        tensors = {**self._before, layer.name: values if layer.bias is None else values + layer.bias.astype(np.float32)}
        for node in self._behind:
            tensors[node.name] = run_node(node, *(tensors[name] for name in node.inputs))
        scores = tensors[self._network.output].reshape(self.count, -1)
        return int((scores.argmax(axis=1) == self._labels).sum())


def smallest_rank(trial: RankTrial, points: float) -> int:
    """The lowest rank that a binary search finds to lose at most so many percentage points of accuracy.

    Accuracy over rank is nearly, but not quite, monotone. So the search then tries ranks that are evenly spaced above the one it
    has found, and goes on above the highest that loses more: of all ranks that were tried, those above the result are good.

    Args:
        points: largest loss in percentage points against the network as it is; what is gained does not count.

    Raises:
        SumtileError: a negative loss, or a layer that no rank below that of its size is good enough for.
    """
    if not 0 <= points < 100:
        raise SumtileError(f"a loss of {points:g} points was allowed, but it lies from 0 up to 100; correct it.")
    needed = trial.correct - points / 100 * trial.count
    name, highest = trial.decomposition.layer.name, trial.highest

    def good(rank: int) -> bool:
        return trial.right(rank) >= needed

    if not highest or not good(highest):
        lost = f" loses {100 * (trial.correct - trial.right(highest)) / trial.count:.2f} points of accuracy at rank {highest}, the highest that" if highest else " has no rank that"
        raise SumtileError(f"layer '{name}'{lost} saves weights; allow more than {points:g} points, or leave the layer as it is.")
    low, high = 0, highest  # every rank that was tried from high on is good
    while True:
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if good(middle) else (middle, high)
        above = {high + (highest - high) * step // PROBES for step in range(1, PROBES)} - {high}
        bad = [rank for rank in above if not good(rank)]
        if not bad:
            return high
        low = max(bad)
        high = min(rank for rank in trial.tried if rank > low)


def _behind(network: Network, name: str) -> set[str]:
    """Names of the tensors that depend on a tensor, itself apart."""
    found = {name}
    for node in network.nodes:
        if not found.isdisjoint(node.inputs):
            found.add(node.name)
    return found - {name}


def _run_before(network: Network, nodes: Sequence[Node], read: set[str], images: np.ndarray, advance: Callable[[int], None]) -> dict[str, np.ndarray]:
    """The tensors that are read later, on all images."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in read}
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        tensors = {INPUT: network.preprocess.apply(batch)}
        for node in nodes:
            tensors[node.name] = run_node(node, *(tensors[name] for name in node.inputs))
        for name in read:
            parts[name].append(tensors[name])
        advance(len(batch))
    return {name: np.concatenate(values) for name, values in parts.items()}
