# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The buffer pool: reuse by size, whole pages, everything freed at the end, and a full memory told in a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from sumtile import SumtileError
from sumtile.runtime.buffers import PAGE, BufferPool

MIB = 1 << 20


def test_a_returned_buffer_serves_the_next_of_its_size(board):
    with BufferPool(board(), 512 * MIB) as pool:
        first = pool.take(100)
        address = first.physical_address
        assert first.dtype == np.uint8 and first.nbytes == PAGE
        other = pool.take(PAGE)
        assert other.physical_address != address
        pool.give_back(first)
        assert pool.take(PAGE + 1).nbytes == 2 * PAGE
        assert pool.take(1).physical_address == address
        assert pool.allocated == 4 * PAGE


def test_the_end_frees_lent_and_spare_buffers(board):
    device = board("pynq-z2")  # 128 MiB of contiguous memory
    for _ in range(3):
        with BufferPool(device, 128 * MIB) as pool:
            pool.give_back(pool.take(60 * MIB))
            pool.take(50 * MIB)
        assert pool.allocated == 0


def test_full_memory(board):
    with BufferPool(board("pynq-z2"), 128 * MIB) as pool:
        pool.take(100 * MIB)
        with pytest.raises(
            SumtileError, match=r"a buffer of 52428800 bytes could not be allocated beside the 104857600 bytes in use \(the board's contiguous memory, CMA, has 128 MiB\); close"
        ):
            pool.take(50 * MIB)
        pool.take(20 * MIB)


def test_spare_buffers_make_room_for_another_size(board):
    with BufferPool(board("pynq-z2"), 128 * MIB) as pool:
        pool.give_back(pool.take(70 * MIB))
        assert pool.take(80 * MIB).nbytes == pool.allocated == 80 * MIB


def test_a_buffer_returned_twice_is_an_error(board):
    with BufferPool(board(), 512 * MIB) as pool:
        buffer = pool.take(1)
        pool.give_back(buffer)
        with pytest.raises(KeyError):
            pool.give_back(buffer)
