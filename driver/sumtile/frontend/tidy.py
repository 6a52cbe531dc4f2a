# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Last steps of an import: nodes that nobody reads go, and neighbours that are one layer become one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network.graph import SIDE_MAX, BatchNorm, Conv, Network, Node, Pad, Pool, Select


def tidy(network: Network, output: str) -> Network:
    """The network that makes ``output``, as short as folding that changes no value makes it.

    Batch normalizations and selections in a row become one, and a border of zeros goes into the layers that read it if all of
    them can take it.

    Raises:
        SumtileError: no layer is left between input and output.
    """
    nodes = _reached(network.nodes, output)
    if not nodes:
        raise SumtileError("the model only hands its input on, but at least one layer is needed; choose another output.")
    for merge in (_merge_pads, _merge_chains):
        nodes = merge(nodes, output, network)
    result = replace(network, nodes=nodes, grids={name: grid for name, grid in network.grids.items() if _owner(name, nodes)})
    result.check()
    return result


def _owner(name: str, nodes: list[Node]) -> bool:
    names = {node.name for node in nodes} | {"input"}
    return name in names or name.removesuffix(".weight") in names


def _reached(nodes: list[Node], output: str) -> list[Node]:
    """The nodes up to the output that it depends on; the output comes last."""
    needed, kept = {output}, []
    for node in reversed(nodes):
        if node.name in needed:
            needed.update(node.inputs)
            kept.append(node)
    return kept[::-1]


def _merge_pads(nodes: list[Node], output: str, network: Network) -> list[Node]:
    """Padding moves into the layers that read it."""
    for pad in [node for node in nodes if isinstance(node, Pad) and node.name != output and node.name not in network.grids]:
        readers = [node for node in nodes if pad.name in node.inputs]
        if all(_takes(reader, pad) for reader in readers):
            nodes = [_padded(node, pad) if node in readers else node for node in nodes if node is not pad]
    return nodes


def _takes(node: Node, pad: Pad) -> bool:
    if isinstance(node, Pool) and (node.kind != "average" or node.kernel is None or not node.count_padding):
        return False
    return isinstance(node, (Conv, Pool)) and max(_sum(node, pad)) <= SIDE_MAX


def _padded(node: Node, pad: Pad) -> Node:
    return replace(node, inputs=pad.inputs, padding=_sum(node, pad)) if isinstance(node, (Conv, Pool)) else node


def _sum(node: Conv | Pool, pad: Pad) -> tuple[int, int, int, int]:
    top, left, bottom, right = node.padding
    return top + pad.padding[0], left + pad.padding[1], bottom + pad.padding[2], right + pad.padding[3]


def _merge_chains(nodes: list[Node], output: str, network: Network) -> list[Node]:
    """Affine nodes, or selections, that only the next one of their kind reads become one with it."""
    result: list[Node] = []
    for node in nodes:
        before = next((other for other in result if node.inputs == (other.name,)), None)
        readers = 0 if before is None else sum(other.inputs.count(before.name) for other in nodes)
        if before is None or readers != 1 or before.name in network.grids or type(before) is not type(node):
            result.append(node)
            continue
        merged = _merged(before, node)
        if merged is None:
            result.append(node)
        else:
            result[result.index(before)] = merged
    return result


def _merged(first: Node, second: Node) -> Node | None:
    if isinstance(first, Select) and isinstance(second, Select):
        return Select(second.name, first.inputs, first.channels[second.channels])
    if not (isinstance(first, BatchNorm) and isinstance(second, BatchNorm)):
        return None
    (factor, addend), (gain, shift) = first.factors(), second.factors()
    gamma, beta = (gain * factor).astype(np.float32), (gain * addend + shift).astype(np.float32)
    if not (np.isfinite(gamma).all() and np.isfinite(beta).all()):
        return None
    return BatchNorm(second.name, first.inputs, gamma, beta, np.zeros_like(gamma), np.ones_like(gamma), 0.0)
