# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Layers of basis kernels: their weights, what the array takes them from, and their bytes in the weight tiles.

A kernel of output n and input c is ``sum over m of a[n, m, c] * B[n, m]`` with coefficients -1, 0 and 1 and basis kernels of 8 bits
(PENNI, arXiv 2005.07133; ESCALATE, MICRO'21), so the array adds up channels first and multiplies what they add up to. The
scale of each (output, basis) is part of the integers in ``B``. Weights of such a layer are one integer array of shape (outputs,
bases, inputs + taps): the coefficients, and behind them the taps of the basis kernel, row by row.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sumtile.errors import SumtileError
from sumtile.kernels.codes import checked
from sumtile.kernels.layer import Layer, MapShape
from sumtile.overlay import Engine
from sumtile.overlay.engine import BASIS_SIDE


def join_weights(coefficients: np.ndarray, bases: np.ndarray) -> np.ndarray:
    """(outputs, bases, inputs) coefficients and (outputs, bases, height, width) basis kernels to the weights of a layer."""
    return np.concatenate([coefficients, bases.reshape(*bases.shape[:2], -1)], axis=2, dtype=np.int64)


def split_weights(layer: Layer, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (outputs, bases, inputs) and basis kernels (outputs, bases, height, width) of a layer's weights."""
    inputs = layer.ifm.channels
    return weights[:, :, :inputs], weights[:, :, inputs:].reshape(*weights.shape[:2], *layer.kernel)


def compose(layer: Layer, weights: np.ndarray) -> np.ndarray:
    """The kernels that the basis kernels stand for: int64 of shape (outputs, height, width, inputs)."""
    coefficients, bases = split_weights(layer, np.asarray(weights, np.int64))
    return np.einsum("nmc,nmij->nijc", coefficients, bases)


def dense_layer(layer: Layer, weights: np.ndarray) -> tuple[Layer, np.ndarray]:
    """The multiplying layer whose sums are the same, with its weights; the layer itself but for basis kernels."""
    return (replace(layer, operator="mac", bases=0), compose(layer, weights)) if layer.operator == "basis" else (layer, weights)


def source_layer(layer: Layer) -> Layer:
    """The layer whose outputs are what the array takes its pixels from: each pixel of the padded input that a kernel touches, once.

    That is the layer itself but for basis kernels.
    """
    return replace(layer, kernel=(1, 1), stride=(1, 1)) if layer.operator == "basis" else layer


def source_map(layer: Layer) -> MapShape:
    """Rows and columns of the pixels that :func:`source_layer` walks."""
    conv = layer.conv
    if layer.operator != "basis":
        return conv
    height, width = ((outputs - 1) * step + size for outputs, step, size in zip((conv.height, conv.width), layer.stride, layer.kernel))
    return MapShape(height, width, layer.ifm.channels)


def source_rows(layer: Layer, rows: int) -> int:
    """Rows of :func:`source_map` from which ``rows`` rows of outputs are made."""
    return (rows - 1) * layer.stride[0] + layer.kernel[0] if layer.operator == "basis" else rows


def coefficient_tiles(engine: Engine, layer: Layer) -> int:
    """Tiles of coefficients in a group: a tile holds ``weight_bits / 2`` steps of one basis kernel by one word of ``ti`` channels."""
    return -(-layer.bases * _words(engine, layer) // _tile_steps(engine))


def pack_basis_weights(engine: Engine, layer: Layer, groups: int, weights: np.ndarray) -> np.ndarray:
    """The weight tiles of a layer as bytes (uint8).

    A group has its tiles of coefficients, step by step, and then one tile of taps for each basis kernel. A step has for each of
    the ``to`` outputs ``ti`` bits that mark coefficients, and ``ti`` bits of which those of negative coefficients are set. A tile
    of taps has, for each tap of the grid of 3 x 3, int8 of each output; smaller kernels stand at the end of the grid.

    Raises:
        SumtileError: a coefficient or a tap that the array cannot hold.
    """
    coefficients, bases = split_weights(layer, weights)
    if coefficients.size and (coefficients.min() < -1 or coefficients.max() > 1):
        raise SumtileError(f"coefficients from {coefficients.min()} to {coefficients.max()} were found, but only -1, 0 and 1 are ternary; quantize the network again.")
    return np.concatenate([_pack_coefficients(engine, layer, groups, coefficients), _pack_taps(engine, layer, groups, bases)], axis=1).reshape(-1)


def _pack_coefficients(engine: Engine, layer: Layer, groups: int, coefficients: np.ndarray) -> np.ndarray:
    words, steps = _words(engine, layer), _tile_steps(engine)
    padded = np.zeros((groups * engine.to, layer.bases, words * engine.ti), np.int64)
    padded[: layer.channels, :, : layer.ifm.channels] = coefficients
    by_step = padded.reshape(groups, engine.to, layer.bases * words, engine.ti).transpose(0, 2, 1, 3)  # group, step, output, channel
    planes = np.stack([by_step != 0, by_step < 0], axis=3)
    planes = np.pad(planes, ((0, 0), (0, -planes.shape[1] % steps), (0, 0), (0, 0), (0, 0)))
    return np.packbits(planes.reshape(groups, -1), axis=1, bitorder="little")


def _pack_taps(engine: Engine, layer: Layer, groups: int, bases: np.ndarray) -> np.ndarray:
    height, width = layer.kernel
    grid = np.zeros((groups * engine.to, layer.bases, BASIS_SIDE, BASIS_SIDE), np.int8)
    grid[: layer.channels, :, BASIS_SIDE - height :, BASIS_SIDE - width :] = checked(bases, 8, True, "a tap of a basis kernel")
    taps = grid.reshape(groups, engine.to, layer.bases, -1).transpose(0, 2, 3, 1)  # group, basis, tap, output
    tiles = np.zeros((groups, layer.bases, engine.tile_bytes), np.uint8)
    tiles[:, :, : taps.shape[2] * engine.to] = taps.reshape(groups, layer.bases, -1).view(np.uint8)
    return tiles.reshape(groups, -1)


def _words(engine: Engine, layer: Layer) -> int:
    return -(-layer.ifm.channels // engine.ti)


def _tile_steps(engine: Engine) -> int:
    return engine.weight_bits // 2
