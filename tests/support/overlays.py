# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Small overlays with awkward lanes and buffers, so that small layers meet every remainder and every stripe."""

from __future__ import annotations

from sumtile.overlay import Board, Overlay


def small_overlay(top: str, data_bits: int, *, board: str = "zcu102", **changes: object) -> Overlay:
    """An engine with 4 x 8 x 3 lanes and short buffers; ``changes`` replaces keys of its description."""
    first = {"adder_conv": "adder", "mac_conv": "mac"}[top]
    engine = {
        "name": "conv",
        "top": top,
        "data_bits": data_bits,
        "stream_bits": 32,
        "lanes": {"ti": 4, "to": 8, "tp": 3},
        "arrays": [{"operator": first, "fold": 1}, {"operator": "mac", "fold": 2}],
        "limits": {"kernel": 7, "reduction": 65536, "channels": 256},
        "buffers": {"feature_words": 60, "weight_tiles": 50, "reorder_words": 60, "pool_words": 64},
    }
    return Overlay.from_dict({"name": f"small_{top}{data_bits}", "clock_mhz": 100, "engines": [{**engine, **changes}]}, Board.load(board))
