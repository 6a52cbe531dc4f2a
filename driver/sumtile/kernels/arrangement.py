# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What the order of data in memory does to transfers: how many transactions, and how long the bursts are.

An accelerator takes values in an order of its own. Wherever two that it takes one after the other do not lie side by side, a
transaction ends. Source: Qiu et al., FPGA'16, section 6.3 (data arrangement in CONV and FC layers). The functions give
the addresses, in values, in the order of use for the plain arrangements, for those of the paper, and for those of this project's
engines; :meth:`Transfers.of` counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from sumtile.kernels.fc import FcLayer
from sumtile.kernels.fc_packing import fc_weight_bytes
from sumtile.kernels.layer import Layer, MapShape
from sumtile.kernels.packing import feature_bytes
from sumtile.overlay import Engine, FcEngine

BLOCK_ROWS, CONVOLVERS, TAPS = 100, 64, 9
"""The block of a weight matrix that the paper's accelerator takes at a time: outputs, convolvers, and multipliers of each."""


@dataclass(frozen=True)
class Transfers:
    """Transactions of a memory.

    Attributes:
        transactions: how many.
        shortest, longest: values in the shortest and in the longest one.
        values: of all together.
    """

    transactions: int
    shortest: int
    longest: int
    values: int

    @classmethod
    def of(cls, pieces: Iterable[np.ndarray]) -> Transfers:
        """Those of addresses (integers, in order of use); a piece is asked for as a whole, so that no transaction goes beyond it."""
        lengths = np.concatenate([burst_lengths(addresses) for addresses in pieces])
        return cls(len(lengths), int(lengths.min()), int(lengths.max()), int(lengths.sum()))

    @classmethod
    def whole(cls, values: int) -> Transfers:
        """One transaction."""
        return cls(1, values, values, values)


def burst_lengths(addresses: np.ndarray) -> np.ndarray:
    """Lengths of the runs of rising neighbours in a list of addresses, one address at least."""
    breaks = np.flatnonzero(np.diff(addresses) != 1) + 1
    return np.diff(np.concatenate([[0], breaks, [len(addresses)]]))


def fc_blocks(outputs: int, inputs: int, rows: int = BLOCK_ROWS, convolvers: int = CONVOLVERS, taps: int = TAPS) -> Iterator[np.ndarray]:
    """Addresses of each block of a weight matrix that lies row by row.

    Each convolver of a block takes its ``taps`` inputs of every row; convolvers come one after the other. Blocks at the ends of
    the matrix have what is left.
    """
    for top in range(0, outputs, rows):
        for left in range(0, inputs, convolvers * taps):
            height, right = min(rows, outputs - top), min(left + convolvers * taps, inputs)
            lines = (top + np.arange(height))[:, None] * inputs
            yield np.concatenate([(lines + np.arange(first, min(first + taps, right))).reshape(-1) for first in range(left, right, taps)])


def fc_arranged_blocks(outputs: int, inputs: int, rows: int = BLOCK_ROWS, convolvers: int = CONVOLVERS, taps: int = TAPS) -> Iterator[np.ndarray]:
    """The same blocks where each lies in the order of its use, behind the one before it."""
    start = 0
    for block in fc_blocks(outputs, inputs, rows, convolvers, taps):
        yield np.arange(start, start + len(block))
        start += len(block)


def fc_stream(fc: FcEngine, layer: FcLayer) -> Transfers:
    """A layer of the fully connected engine: on each weight port one transaction, counted in weights of the layer's width, header and parameters included."""
    each = fc_weight_bytes(fc, layer) // fc.weight_streams * 8 // layer.weight_bits
    return Transfers(fc.weight_streams, each, each, fc.weight_streams * each)


def pooled_tiles(conv: MapShape, rows: int, columns: int) -> Iterator[np.ndarray]:
    """Addresses of the results of each tile of ``rows`` x ``columns`` pixels of a convolution behind a 2 x 2 maximum.

    Every channel is a map of its own that lies row by row, so a burst has half the columns of a tile. Rows and columns are
    even; what an odd side of the map leaves over is not pooled.
    """
    height, width = conv.height // 2, conv.width // 2
    for channel in range(conv.channels):
        for top in range(0, height, rows // 2):
            for left in range(0, width, columns // 2):
                lines = channel * height * width + np.arange(top, min(top + rows // 2, height))[:, None] * width
                yield (lines + np.arange(left, min(left + columns // 2, width))).reshape(-1)


def arranged_pooled_tiles(conv: MapShape, rows: int, columns: int, buffered: int = 2) -> Iterator[np.ndarray]:
    """The same results where ``buffered`` neighbouring tiles are gathered and lie together: rows * columns / 2 values of two whole tiles."""
    start, gathered = 0, []
    for index, tile in enumerate(pooled_tiles(conv, rows, columns), start=1):
        gathered.append(len(tile))
        if index % buffered == 0:
            yield np.arange(start, start + sum(gathered))
            start, gathered = start + sum(gathered), []
    if gathered:
        yield np.arange(start, start + sum(gathered))


def map_stream(engine: Engine, shape: MapShape) -> Transfers:
    """A map of the convolution engine: rows of pixels with all channels, one transaction for all of them, padding channels included."""
    return Transfers.whole(feature_bytes(engine, shape) // engine.data_bytes)


def stripe_streams(engine: Engine, layer: Layer, stripe_rows: int) -> Iterator[np.ndarray]:
    """Addresses of what each stripe of a layer without pooling writes: whole rows, whichever order the array makes them in."""
    conv = layer.conv
    row = feature_bytes(engine, conv) // engine.data_bytes // conv.height
    for top in range(0, conv.height, stripe_rows):
        yield np.arange(top * row, min(top + stripe_rows, conv.height) * row)
