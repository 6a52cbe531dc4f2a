# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Decomposes the convolutions of a network, and counts what each layer costs.

A product is one operation and so is a sum, as usual. A convolution of composed kernels is counted in the order that saves
most (Li et al., ESCALATE, MICRO'21, section 3): for each input pixel one addition a coefficient that is not zero (a product as
well, where coefficients are no signs), then for each output pixel the taps of the shared kernels that its output needs.
Batch normalization, activations, pools and additions of maps are the same before and after and are not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sumtile.network.bases import BASIS_BITS, Bases, decompose
from sumtile.network.graph import Conv, Linear, Network, Node
from sumtile.network.reference import run_float

LEAST_INPUTS = 8
"""Convolutions of fewer input channels are left alone: first layers, in which shared kernels save nothing."""

SCALE_BITS = 32
"""Width of the scale of an output and shared kernel."""


@dataclass(frozen=True)
class LayerCost:
    """What a convolution or a fully connected layer takes for one image.

    Attributes:
        name: of the node.
        multiplications, additions: for one image.
        parameters: weights and biases; of composed kernels, coefficients that are not zero, basis and scales.
        bits: of those in memory; masks of sparse coefficients included.
    """

    name: str
    multiplications: int
    additions: int
    parameters: int
    bits: int

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        return self.multiplications + self.additions

    @property
    def bytes(self) -> float:
        """Bytes of the parameters."""
        return self.bits / 8


def is_decomposable(node: Node) -> bool:
    """True for an ordinary convolution with more than one tap and enough input channels; 1x1 kernels and first layers stay as they are."""
    return isinstance(node, Conv) and node.operator == "mac" and node.groups == 1 and node.weight[0, 0].size > 1 and node.weight.shape[1] >= LEAST_INPUTS


def decompose_network(network: Network, rank: int) -> Network:
    """The network with every decomposable convolution's kernels as sums of ``rank`` shared ones; see :func:`sumtile.network.bases.decompose`.

    Raises:
        SumtileError: the rank is not positive.
    """
    return with_bases(network, {node.name: decompose(node.weight, rank) for node in network.nodes if isinstance(node, Conv) and is_decomposable(node)})


def map_bases(network: Network, function: Callable[[Bases], Bases]) -> Network:
    """The network with the bases of every layer changed by a function, and the weights that they compose."""
    return with_bases(network, {name: function(bases) for name, bases in network.bases.items()})


def with_bases(network: Network, bases: dict[str, Bases]) -> Network:
    """The network with these bases, by the name of the node, besides those that it has; their layers have the weights that they compose."""
    nodes = [replace(node, weight=bases[node.name].compose()) if isinstance(node, Conv) and node.name in bases else node for node in network.nodes]
    return replace(network, nodes=nodes, bases={**network.bases, **bases})


def layer_costs(network: Network, weight_bits: int = 32) -> list[LayerCost]:
    """What each convolution and fully connected layer costs, in the network's order.

    Args:
        weight_bits: width of weights, biases and float coefficients.

    Raises:
        SumtileError: the network is not well formed.
    """
    preprocess = network.preprocess
    tensors = run_float(network, np.zeros((1, preprocess.channels, preprocess.height, preprocess.width), np.float32))
    pixels = {name: int(np.prod(tensor.shape[2:])) for name, tensor in tensors.items()}
    costs = []
    for node in network.nodes:
        if node.name in network.bases:
            costs.append(_composed_cost(node, network.bases[node.name], pixels, weight_bits))
        elif isinstance(node, (Conv, Linear)):
            products = node.weight.size * pixels[node.name]
            parameters = node.weight.size + _bias_size(node)
            multiplies = not isinstance(node, Conv) or node.operator == "mac"
            costs.append(LayerCost(node.name, products * multiplies, products * (1 if multiplies else 2), parameters, parameters * weight_bits))
    return costs


def _composed_cost(node: Node, bases: Bases, pixels: dict[str, int], weight_bits: int) -> LayerCost:
    combined = bases.nonzeros * pixels[node.inputs[0]]
    used = int(np.count_nonzero(bases.used()))
    products = used * bases.basis[0].size * pixels[node.name]
    multiplications = products + (0 if bases.is_ternary else combined)
    scales, biases = used if bases.is_ternary else 0, _bias_size(node)
    coefficient_bits = bases.coefficients.size + bases.nonzeros * (1 if bases.is_ternary else weight_bits)
    basis_bits = bases.basis.size * (BASIS_BITS if bases.basis.dtype == np.int8 else weight_bits)
    return LayerCost(
        node.name,
        multiplications,
        products + combined,
        bases.nonzeros + bases.basis.size + scales + biases,
        coefficient_bits + basis_bits + scales * SCALE_BITS + biases * weight_bits,
    )


def _bias_size(node: Node) -> int:
    bias: np.ndarray | None = getattr(node, "bias", None)
    return 0 if bias is None else bias.size
