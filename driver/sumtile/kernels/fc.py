# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A fully connected layer in one or two factors, as the engine for these runs it: shapes, arithmetic, golden model.

For a vector ``x``, with two factors V (rank x inputs) and U (outputs x rank), the engine computes::

    m = saturate_data(round_shift(q(V x), middle_shift))       the middle vector, signed, in a format of its own
    v = q(U m)                                                 without a rank: q(W x)
    q(acc) = saturate_mid(round_shift(acc * mul[o], shift[o]) + add[o])    for output o
    v = round_shift(v * slope, 14) if v < 0
    y = saturate_out(round_shift(clip(v, clamp_low, clamp_high), out_shift))

Source: Qiu et al., FPGA'16, section 4.2: nothing lies between the factors, and bias and activation belong to the second one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import round_shift, saturate
from sumtile.kernels.activation import activate
from sumtile.kernels.layer import SLOPE_ONE, MapShape, Requantization
from sumtile.overlay import Engine, FcEngine


@dataclass(frozen=True)
class Factor:
    """The integers of one factor.

    Attributes:
        weights: (outputs, inputs), signed.
        requantization: parameters of each output.
    """

    weights: np.ndarray
    requantization: Requantization


@dataclass(frozen=True)
class FcLayer:
    """Everything of a fully connected layer but its factors.

    Attributes:
        inputs: values of a vector: of a whole map as it lies in memory, the zeros of its padding channels included.
        outputs: values of the result.
        weight_bits: width of the weights of all factors.
        rank: values of the middle vector; None for a layer with one factor.
        images: vectors that the layer takes at once; they share the weights.
        ifm_unsigned, ofm_unsigned: vectors and results are unsigned. The middle vector is signed.
        middle_shift: right shift from mid units to the format of the middle vector.
        slope: factor of negative values in units of 2**-14: 0 is ReLU, 16384 the identity.
        clamp_low, clamp_high: bounds of the activation in mid units; zero lies between them.
        out_shift: right shift from mid units to the output format.
    """

    inputs: int
    outputs: int
    weight_bits: int
    rank: int | None = None
    images: int = 1
    ifm_unsigned: bool = False
    ofm_unsigned: bool = False
    middle_shift: int = 0
    slope: int = SLOPE_ONE
    clamp_low: int = -(1 << 31)
    clamp_high: int = (1 << 31) - 1
    out_shift: int = 0

    @property
    def ifm(self) -> MapShape:
        """Shape of a vector, as a map of one pixel."""
        return MapShape(1, 1, self.inputs)

    @property
    def ofm(self) -> MapShape:
        """Shape of a result, as a map of one pixel."""
        return MapShape(1, 1, self.outputs)

    @property
    def factor_shapes(self) -> tuple[tuple[int, int], ...]:
        """(outputs, inputs) of each factor, the one that sees the vector first."""
        return ((self.outputs, self.inputs),) if self.rank is None else ((self.rank, self.inputs), (self.outputs, self.rank))

    @property
    def operations(self) -> int:
        """Multiply-accumulates for all images."""
        return self.images * sum(outputs * inputs for outputs, inputs in self.factor_shapes)

    def check(self, fc: FcEngine) -> None:
        """Raises SumtileError when the engine cannot run the layer; the sentence names the rule."""
        widths = ", ".join(map(str, fc.weight_bits))
        rank = 1 if self.rank is None else self.rank
        rules = [
            (1 <= self.inputs <= fc.inputs_max, f"a vector of {self.inputs} values was found, but the engine holds 1 to {fc.inputs_max}"),
            (1 <= rank <= fc.middle_max, f"a middle vector of {rank} values was found, but the engine holds 1 to {fc.middle_max}"),
            (1 <= self.outputs <= 65535, f"{self.outputs} outputs were asked for, but 1 to 65535 are possible"),
            (self.weight_bits in fc.weight_bits, f"weights of {self.weight_bits} bits were found, but the engine takes {widths}"),
            (1 <= self.images <= fc.batch, f"{self.images} images were given at once, but the engine takes 1 to {fc.batch}"),
            (0 <= self.slope <= SLOPE_ONE, f"slope {self.slope} must lie in 0 to {SLOPE_ONE}"),
            (0 <= self.middle_shift < fc.mid_bits, f"middle_shift {self.middle_shift} must lie in 0 to {fc.mid_bits - 1}"),
            (0 <= self.out_shift < fc.mid_bits, f"out_shift {self.out_shift} must lie in 0 to {fc.mid_bits - 1}"),
            (self.clamp_low <= 0 <= self.clamp_high, f"the clamp from {self.clamp_low} to {self.clamp_high} must hold zero"),
        ]
        for holds, sentence in rules:
            if not holds:
                raise SumtileError(f"the engine cannot run this fully connected layer: {sentence}.")


def run_fc(fc: Engine | FcEngine, layer: FcLayer, vectors: np.ndarray, factors: tuple[Factor, ...]) -> np.ndarray:
    """The golden model.

    Args:
        fc: gives the data width only, which all engines of an overlay share.
        layer: shapes and arithmetic; its number of images does not matter here.
        vectors: (images, inputs) integers.
        factors: one or two, the one that sees the vector first.

    Returns:
        int64 (images, outputs).
    """
    values = np.asarray(vectors, np.int64)
    for factor in factors[:-1]:
        values = saturate(round_shift(_requantized(fc, values, factor), layer.middle_shift), fc.data_bits)
    return activate(fc, layer, _requantized(fc, values, factors[-1]))


def sums(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums of products, int64 (images, outputs). Sums of at most 48 bits are exact in the floating point of a fast product."""
    return (values.astype(np.float64) @ weights.astype(np.float64).T).astype(np.int64)


def _requantized(fc: Engine | FcEngine, values: np.ndarray, factor: Factor) -> np.ndarray:
    parameters = factor.requantization
    return saturate(round_shift(sums(values, factor.weights) * parameters.mul, parameters.shift) + parameters.add, fc.mid_bits)
