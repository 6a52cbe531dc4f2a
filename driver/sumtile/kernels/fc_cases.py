# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Random fully connected layers of every shape an engine takes, each from one seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sumtile.formats import round_shift, saturate
from sumtile.kernels.fc import Factor, FcLayer, sums
from sumtile.kernels.layer import SLOPE_ONE, Requantization
from sumtile.overlay import FcEngine


@dataclass(frozen=True)
class FcCase:
    """A layer with the data to run it: ``vectors`` are (images, inputs) integers."""

    layer: FcLayer
    vectors: np.ndarray
    factors: tuple[Factor, ...]


def random_fc_case(fc: FcEngine, seed: int, weight_bits: int | None = None) -> FcCase:
    """The layer of a seed: small, and ugly as often as not (one input or output, remainders of rows, blocks and beats, fewer images than fit)."""
    rng = np.random.default_rng(seed)
    bits = int(rng.choice(fc.weight_bits)) if weight_bits is None else weight_bits
    row, mid = fc.row_weights(bits), 1 << (fc.mid_bits - 1)
    inputs, rank = (_size(rng, row, most) for most in (fc.inputs_max, fc.middle_max))
    bounds = [-int(rng.integers(0, mid)), int(rng.integers(0, mid))] if rng.random() < 0.25 else [-mid, mid - 1]
    layer = FcLayer(
        inputs=inputs,
        outputs=_size(rng, fc.row_records * fc.beat_values, 200),
        weight_bits=bits,
        rank=rank if rng.random() < 0.6 else None,
        images=int(rng.integers(1, fc.batch + 1)),
        ifm_unsigned=bool(rng.random() < 0.5),
        ofm_unsigned=bool(rng.random() < 0.5),
        middle_shift=int(rng.integers(fc.data_bits - 3, fc.data_bits + 1)),
        slope=int(rng.choice([0, SLOPE_ONE, SLOPE_ONE // 10, int(rng.integers(0, SLOPE_ONE))])),
        clamp_low=bounds[0],
        clamp_high=bounds[1],
        out_shift=int(rng.integers(fc.data_bits - 3, fc.data_bits + 1)),
    )
    return fill_fc_case(rng, fc, layer)


def fill_fc_case(rng: np.random.Generator, fc: FcEngine, layer: FcLayer) -> FcCase:
    """Random integers for a layer, the corners of the formats now and then."""
    vectors = values = _integers(rng, (layer.images, layer.inputs), fc.data_bits, layer.ifm_unsigned)
    factors: list[Factor] = []
    for shape in layer.factor_shapes:
        weights = _integers(rng, shape, layer.weight_bits, False)
        found = sums(values, weights)
        factors.append(Factor(weights, _spread(rng, fc, found)))
        parameters = factors[-1].requantization
        values = saturate(round_shift(saturate(round_shift(found * parameters.mul, parameters.shift) + parameters.add, fc.mid_bits), layer.middle_shift), fc.data_bits)
    return FcCase(layer, vectors, tuple(factors))


def _size(rng: np.random.Generator, unit: int, most: int) -> int:
    choices = [1, unit - 1, unit, unit + 1, int(rng.integers(1, 6 * unit)), int(rng.integers(1, most + 1))]
    return min(max(int(rng.choice(choices)), 1), most)


def _integers(rng: np.random.Generator, shape: tuple[int, ...], bits: int, unsigned: bool) -> np.ndarray:
    low, high = (0, 1 << bits) if unsigned else (-(1 << (bits - 1)), 1 << (bits - 1))
    return rng.choice([low, high - 1], shape) if rng.random() < 0.2 else rng.integers(low, high, shape)


def _spread(rng: np.random.Generator, fc: FcEngine, found: np.ndarray) -> Requantization:
    """Parameters that spread the sums over the mid format, now and then beyond it."""
    mid, outputs = 1 << (fc.mid_bits - 1), found.shape[1]
    scale = rng.choice([-1, 1], outputs) * rng.choice([0.1, 1.0, 3.0]) * mid / max(float(np.abs(found).max()), 1.0)
    return Requantization.fit(np.clip(scale, -32000, 32000), rng.uniform(-0.5, 0.5, outputs) * min(mid, 1 << 31))
