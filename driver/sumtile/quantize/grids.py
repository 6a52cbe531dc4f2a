# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""From the grids that training quantized to (QONNX) to the formats of the engines, where one holds the same numbers."""

from __future__ import annotations

import math

import numpy as np

from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint, Symmetric, Twos, WeightFormat
from sumtile.network.graph import INPUT, Concat, Grid, Network, Pad, Resize, Select

_BITS_MAX = 16


def weight_levels(name: str, weight: np.ndarray, grid: Grid) -> tuple[WeightFormat, np.ndarray, np.ndarray]:
    """Weights on a grid as integers of a format: ``weight == integers * step`` but for float32.

    Two's complement where every step is a power of two, and symmetric levels of the same width where the lowest integer
    does not occur; one bit more where neither can be, or where the grid is unsigned.

    Args:
        name: of the layer, for the sentence.
        weight: (outputs, ...), on the grid.

    Returns:
        the format, int64 integers of the shape of the weights, and float64 steps of shape (outputs,).

    Raises:
        SumtileError: more than 16 bits, or weights off the grid.
    """
    steps = np.broadcast_to(np.asarray(grid.scale, np.float64).ravel(), (len(weight),))
    quotients = np.asarray(weight, np.float64) / steps.reshape(-1, *(1,) * (weight.ndim - 1))
    integers = np.rint(quotients)
    if np.abs(quotients - integers).max(initial=0) > 0.02 or integers.min(initial=0) < grid.low or integers.max(initial=0) > grid.high:
        raise SumtileError(f"layer '{name}' has weights off the grid of {grid.bits} bits that they were trained on; import the network again.")
    bits = max(grid.bits + (not grid.signed), 2)
    powers = bool(np.all(np.frexp(steps)[0] == 0.5))
    used_low = integers.min(initial=0) < -(2 ** (bits - 1)) + 1
    wanted: type[Symmetric] | type[Twos] = Twos if powers and used_low else Symmetric
    bits += wanted is Symmetric and used_low
    if bits > _BITS_MAX:
        raise SumtileError(f"layer '{name}' has weights of {bits} bits, but up to {_BITS_MAX} fit a format; train it with fewer.")
    return wanted(bits), integers.astype(np.int64), np.array(steps)


def tensor_format(name: str, grid: Grid) -> FixedPoint:
    """The fixed-point format with exactly the numbers of a tensor's grid.

    A narrow signed grid gets the format with one number more at its low end, which values beyond the grid then saturate to.

    Args:
        name: of the tensor, for the sentence.

    Raises:
        SumtileError: a scale that is no power of two or one for each channel, fewer than 2 or more than 16 bits, or an
            unsigned grid without its highest number.
    """
    scale = np.asarray(grid.scale, np.float64)
    if scale.size != 1:
        raise SumtileError(f"tensor '{name}' has a grid with a scale for each of {scale.size} channels, but a tensor's format has one; train it with one scale.")
    mantissa, exponent = math.frexp(float(scale.reshape(())))
    if mantissa != 0.5:
        raise SumtileError(
            f"tensor '{name}' has a grid with the scale {scale.reshape(()):.6g}, but a format's scale is a power of two; train it with scales that are powers of two."
        )
    if not 2 <= grid.bits <= _BITS_MAX or (grid.narrow and not grid.signed):
        kind = "narrow unsigned" if grid.narrow and not grid.signed else f"{grid.bits}-bit"
        raise SumtileError(f"tensor '{name}' has a {kind} grid, but formats have 2 to {_BITS_MAX} bits and all their numbers; train it with such a grid.")
    return FixedPoint(grid.bits, 1 - exponent, grid.signed)


def with_moved(network: Network, formats: dict[str, FixedPoint]) -> dict[str, FixedPoint]:
    """The same formats, and those of tensors that are only moved (joined, selected, bordered or enlarged) before they are rounded.

    The processor moves what is stored, so that another format there would round such a tensor twice.

    Args:
        formats: of the tensors with a grid, by their names.
    """
    found = dict(formats)
    for node in reversed(network.nodes):
        if isinstance(node, (Concat, Select, Pad, Resize)) and node.name in found:
            alone = [name for name in node.inputs if name != INPUT and len(network.readers(name)) == 1]
            found |= {name: found[node.name] for name in alone if name not in found}
    return found
