# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The program of a network that is not quantized yet: every shape, array and step, with zeros for the numbers."""

from __future__ import annotations

import numpy as np

from sumtile.compiler.check import check_scheme
from sumtile.compiler.lower import compile_network
from sumtile.formats import FixedPoint
from sumtile.network import Network
from sumtile.overlay import Overlay
from sumtile.program import Program
from sumtile.quantize import HostLayer, QuantizedLayer, QuantizedNetwork, Scheme, fuse
from sumtile.quantize.blocks import Block
from sumtile.quantize.calibrate import signs
from sumtile.quantize.weight_rules import WeightRule


def blank_network(network: Network, scheme: Scheme) -> QuantizedNetwork:
    """A network as the quantizer will give it, as far as that depends on shapes and widths only.

    Weights are those of :meth:`WeightRule.sketch`, factors are one, addends and fractional lengths 0.

    Args:
        network: the float network.
        scheme: the rules by which it is to be quantized.

    Raises:
        SumtileError: a node that neither an engine nor the processor can run.
    """
    blocks = fuse(network, scheme.on_grids)
    signed = signs(network, blocks)
    formats = {name: FixedPoint(rule.bits, 0, signed[name]) for name, rule in scheme.activation_rules(blocks).items()}
    rules = scheme.weight_rules(blocks)
    layers = [
        _blank(block, rules.get(block.name), formats[block.name]) if isinstance(block, Block) else HostLayer(tuple(block.nodes), block.reads, block.operation) for block in blocks
    ]
    return QuantizedNetwork(network.name, network.preprocess, network.classes, str(scheme), formats, tuple(layers))


def sketch_network(network: Network, scheme: Scheme, overlay: Overlay) -> Program:
    """What :func:`sumtile.compiler.compile_network` will make of a network: steps, geometry, arrays, stripes, tensors and buffers, without numbers.

    Args:
        network: the float network.
        scheme: the rules by which it is to be quantized.
        overlay: the overlay, resolved for a board.

    Raises:
        SumtileError: as from :func:`check_scheme` and :func:`compile_network`.
    """
    check_scheme(network, scheme, overlay)
    return compile_network(blank_network(network, scheme), overlay)


def _blank(block: Block, rule: WeightRule | None, format: FixedPoint) -> QuantizedLayer:
    """A layer without numbers; its weights take no memory."""
    geometry = block.geometry if rule is None else rule.adapted(block.geometry)
    weights = np.broadcast_to(np.int8(1), geometry.weight_shape) if rule is None else rule.sketch(geometry)
    zeros, ones, levels = np.zeros(geometry.channels), np.ones(geometry.channels), None if rule is None else rule.format
    return QuantizedLayer(tuple(block.nodes), block.source, block.residual, geometry, weights, levels, ones, zeros, block.slope, block.low, block.high, format)
