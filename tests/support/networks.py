# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Small random networks for the tests of the quantizer, the compiler and what runs their programs."""

from __future__ import annotations

import numpy as np

from sumtile.network import Activation, Add, BatchNorm, Conv, Flatten, Linear, Network, Node, Pool, Preprocess
from sumtile.network.graph import INPUT
from sumtile.network.reference import run_float

CLASSES = tuple("abcde")


def random_images(network: Network, count: int, seed: int) -> np.ndarray:
    """uint8 images with smooth content, as far as a few pixels allow."""
    shape = (count, network.preprocess.height, network.preprocess.width, network.preprocess.channels)
    noise = np.random.default_rng(seed).integers(0, 256, shape)
    return ((noise + np.roll(noise, 1, axis=1) + np.roll(noise, 1, axis=2)) // 3).astype(np.uint8)


def normalized(network: Network, seed: int) -> Network:
    """Sets every batch normalization to the statistics of what it reads, as training would."""
    x = network.preprocess.apply(random_images(network, 16, seed))
    for index, node in enumerate(network.nodes):
        if isinstance(node, BatchNorm):
            part = Network(network.name, network.preprocess, network.nodes[: index + 1])
            values = run_float(part, x)[node.inputs[0]]
            axes = tuple(axis for axis in range(values.ndim) if axis != 1)
            node.mean, node.variance = values.mean(axis=axes), values.var(axis=axes)
    return network


def batch_norm(name: str, source: str, channels: int, random: np.random.Generator) -> BatchNorm:
    ones = np.ones(channels, np.float32)
    return BatchNorm(name, (source,), random.uniform(0.5, 1.5, channels), random.normal(0, 0.3, channels), 0 * ones, ones)


def conv(name: str, source: str, shape: tuple[int, int, int, int], random: np.random.Generator, operator: str = "mac", **geometry: object) -> Conv:
    spread = 1.0 if operator == "adder" else 1 / np.sqrt(np.prod(shape[1:]))
    return Conv(name, (source,), random.normal(0, spread, shape).astype(np.float32), operator, **geometry)  # type: ignore[arg-type]


def lenet(seed: int = 0, size: int = 12, last_batch_norm: bool = True) -> Network:
    """Multiplying, adder, flatten and two linear layers, as a LeNet has them."""
    random = np.random.default_rng(seed)
    side = size // 4
    nodes: list[Node] = [
        conv("conv1", INPUT, (6, 1, 5, 5), random, padding=(2, 2, 2, 2), bias=random.normal(0, 0.1, 6)),
        batch_norm("bn1", "conv1", 6, random),
        Activation("relu1", ("bn1",)),
        Pool("pool1", ("relu1",), "max", (2, 2), (2, 2)),
        conv("conv2", "pool1", (20, 6, 3, 3), random, "adder", padding=(1, 1, 1, 1)),
        batch_norm("bn2", "conv2", 20, random),
        Pool("pool2", ("bn2",), "max", (2, 2), (2, 2)),
        Activation("relu2", ("pool2",)),
        Flatten("flat", ("relu2",)),
        Linear("fc1", ("flat",), random.normal(0, 0.1, (17, 20 * side * side)), random.normal(0, 0.1, 17)),
        Activation("relu3", ("fc1",), slope=0.125),
        Linear("fc2", ("relu3",), random.normal(0, 0.3, (5, 17))),
    ]
    if last_batch_norm:
        nodes.append(batch_norm("bn3", "fc2", 5, random))
    return normalized(Network("lenet", Preprocess(size, size, (0.3,), (0.35,)), nodes, CLASSES), seed)


def resnet(seed: int = 0) -> Network:
    """A first convolution, a residual block with an adder shortcut, one without, and a 1x1 classifier."""
    random = np.random.default_rng(seed)
    ones = (1, 1, 1, 1)
    nodes: list[Node] = [
        conv("conv1", INPUT, (8, 3, 3, 3), random, padding=ones),
        batch_norm("bn1", "conv1", 8, random),
        Activation("relu1", ("bn1",), high=6.0),
        conv("short", "relu1", (20, 8, 1, 1), random, "adder", stride=(2, 2)),
        batch_norm("bn_short", "short", 20, random),
        conv("conv2", "relu1", (20, 8, 3, 3), random, "adder", padding=ones, stride=(2, 2)),
        batch_norm("bn2", "conv2", 20, random),
        Activation("relu2", ("bn2",)),
        conv("conv3", "relu2", (20, 20, 3, 3), random, "adder", padding=ones),
        batch_norm("bn3", "conv3", 20, random),
        Add("add1", ("bn3", "bn_short")),
        Activation("block1", ("add1",)),
        conv("conv4", "block1", (20, 1, 3, 3), random, padding=ones, groups=20),
        batch_norm("bn4", "conv4", 20, random),
        Add("add2", ("block1", "bn4")),
        Activation("block2", ("add2",)),
        Pool("mean", ("block2",), "average"),
        conv("fc", "mean", (5, 20, 1, 1), random),
        batch_norm("bn5", "fc", 5, random),
    ]
    return normalized(Network("resnet", Preprocess(9, 11, (0.5, 0.4, 0.3), (0.25, 0.2, 0.3)), nodes, CLASSES), seed)
