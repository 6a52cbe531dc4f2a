# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Transactions and bursts of the plain arrangements, of the paper's, and of what the engines take."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.overlays import FC_ENGINES

from sumtile.kernels.arrangement import (
    Transfers,
    arranged_pooled_tiles,
    burst_lengths,
    fc_arranged_blocks,
    fc_blocks,
    fc_stream,
    map_stream,
    pooled_tiles,
    stripe_streams,
)
from sumtile.kernels.fc import FcLayer
from sumtile.kernels.fc_packing import FC_HEADER_BYTES
from sumtile.kernels.layer import Layer, MapShape
from sumtile.kernels.packing import feature_bytes
from sumtile.overlay import Overlay


def test_bursts_are_runs_of_neighbours() -> None:
    assert burst_lengths(np.array([4, 5, 6, 2, 3, 9])).tolist() == [3, 2, 1]
    assert burst_lengths(np.array([7])).tolist() == [1]
    assert burst_lengths(np.array([3, 2, 1])).tolist() == [1, 1, 1]


def test_a_block_of_the_paper_becomes_one_transaction() -> None:
    """6,400 transactions of burst 9 before, one of 57,600 after."""
    inputs = 2 * 64 * 9
    plain, arranged = list(fc_blocks(100, inputs)), list(fc_arranged_blocks(100, inputs))
    assert Transfers.of(plain[:1]) == Transfers(6400, 9, 9, 57600)
    assert Transfers.of(arranged[:1]) == Transfers(1, 57600, 57600, 57600)
    assert len(plain) == len(arranged) == 2


@pytest.mark.parametrize(("outputs", "inputs"), [(100, 577), (230, 1160), (1, 1), (7, 8), (101, 25)])
def test_blocks_meet_every_weight_once_with_any_remainder(outputs: int, inputs: int) -> None:
    for blocks in (fc_blocks, fc_arranged_blocks):
        addresses = np.concatenate(list(blocks(outputs, inputs)))
        assert np.array_equal(np.sort(addresses), np.arange(outputs * inputs))
    assert Transfers.of(fc_arranged_blocks(outputs, inputs)).transactions == -(-outputs // 100) * -(-inputs // 576)
    assert Transfers.of(fc_blocks(outputs, inputs, 4, 2, 3)).longest <= max(3, inputs)


def test_pooled_tiles_have_bursts_of_half_a_tile_and_whole_rows_after() -> None:
    conv = MapShape(56, 56, 4)
    plain, arranged = Transfers.of(pooled_tiles(conv, 14, 14)), Transfers.of(arranged_pooled_tiles(conv, 14, 14))
    assert plain == Transfers(4 * 4 * 4 * 7, 7, 7, 28 * 28 * 4)  # four tiles by four of each channel, seven rows of each
    assert (arranged.transactions, arranged.longest) == (4 * 16 // 2, 14 * 14 // 2)
    engine = Overlay.load("fixed16", "zc706").engine
    assert map_stream(engine, MapShape(28, 28, 4)) == Transfers(1, 28 * 28 * 8, 28 * 28 * 8, 28 * 28 * 8)  # channels filled up to eight


@pytest.mark.parametrize(("height", "width", "rows", "columns"), [(57, 33, 14, 14), (6, 6, 4, 2), (2, 2, 2, 2), (10, 30, 4, 8)])
def test_tiles_write_every_result_once(height: int, width: int, rows: int, columns: int) -> None:
    conv = MapShape(height, width, 3)
    for tiles in (pooled_tiles, arranged_pooled_tiles):
        addresses = np.concatenate(list(tiles(conv, rows, columns)))
        assert np.array_equal(np.sort(addresses), np.arange(height // 2 * (width // 2) * 3))


def test_stripes_are_whole_rows() -> None:
    engine = Overlay.load("fixed16", "zc706").engine
    layer = Layer("mac", MapShape(28, 28, 256), 512, (3, 3), padding=(1, 1, 1, 1), weight_bits=16)
    found = Transfers.of(stripe_streams(engine, layer, 7))
    assert found == Transfers(4, 7 * 28 * 512, 7 * 28 * 512, feature_bytes(engine, layer.conv) // 2)
    assert Transfers.of(stripe_streams(engine, layer, 9)).shortest == 28 * 512  # the last one has a row


@pytest.mark.parametrize("rank", [None, 500])
def test_a_fully_connected_layer_is_one_transaction_on_each_port(rank: int | None) -> None:
    fc = FC_ENGINES["four16"].fully_connected
    found = fc_stream(fc, FcLayer(25088, 4096, 16, rank))
    weights, outputs = (25088 * 4096, 4096) if rank is None else (500 * 25088 + 4096 * 512, 4096 + 500)  # rows of 16 weights
    assert found.transactions == fc.weight_streams and found.shortest == found.longest
    assert found.values == weights + 4 * outputs + FC_HEADER_BYTES // 2  # 64 bits of parameters an output
