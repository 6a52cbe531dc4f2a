# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Post-training quantization of a float network with a few calibration images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from sumtile.formats import Mixed
from sumtile.network.graph import Network
from sumtile.quantize.blocks import AnyBlock, Block
from sumtile.quantize.calibrate import check_images
from sumtile.quantize.expand import expand_groups
from sumtile.quantize.fuse import fuse
from sumtile.quantize.quantized import QuantizedNetwork
from sumtile.quantize.rows import assign_rows
from sumtile.quantize.scheme import Scheme
from sumtile.quantize.walk import Walk
from sumtile.quantize.weights import IntegerWeights


def quantize_network(network: Network, images: np.ndarray, scheme: Scheme, advance: Callable[[int], None] = lambda count: None) -> QuantizedNetwork:
    """Quantizes weights and activations without training.

    The weights of all multiplying layers come first. Then layer after layer runs on the images, so that each chooses
    its formats in sight of the errors of those before it.

    Args:
        network: the float network.
        images: calibration images, uint8 (images, height, width, channels); the tensors of all of them are held in
            memory until they are read for the last time.
        scheme: the rules.
        advance: called with the number of blocks of :func:`fuse` just finished.

    Returns:
        the quantized network with the error of each layer on the calibration images. Where a scheme mixes rows of two
        formats, the channels inside the network have another order than those of the float network.

    Raises:
        SumtileError: images of another shape, a node that no engine layer can run, or parameters that are not finite.
    """
    network = expand_groups(network)
    blocks = fuse(network, scheme.on_grids)
    check_images(network, images)
    scheme.check_layers(blocks)
    orders: dict[str, np.ndarray] = {}
    for ratio, layers in _mixed_layers(blocks, scheme).items():
        network, changed = assign_rows(network, ratio, layers)
        orders |= {name: orders[name][order] if name in orders else order for name, order in changed.items()}
    blocks = fuse(network, scheme.on_grids)
    quantized = Walk(network, blocks, images, scheme).run(_integer_weights(blocks, scheme), advance)
    return replace(quantized, orders={name: tuple(order.tolist()) for name, order in orders.items() if name in quantized.formats})


def _integer_weights(blocks: Sequence[AnyBlock], scheme: Scheme) -> dict[str, IntegerWeights]:
    """Of each multiplying layer; a rule sees all of its layers at a time."""
    rules = scheme.weight_rules(blocks)
    weights: dict[str, IntegerWeights] = {}
    for rule in dict.fromkeys(rules.values()):
        layers = [block for block in blocks if isinstance(block, Block) and rules.get(block.name) == rule]
        weights |= zip((block.name for block in layers), rule.quantize([block.weights for block in layers]))
    return weights


def _mixed_layers(blocks: Sequence[AnyBlock], scheme: Scheme) -> dict[Mixed, list[str]]:
    """Nodes of the layers whose rows are mixed, by their format."""
    rules = scheme.weight_rules(blocks)
    mixed: dict[Mixed, list[str]] = {}
    for block in blocks:
        format = rules[block.name].format if block.name in rules else None
        if isinstance(format, Mixed):
            mixed.setdefault(format, []).extend(block.nodes)
    return mixed
