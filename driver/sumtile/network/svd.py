# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Fully connected layers in two factors of low rank: W = U S Vᵀ ≈ U_d · (S_d V_dᵀ).

Source: Qiu et al., FPGA'16, section 4.2 (SVD of FC layers). Of all matrices of rank d, this product is the nearest to W
(Eckart and Young, 1936). A network with such a layer has two Linear nodes in its place, with nothing between them: the
first one, named after the layer with ``.v``, makes d values, and the second one keeps name and bias.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network.graph import BatchNorm, Linear, Network, Node

SUFFIX = ".v"
"""What the first factor's name has behind the layer's."""


@dataclass(frozen=True)
class Factored:
    """What factoring does to one layer.

    Attributes:
        layer: name of the Linear node.
        outputs, inputs: shape of its weights.
        rank: columns of the second factor, and rows of the first.
    """

    layer: str
    outputs: int
    inputs: int
    rank: int

    @property
    def weights_before(self) -> int:
        """Weights of the layer as it was."""
        return self.outputs * self.inputs

    @property
    def weights(self) -> int:
        """Weights of both factors."""
        return self.rank * (self.outputs + self.inputs)

    @property
    def saved(self) -> float:
        """Share of the weights that is saved."""
        return 1 - self.weights / self.weights_before

    def __str__(self) -> str:
        return f"{self.layer} in two factors of rank {self.rank}: {self.weights:,} weights for {self.weights_before:,} ({-100 * self.saved:+.1f} %)"


def linear_layer(network: Network, name: str) -> Linear:
    """The Linear node of that name, or the only one that has it between slashes, as ``fc6`` in ``classifier/fc6/Gemm``.

    Raises:
        SumtileError: no such node, or several; the sentence has the names of those that there are.
    """
    layers = [node for node in network.nodes if isinstance(node, Linear)]
    named = [node for node in layers if node.name == name] or [node for node in layers if name in node.name.split("/")]
    if len(named) != 1:
        found = f"several fully connected layers '{name}'" if named else f"no fully connected layer '{name}'"
        raise SumtileError(
            f"network '{network.name}' has {found} to factor (it has: {', '.join(node.name for node in named or layers) or 'none'}); give the whole name of one of its Linear nodes."
        )
    return named[0]


def highest_rank(layer: Linear) -> int:
    """The highest rank at which two factors have fewer weights than the layer; 0 where there is none."""
    outputs, inputs = layer.weight.shape
    return (outputs * inputs - 1) // (outputs + inputs)


def check_rank(layer: Linear, rank: int) -> Factored:
    """What factoring at a rank does; SumtileError where the rank is none, or where it saves no weights."""
    outputs, inputs = layer.weight.shape
    if not 1 <= rank <= min(outputs, inputs):
        raise SumtileError(f"layer '{layer.name}' has {outputs} x {inputs} weights and ranks from 1 to {min(outputs, inputs)}, but rank {rank} was asked for; choose one of these.")
    if rank > highest_rank(layer):
        raise SumtileError(
            f"two factors of rank {rank} have {rank * (outputs + inputs):,} weights, and layer '{layer.name}' itself has {outputs * inputs:,}; "
            + (f"choose a rank up to {highest_rank(layer)}, or leave the layer as it is." if highest_rank(layer) else "leave the layer as it is.")
        )
    return Factored(layer.name, outputs, inputs, rank)


class Decomposition:
    """The singular values of a fully connected layer, and its factors at any rank.

    A batch normalization right behind the layer scales its outputs, and what comes of a weight's error is that error
    times the scale. So rows are weighted by it before they are decomposed, and freed of it afterwards.

    Args:
        network: the network.
        name: name of the Linear node (see :func:`linear_layer`).

    Attributes:
        layer: the node.
        values: its singular values, float64, falling.

    Raises:
        SumtileError: no such layer, or weights that are not finite.
    """

    def __init__(self, network: Network, name: str) -> None:
        self.layer = linear_layer(network, name)
        weight = self.layer.weight.astype(np.float64)
        if not np.all(np.isfinite(weight)):
            raise SumtileError(f"node '{name}' has weights that are not finite; train the network again or repair its file.")
        self._scale = _output_scale(network, self.layer)
        weight *= self._scale[:, None]
        # Eigenvectors of the smaller Gram matrix: a tenth of the work of an SVD where one side is much longer. Values below
        # 1e-8 of the largest are lost to rounding, as they are in weights of float32.
        self._wide = weight.shape[0] <= weight.shape[1]
        squares, vectors = np.linalg.eigh(weight @ weight.T if self._wide else weight.T @ weight)
        self._weight, self._vectors, self.values = weight, vectors[:, ::-1], np.sqrt(np.maximum(squares[::-1], 0.0))

    def energy(self, rank: int) -> float:
        """Share of the sum of all squared singular values that the first ``rank`` of them have."""
        powers = np.square(self.values)
        return float(powers[:rank].sum() / powers.sum()) if powers.any() else 1.0

    def rank_of_energy(self, share: float) -> int:
        """The lowest rank that has at least that share of the squared singular values; SumtileError unless it is in 0 to 1."""
        if not 0 < share <= 1:
            raise SumtileError(f"a share of {share:g} of layer '{self.layer.name}' was asked for, but it lies above 0 and up to 1; correct it.")
        sums = np.cumsum(np.square(self.values))
        return int(np.searchsorted(sums, share * sums[-1] * (1 - 1e-12))) + 1

    def factors(self, rank: int) -> tuple[np.ndarray, np.ndarray]:
        """The first factor (rank, inputs) and the second one (outputs, rank), whose product is nearest to the weights: float32.

        Each has the square roots of the singular values, so that the values between them, and the columns of the second
        factor, spread less than if one factor had all of it.
        """
        root = np.sqrt(np.where(self.values[:rank] > 0, self.values[:rank], 1.0))
        vectors = self._vectors[:, :rank]
        first, second = ((vectors / root).T @ self._weight, vectors * root) if self._wide else ((vectors * root).T, self._weight @ (vectors / root))
        unscaled = np.divide(second, self._scale[:, None], out=np.zeros_like(second), where=self._scale[:, None] != 0)
        return first.astype(np.float32), unscaled.astype(np.float32)


def factor_layer(network: Network, decomposition: Decomposition, rank: int) -> tuple[Network, Factored]:
    """The network with one layer in two factors; the network that is given stays as it is.

    Raises:
        SumtileError: a rank that the layer does not have, or that saves nothing.
    """
    factored = check_rank(decomposition.layer, rank)
    return _with_factors(network, decomposition.layer, *decomposition.factors(rank)), factored


def factor_blank(network: Network, ranks: Mapping[str, int]) -> tuple[Network, list[Factored]]:
    """The network with layers in two factors whose weights are all one: for plans, which depend on shapes only.

    Raises:
        SumtileError: as from :func:`factor_layer`.
    """
    done = []
    for name, rank in ranks.items():
        layer = linear_layer(network, name)
        done.append(check_rank(layer, rank))
        one = np.float32(1)
        network = _with_factors(network, layer, np.broadcast_to(one, (rank, done[-1].inputs)), np.broadcast_to(one, (done[-1].outputs, rank)))
    return network, done


def _with_factors(network: Network, layer: Linear, first: np.ndarray, second: np.ndarray) -> Network:
    name = layer.name + SUFFIX
    if any(node.name == name for node in network.nodes):
        raise SumtileError(f"layer '{layer.name}' cannot be factored, since the network has a node '{name}' already; rename that one.")
    nodes: list[Node] = []
    for node in network.nodes:
        nodes += [Linear(name, layer.inputs, first), replace(layer, inputs=(name,), weight=second)] if node.name == layer.name else [node]
    return replace(network, nodes=nodes, grids={key: grid for key, grid in network.grids.items() if key != f"{layer.name}.weight"})


def _output_scale(network: Network, layer: Linear) -> np.ndarray:
    """What the batch normalization behind a layer multiplies each output by: float64 (outputs,); ones where there is none."""
    readers = network.readers(layer.name)
    if len(readers) == 1 and isinstance(readers[0], BatchNorm) and readers[0].gamma.shape == layer.weight.shape[:1]:
        return np.asarray(readers[0].factors()[0])
    return np.ones(len(layer.weight))
