# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The usual schemes; each gives a :class:`~sumtile.quantize.Scheme` with all its settings, which ``str`` tells."""

from __future__ import annotations

from dataclasses import replace
from glob import escape

from sumtile.errors import SumtileError
from sumtile.formats import Mixed, Sp2, Symmetric, Ternary
from sumtile.network import Network
from sumtile.quantize.activation_rules import CoveringActivations, DynamicActivations, StaticActivations, TrainedActivations
from sumtile.quantize.grids import tensor_format, weight_levels, with_moved
from sumtile.quantize.scheme import LayerSetting, Scheme
from sumtile.quantize.weight_rules import CoveringWeights, DynamicWeights, FittedWeights, SharedKernelWeights, StaticWeights, TrainedWeights

STARTS = 64
"""Steps that the fit of a scale begins with."""


def covering(bits: int = 8, weight_bits: int | None = None, quantile: float = 1.0, scale: str = "activations") -> Scheme:
    """Symmetric weights and power-of-two activations whose scales cover their maximum.

    Args:
        bits: width of activations, and of weights unless ``weight_bits`` says otherwise.
        weight_bits: width of the weights of multiplying layers.
        quantile, scale: see :class:`~sumtile.quantize.activation_rules.CoveringActivations`.
    """
    weights = CoveringWeights(bits if weight_bits is None else weight_bits)
    return Scheme(weights, CoveringActivations(bits, quantile, scale), weights, compensate=False, correct_biases=False)


def dynamic(bits: int = 8, weight_bits: int | None = None, radius: int = 2, per_filter: bool = True, correct_biases: bool = False) -> Scheme:
    """Dynamic precision of Qiu et al. (FPGA'16): fractional lengths of weights and tensors that follow their values.

    Args:
        bits: width of activations, and of weights unless ``weight_bits`` says otherwise.
        weight_bits: width of the weights of multiplying layers.
        radius: how far both searches go.
        per_filter: a fractional length for the weights of each filter, which costs an engine nothing; of each layer, as
            in the paper, where it is false. The sum of absolute errors then cuts a layer's few largest weights.
        correct_biases: see :class:`~sumtile.quantize.Scheme`; not in the paper. In a deep network the search cuts large activations of many
            layers, and what that takes from the means adds up.
    """
    weights = DynamicWeights(bits if weight_bits is None else weight_bits, radius, per_filter)
    return Scheme(weights, DynamicActivations(bits, radius), weights, compensate=False, correct_biases=correct_biases)


def static(bits: int = 8, weight_bits: int | None = None, radius: int = 2) -> Scheme:
    """Static precision: one fractional length for all weights and one for all tensors, for comparison with :func:`dynamic`.

    Args:
        bits: width of activations, and of weights unless ``weight_bits`` says otherwise.
        weight_bits: width of the weights of multiplying layers.
        radius: how far both searches go.
    """
    weights = StaticWeights(bits if weight_bits is None else weight_bits, radius)
    return Scheme(weights, StaticActivations(bits, radius), weights, compensate=False, correct_biases=False)


def fixed(weight_bits: int = 4, bits: int = 8, ends: int = 8, compensate: bool = True, correct_biases: bool = True) -> Scheme:
    """Symmetric weights with fitted scales: the "fixed" format of MSQ (Chang et al., HPCA'21).

    Args:
        weight_bits: width of the weights, 2 to 16.
        bits: width of activations.
        ends: width of the weights of the first and the last layer; as wide as the others, they have the same rule.
        compensate, correct_biases: see :class:`~sumtile.quantize.Scheme`.
    """
    return _fitted(FittedWeights(Symmetric(weight_bits), STARTS), bits, ends, compensate, correct_biases)


def sp2(weight_bits: int = 4, bits: int = 8, ends: int = 8, compensate: bool = True, correct_biases: bool = True) -> Scheme:
    """Weights that are sums of two powers of two, with fitted scales (Chang et al., HPCA'21).

    Args:
        weight_bits: width of the weights, 3 to 8.
        bits, ends, compensate, correct_biases: see :func:`fixed`.
    """
    return _fitted(FittedWeights(Sp2(weight_bits), STARTS), bits, ends, compensate, correct_biases)


def msq(weight_bits: int = 4, bits: int = 8, ends: int = 8, compensate: bool = True, correct_biases: bool = True, *, fixed_of: int, of: int) -> Scheme:
    """Mix and Match: filters of high variance are fixed and the others SP2, in the ratio of an array's lanes (Chang et al., HPCA'21).

    Args:
        weight_bits: width of the weights of both kinds, 3 to 8.
        bits, ends, compensate, correct_biases: see :func:`fixed`.
        fixed_of, of: that many of so many filters are fixed.
    """
    mixed = Mixed(Symmetric(weight_bits), Sp2(weight_bits), fixed_of, of)
    return _fitted(FittedWeights(mixed, STARTS), bits, ends, compensate, correct_biases)


def ternary(bits: int = 8, ends: int = 8, compensate: bool = True, correct_biases: bool = True) -> Scheme:
    """Weights of -1, 0 and 1 with fitted scales.

    Args:
        bits, ends, compensate, correct_biases: see :func:`fixed`.
    """
    return _fitted(FittedWeights(Ternary(), STARTS), bits, ends, compensate, correct_biases)


def trained(network: Network, bits: int | None = None, weight_bits: int | None = None) -> Scheme:
    """The grids that a network was quantized to in training (QONNX); its integers are those of the trained network.

    Args:
        network: the network, with its grids.
        bits: width of tensors without a grid; by default the widest grid of a tensor, and at least 8, which costs an engine nothing.
        weight_bits: width of weights without a grid; by default ``bits``.

    Raises:
        SumtileError: the network has no grids, or one that no format holds; the sentence names the layer or the tensor.
    """
    weights = {name.removesuffix(".weight"): grid for name, grid in network.grids.items() if name.endswith(".weight")}
    tensors = [(name, tensor_format(name, grid)) for name, grid in network.grids.items() if not name.endswith(".weight")]
    if not network.grids:
        raise SumtileError(f"network '{network.name}' was not quantized in training, so it has no grids; choose another scheme.")
    bits = bits or max([8, *(format.bits for _, format in tensors)])
    others = CoveringWeights(weight_bits or bits)
    settings = []
    for name, grid in weights.items():
        levels, _, _ = weight_levels(name, network.node(name).weight, grid)  # type: ignore[attr-defined]  # only layers have weights
        settings.append(LayerSetting(escape(name), TrainedWeights(name, levels, grid)))
    return Scheme(others, TrainedActivations(bits, tuple(with_moved(network, dict(tensors)).items())), others, compensate=False, correct_biases=False, layers=tuple(settings))


def escalate(network: Network, bits: int = 8) -> Scheme:
    """Layers whose kernels are ternary sums of shared ones stay that, for an engine with a basis array; the others are as in :func:`covering`.

    Args:
        network: the network, with its bases.
        bits: width of activations, and of the other layers' weights.

    Raises:
        SumtileError: no layer of the network has shared kernels with ternary coefficients.
    """
    composed = {name: bases for name, bases in network.bases.items() if bases.is_ternary}
    if not composed:
        raise SumtileError(
            f"network '{network.name}' has no layer whose kernels are ternary sums of shared ones; compress it with 'python -m sumtile.train.penni', or choose another scheme."
        )
    layers = tuple(LayerSetting(escape(name), SharedKernelWeights(bases)) for name, bases in composed.items())
    return replace(covering(bits), layers=layers)


def _fitted(weights: FittedWeights, bits: int, ends: int, compensate: bool, correct_biases: bool) -> Scheme:
    """Ends as wide as the other weights are no exception."""
    rule = weights if ends == weights.levels.bits else CoveringWeights(ends)
    return Scheme(weights, CoveringActivations(bits, 1.0, "activations"), rule, compensate, correct_biases)
