# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Random networks with every kind of node, each from one seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sumtile.network import (
    Activation,
    Add,
    Concat,
    Flatten,
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
from sumtile.network.graph import INPUT
from tests.support.networks import CLASSES, batch_norm, conv, normalized

NODES = 9
"""Nodes of a random network between its first convolution and its classifier."""


def random_graph(seed: int, adders: bool = False) -> Network:
    """A first convolution, :data:`NODES` random nodes on random tensors made before, and a classifier; ``adders`` allows adder layers."""
    return _Builder(seed, adders).build()


class _Builder:
    """Adds nodes one by one and follows their shapes (channels, height, width)."""

    def __init__(self, seed: int, adders: bool) -> None:
        self._seed, self._random, self._adders = seed, np.random.default_rng(seed), adders
        self._size = tuple(int(side) for side in self._random.integers(6, 14, 2))
        self._channels = int(self._random.choice([1, 3]))
        self._nodes: list[Node] = []
        self._shapes: dict[str, tuple[int, int, int]] = {INPUT: (self._channels, *self._size)}

    def build(self) -> Network:
        makers: list[Callable[[str, str], None]] = [
            self._conv, self._grouped, self._depthwise, self._norm, self._activation, self._prelu, self._concat, self._select, self._pad,
            self._resize, self._neighbours, self._maximum, self._average, self._add,
        ]  # fmt: skip
        self._conv("first", INPUT)
        for index in range(NODES):
            maker = makers[int(self._random.integers(len(makers)))]
            name = f"{maker.__name__[1:]}{index}"
            maker(name, self._recent())
        self._classifier(self._recent(1))
        mean, std = (0.4, 0.5, 0.6)[: self._channels], (0.3, 0.25, 0.35)[: self._channels]
        network = Network(f"graph{self._seed}", Preprocess(*self._size, mean, std), self._nodes, CLASSES)
        return normalized(network, self._seed)

    def _recent(self, among: int = 3) -> str:
        return str(self._random.choice(list(self._shapes)[1:][-among:]))

    def _make(self, node: Node, channels: int, height: int, width: int) -> None:
        self._nodes.append(node)
        self._shapes[node.name] = (channels, height, width)

    def _conv(self, name: str, source: str) -> None:
        channels, height, width = self._shapes[source]
        kernel, outputs = int(self._random.choice([1, 2, 3])), int(self._random.integers(3, 24))
        operator = "adder" if self._adders and self._random.random() < 0.5 else "mac"
        padding = (kernel // 2, (kernel - 1) // 2) * 2
        self._make(
            conv(f"{name}.raw", source, (outputs, channels, kernel, kernel), self._random, operator, padding=padding),
            outputs,
            height + sum(padding[::2]) - kernel + 1,
            width + sum(padding[1::2]) - kernel + 1,
        )
        self._norm(name, f"{name}.raw")

    def _grouped(self, name: str, source: str) -> None:
        channels, height, width = self._shapes[source]
        groups = next(groups for groups in (3, 2, 1) if channels % groups == 0)
        self._make(conv(name, source, (groups * 4, channels // groups, 1, 3), self._random, padding=(0, 1, 0, 1), groups=groups), groups * 4, height, width)

    def _depthwise(self, name: str, source: str) -> None:
        channels, height, width = self._shapes[source]
        outputs = channels * int(self._random.choice([1, 2]))
        self._make(conv(name, source, (outputs, 1, 3, 3), self._random, padding=(1, 1, 1, 1), groups=channels), outputs, height, width)

    def _norm(self, name: str, source: str) -> None:
        channels = self._shapes[source][0]
        self._make(batch_norm(name, source, channels, self._random), *self._shapes[source])

    def _activation(self, name: str, source: str) -> None:
        kinds = [{}, {"high": 1.5}, {"slope": 0.125}, {"slope": 1.0, "low": -0.5, "high": 2.0}]
        self._make(Activation(name, (source,), **kinds[int(self._random.integers(len(kinds)))]), *self._shapes[source])

    def _prelu(self, name: str, source: str) -> None:
        self._make(PRelu(name, (source,), self._random.uniform(-0.3, 1.2, self._shapes[source][0]).astype(np.float32)), *self._shapes[source])

    def _concat(self, name: str, source: str) -> None:
        same = [other for other, shape in self._shapes.items() if shape[1:] == self._shapes[source][1:]]
        parts = [source, *(str(part) for part in self._random.choice(same, int(self._random.integers(1, 3))))]
        self._make(Concat(name, tuple(parts)), sum(self._shapes[part][0] for part in parts), *self._shapes[source][1:])

    def _select(self, name: str, source: str) -> None:
        channels, height, width = self._shapes[source]
        chosen = self._random.permutation(channels)[: max(1, channels - int(self._random.integers(0, 3)))]
        self._make(Select(name, (source,), chosen), len(chosen), height, width)

    def _pad(self, name: str, source: str) -> None:
        channels, height, width = self._shapes[source]
        top, left, bottom, right = (int(border) for border in self._random.integers(0, 2, 4))
        self._make(Pad(name, (source,), (top, left, bottom, right)), channels, height + top + bottom, width + left + right)

    def _resize(self, name: str, source: str) -> None:
        channels, height, width = self._shapes[source]
        factor = (2, 1) if height * width < 100 else (1, 1)
        self._make(Resize(name, (source,), factor), channels, height * factor[0], width)

    def _neighbours(self, name: str, source: str) -> None:
        self._make(LocalResponseNorm(name, (source,), int(self._random.integers(1, 6)), alpha=0.5), *self._shapes[source])

    def _maximum(self, name: str, source: str) -> None:
        channels, height, width = self._shapes[source]
        if min(height, width) > 2:
            self._make(Pool(name, (source,), "max", (3, 2), (2, 1), (1, 0, 1, 1)), channels, (height - 1) // 2 + 1, width)

    def _average(self, name: str, source: str) -> None:
        channels, height, width = self._shapes[source]
        if min(height, width) > 2:
            self._make(Pool(name, (source,), "average", (3, 3), (1, 2), (1, 1, 1, 1), count_padding=bool(self._random.random() < 0.3)), channels, height, (width - 1) // 2 + 1)

    def _add(self, name: str, source: str) -> None:
        other = str(self._random.choice([other for other, shape in self._shapes.items() if shape == self._shapes[source]]))
        self._make(Add(name, (source, other)), *self._shapes[source])

    def _classifier(self, source: str) -> None:
        channels, height, width = self._shapes[source]
        if self._random.random() < 0.5:
            self._make(Pool("mean", (source,), "average"), channels, 1, 1)
            source, height, width = "mean", 1, 1
        inputs = channels * height * width
        self._nodes += [Flatten("flat", (source,)), Linear("scores", ("flat",), self._random.normal(0, inputs**-0.5, (5, inputs)).astype(np.float32))]
        if self._random.random() < 0.5:
            self._nodes.append(Softmax("soft", ("scores",)))
