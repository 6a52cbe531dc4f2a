# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What zeros are worth to a basis array: layers of given densities, and the cycles of the array's parts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sumtile.kernels.basis import most_mask_tiles, split_weights
from sumtile.kernels.concentration import row_cycles
from sumtile.kernels.cycles import stage_cycles
from sumtile.kernels.layer import Layer, MapShape
from sumtile.kernels.tiling import tile
from sumtile.overlay import Engine
from sumtile.overlay.engine import BASIS_SIDE

PARTS = {"dilute": "gather", "concentrate": "adders", "basis": "multipliers", "deal": "tiles", "replay": "weights", "window": "features"}
"""Stages up to the multipliers, and what they are called."""


@dataclass(frozen=True)
class SparseLayer:
    """A layer of basis kernels with zeros at random.

    Attributes:
        layer: its shape.
        features: int64 (height, width, channels), 0 to 255.
        weights: int64, as :mod:`sumtile.kernels.basis` has them.
    """

    layer: Layer
    features: np.ndarray
    weights: np.ndarray


def sparse_layer(engine: Engine, shape: MapShape, bases: int, coefficients: float, features: float, seed: int = 0) -> SparseLayer:
    """A padded 3x3 convolution with as many outputs as inputs.

    Args:
        engine: one with a basis array, whose tiles the coefficients fill.
        shape: of its input.
        bases: shared kernels.
        coefficients, features: shares that are not zero.
        seed: of the random numbers.
    """
    rng = np.random.default_rng(seed)
    layer = Layer("basis", shape, shape.channels, (BASIS_SIDE, BASIS_SIDE), padding=(1, 1, 1, 1), ifm_unsigned=True, bases=bases)
    weights = rng.integers(-128, 128, layer.weight_shape)
    split = split_weights(layer, weights)[0]
    split[...] = rng.choice([-1, 1], split.shape) * (rng.random(split.shape) < coefficients)
    layer = replace(layer, mask_tiles=most_mask_tiles(engine, layer, weights))
    pixels = (shape.height, shape.width, shape.channels)
    return SparseLayer(layer, rng.integers(1, 256, pixels) * (rng.random(pixels) < features), weights)


def part_cycles(engine: Engine, layer: Layer, features: np.ndarray, weights: np.ndarray) -> dict[str, int]:
    """Cycles of each part of the array, the slowest of which is the array's time; the names are the values of :data:`PARTS`.

    Args:
        features: (height, width, channels) integers.
        weights: those of the layer.
    """
    tiling = tile(engine, layer)
    stages = {**stage_cycles(engine, layer, tiling), "concentrate": int(row_cycles(engine, layer, tiling, features, weights).max())}
    return {part: stages[stage] for stage, part in PARTS.items()}


def dense_cycles(engine: Engine, layer: Layer) -> int:
    """Cycles of a dense array with as many multipliers as the basis array, all of them busy: nine for each output."""
    return layer.operations // (engine.to * BASIS_SIDE**2)
