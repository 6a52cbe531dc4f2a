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
from sumtile.kernels.sparse_map import encode
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
    return (replace(layer, operator="mac", bases=0, mask_tiles=1), compose(layer, weights)) if layer.operator == "basis" else (layer, weights)


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
    """Tiles of coefficients in a group: those of marks, and one of signs before every ``layer.mask_tiles`` of them."""
    marks = _mark_tiles(engine, layer)
    return marks + -(-marks // layer.mask_tiles)


def most_mask_tiles(engine: Engine, layer: Layer, weights: np.ndarray) -> int:
    """How many tiles of marks may share a tile of signs, so that the signs of every output have room in its part of that tile.

    The fewer coefficients are not zero, the more; one tile always has room for the signs of one tile of marks.
    """
    steps, tiles = _tile_steps(engine), _mark_tiles(engine, layer)
    marked = _by_step(engine, layer, split_weights(layer, weights)[0], layer.channels) != 0
    counts = marked.reshape(layer.channels, tiles, -1).sum(axis=2)
    for shared in range(tiles, 1, -1):
        if np.add.reduceat(counts, np.arange(0, tiles, shared), axis=1).max() <= steps * engine.ti:
            return shared
    return 1


def pack_basis_weights(engine: Engine, layer: Layer, groups: int, weights: np.ndarray) -> np.ndarray:
    """The weight tiles of a layer as bytes (uint8).

    A group has its tiles of coefficients (:mod:`sumtile.kernels.sparse_map`) and then one tile of taps for each basis kernel. A tile
    of marks has ``weight_bits`` steps, each one word of ``ti`` channels and one basis kernel: ``ti`` bits for each of the ``to``
    outputs, set where a coefficient is not zero. Before every ``layer.mask_tiles`` of them is a tile with the signs of these: for
    each output as many words of ``ti`` bits. A tile of taps has, for each tap of the grid of 3 x 3, int8 of each output; smaller
    kernels stand at the end of the grid.

    Raises:
        SumtileError: a coefficient or a tap that the array cannot hold.
    """
    coefficients, bases = split_weights(layer, weights)
    if coefficients.size and (coefficients.min() < -1 or coefficients.max() > 1):
        raise SumtileError(f"coefficients from {coefficients.min()} to {coefficients.max()} were found, but only -1, 0 and 1 are ternary; quantize the network again.")
    return np.concatenate([_pack_coefficients(engine, layer, groups, coefficients), _pack_taps(engine, layer, groups, bases)], axis=1).reshape(-1)


def _pack_coefficients(engine: Engine, layer: Layer, groups: int, coefficients: np.ndarray) -> np.ndarray:
    steps, tiles = _tile_steps(engine), _mark_tiles(engine, layer)
    shared = min(layer.mask_tiles, tiles)
    parts = -(-tiles // shared)  # that have a tile of signs
    rows = _by_step(engine, layer, coefficients, groups * engine.to)
    rows = np.pad(rows.reshape(groups, engine.to, -1), ((0, 0), (0, 0), (0, (parts * shared - tiles) * steps * engine.ti)))
    marks, signs = encode(rows.reshape(groups, engine.to, parts, -1), engine.ti, steps)
    by_tile = marks.reshape(groups, engine.to, parts, shared, steps).transpose(0, 2, 3, 4, 1)  # group, part, tile, step, output
    each = np.concatenate([signs.transpose(0, 2, 1, 3).reshape(groups, parts, 1, -1), by_tile.reshape(groups, parts, shared, -1)], axis=2)
    packed = np.ascontiguousarray(each).view(np.uint8).reshape(groups, parts * (1 + shared), engine.tile_bytes)
    return packed[:, : parts + tiles].reshape(groups, -1)


def _pack_taps(engine: Engine, layer: Layer, groups: int, bases: np.ndarray) -> np.ndarray:
    height, width = layer.kernel
    grid = np.zeros((groups * engine.to, layer.bases, BASIS_SIDE, BASIS_SIDE), np.int8)
    grid[: layer.channels, :, BASIS_SIDE - height :, BASIS_SIDE - width :] = checked(bases, 8, True, "a tap of a basis kernel")
    taps = grid.reshape(groups, engine.to, layer.bases, -1).transpose(0, 2, 3, 1)  # group, basis, tap, output
    tiles = np.zeros((groups, layer.bases, engine.tile_bytes), np.uint8)
    tiles[:, :, : taps.shape[2] * engine.to] = taps.reshape(groups, layer.bases, -1).view(np.uint8)
    return tiles.reshape(groups, -1)


def _by_step(engine: Engine, layer: Layer, coefficients: np.ndarray, outputs: int) -> np.ndarray:
    """(outputs, bases, inputs) coefficients in the order of the array's steps, zeros behind them, as whole tiles: (outputs, tiles * steps * ti)."""
    words, tiles = -(-layer.ifm.channels // engine.ti), _mark_tiles(engine, layer)
    padded = np.zeros((outputs, layer.bases, words * engine.ti), np.int8)
    padded[: layer.channels, :, : layer.ifm.channels] = coefficients
    flat = padded.reshape(outputs, -1)
    return np.pad(flat, ((0, 0), (0, tiles * _tile_steps(engine) * engine.ti - flat.shape[1])))


def _mark_tiles(engine: Engine, layer: Layer) -> int:
    """Tiles of a group that mark coefficients which are not zero."""
    return -(-layer.bases * -(-layer.ifm.channels // engine.ti) // _tile_steps(engine))


def _tile_steps(engine: Engine) -> int:
    """Steps whose marks a tile holds, and words of signs that it has for each output."""
    return engine.weight_bits
