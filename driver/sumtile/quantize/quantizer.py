# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Post-training quantization of a float network with a few calibration images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sumtile.formats import Mixed
from sumtile.network.graph import Network
from sumtile.quantize.blocks import AnyBlock, Block, multiplying_layers
from sumtile.quantize.calibrate import check_images
from sumtile.quantize.expand import expand_groups
from sumtile.quantize.fuse import fuse
from sumtile.quantize.quantized import QuantizedNetwork
from sumtile.quantize.rows import assign_rows
from sumtile.quantize.scheme import Scheme
from sumtile.quantize.walk import Walk
from sumtile.quantize.weight_rules import WeightRule
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
    blocks = fuse(network)
    check_images(network, images)
    if isinstance(scheme.weights.format, Mixed):
        network = assign_rows(network, scheme.weights.format, [name for block in _multiplying(blocks, scheme)[scheme.weights] for name in block.nodes])
        blocks = fuse(network)
    weights: dict[str, IntegerWeights] = {}
    for rule, layers in _multiplying(blocks, scheme).items():
        weights |= zip((block.name for block in layers), rule.quantize([block.weights for block in layers]))
    return Walk(network, blocks, images, scheme).run(weights, advance)


def _multiplying(blocks: Sequence[AnyBlock], scheme: Scheme) -> dict[WeightRule, list[Block]]:
    """The multiplying layers that each rule for weights holds for."""
    inner, ends = multiplying_layers(blocks)
    return {scheme.weights: [*inner, *ends]} if scheme.ends == scheme.weights else {scheme.weights: inner, scheme.ends: ends}
