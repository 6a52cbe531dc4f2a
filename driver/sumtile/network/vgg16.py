# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""VGG16 for ImageNet as a graph, for given, random or no weights.

Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, table 1,
configuration D. Layers have the names that the literature gives them, conv1_1 to conv5_3 and fc6 to fc8.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sumtile.network.graph import INPUT, Activation, Conv, Flatten, Linear, Network, Node, Pool, Preprocess

STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
"""Convolutions and channels of each stage; a maximum of 2 x 2 ends it."""

HIDDEN = (("fc6", 4096), ("fc7", 4096))
CLASSES = 1000

IMAGENET = Preprocess(224, 224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

Shape = tuple[int, ...]
Draw = Callable[[Shape], np.ndarray]


def vgg16_network(weights: Draw, narrow: int = 1) -> Network:
    """The network with the weights that a function gives, and biases of zero.

    Args:
        weights: from the shape of a layer's weights, (outputs, inputs, height, width) or (outputs, inputs), to these.
        narrow: how many times fewer channels its layers have, the scores excepted.
    """
    nodes: list[Node] = []
    inputs = 3
    for stage, (count, channels) in enumerate(STAGES, start=1):
        outputs = channels // narrow
        for index in range(1, count + 1):
            source = nodes[-1].name if nodes else INPUT
            nodes.append(Conv(f"conv{stage}_{index}", (source,), weights((outputs, inputs, 3, 3)), bias=np.zeros(outputs, np.float32), padding=(1, 1, 1, 1)))
            nodes.append(Activation(f"relu{stage}_{index}", (nodes[-1].name,)))
            inputs = outputs
        nodes.append(Pool(f"pool{stage}", (nodes[-1].name,), "max", (2, 2), (2, 2)))
    nodes.append(Flatten("flatten", (nodes[-1].name,)))
    inputs *= 7 * 7
    for name, width in HIDDEN:
        outputs = width // narrow
        nodes.append(Linear(name, (nodes[-1].name,), weights((outputs, inputs)), np.zeros(outputs, np.float32)))
        nodes.append(Activation(f"relu{name[2:]}", (name,)))
        inputs = outputs
    nodes.append(Linear("fc8", (nodes[-1].name,), weights((CLASSES, inputs)), np.zeros(CLASSES, np.float32)))
    return Network("vgg16", IMAGENET, nodes)


def random_weights(seed: int) -> Draw:
    """Normal weights, float32, drawn so that activations keep their power from layer to layer (He et al., ICCV 2015)."""
    random = np.random.default_rng(seed)

    def draw(shape: Shape) -> np.ndarray:
        return random.standard_normal(shape, np.float32) * np.float32(np.sqrt(2 / np.prod(shape[1:])))

    return draw


def blank_weights(shape: Shape) -> np.ndarray:
    """Ones that take no memory: for plans, which depend on shapes only."""
    return np.broadcast_to(np.float32(1), shape)
