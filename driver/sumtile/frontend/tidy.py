# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Last steps of an import: nodes that nobody reads go, and neighbours that are one layer become one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network.graph import INPUT, SIDE_MAX, BatchNorm, Conv, Network, Node, Pad, Pool, Select


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
    fixed = {output, *network.grids}
    nodes = _merge_chains(_merge_pads(nodes, fixed), fixed)
    result = replace(network, nodes=nodes, grids={name: grid for name, grid in network.grids.items() if _owner(name, nodes)})
    result.check()
    return result


def _owner(name: str, nodes: list[Node]) -> bool:
    names = {INPUT, *(node.name for node in nodes)}
    return name in names or name.removesuffix(".weight") in names


def _reached(nodes: list[Node], output: str) -> list[Node]:
    """The nodes up to the output that it depends on; the output comes last."""
    needed, kept = {output}, []
    for node in reversed(nodes):
        if node.name in needed:
            needed.update(node.inputs)
            kept.append(node)
    return kept[::-1]


def _merge_pads(nodes: list[Node], fixed: set[str]) -> list[Node]:
    """Padding moves into the layers that read it, where all of them can take it."""
    pads = {node.name: node for node in nodes if isinstance(node, Pad) and node.name not in fixed}
    for node in nodes:
        for name in pads.keys() & set(node.inputs):
            if not _takes(node, pads[name]):
                del pads[name]
    return [_padded(node, pads[node.inputs[0]]) if node.inputs[0] in pads else node for node in nodes if node.name not in pads]


def _takes(node: Node, pad: Pad) -> bool:
    if isinstance(node, Conv):
        return max(_sum(node, pad)) <= SIDE_MAX
    counts = isinstance(node, Pool) and node.kind == "average" and node.count_padding
    if not isinstance(node, Pool) or node.kernel is None or not counts:
        return False
    top, left, bottom, right = _sum(node, pad)
    return max(top, bottom) < node.kernel[0] and max(left, right) < node.kernel[1]


def _padded(node: Node, pad: Pad) -> Node:
    return replace(node, inputs=pad.inputs, padding=_sum(node, pad)) if isinstance(node, (Conv, Pool)) else node


def _sum(node: Conv | Pool, pad: Pad) -> tuple[int, int, int, int]:
    top, left, bottom, right = node.padding
    return top + pad.padding[0], left + pad.padding[1], bottom + pad.padding[2], right + pad.padding[3]


def _merge_chains(nodes: list[Node], fixed: set[str]) -> list[Node]:
    """Affine nodes, or selections, that only the next one of their kind reads become one with it."""
    readers = Counter(name for node in nodes for name in node.inputs)
    result: dict[str, Node] = {}
    for node in nodes:
        before = result.get(node.inputs[0])
        merged = _merged(before, node) if before is not None and readers[before.name] == 1 and before.name not in fixed else None
        if before is not None and merged is not None:
            del result[before.name]
        result[node.name] = merged or node
    return list(result.values())


def _merged(first: Node, second: Node) -> Node | None:
    """One node for two in a row, or None where they are not of one kind."""
    if isinstance(first, Select) and isinstance(second, Select):
        return Select(second.name, first.inputs, first.channels[second.channels])
    if not (isinstance(first, BatchNorm) and isinstance(second, BatchNorm)):
        return None
    (factor, addend), (gain, shift) = first.factors(), second.factors()
    gamma, beta = (gain * factor).astype(np.float32), (gain * addend + shift).astype(np.float32)
    if not (np.isfinite(gamma).all() and np.isfinite(beta).all()):
        return None
    return BatchNorm(second.name, first.inputs, gamma, beta, np.zeros_like(gamma), np.ones_like(gamma), 0.0)
