# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Small overlays with awkward lanes and buffers, so that small layers meet every remainder and every stripe."""

from __future__ import annotations

from dataclasses import replace

from sumtile.overlay import Board, Overlay

ARRAYS = {
    "adder_conv": lambda bits: [{"operator": "adder", "fold": 1, "weight_bits": bits}, {"operator": "mac", "fold": 2, "weight_bits": bits}],
    "mac_conv": lambda bits: [{"operator": "mac", "fold": 1, "weight_bits": bits}, {"operator": "mac", "fold": 2, "weight_bits": bits}],
    "sp2_conv": lambda bits: [{"operator": "sp2", "fold": 1, "weight_bits": 4}, {"operator": "mac", "fold": 4, "weight_bits": bits}],
    "basis_conv": lambda bits: [
        {"operator": "basis", "fold": 1, "weight_bits": 8, "adders": 4, "look_ahead": 2, "look_aside": 1, "columns": 24},
        {"operator": "mac", "fold": 4, "weight_bits": 8},
    ],
    "msq_conv": lambda bits: [{"operator": "mixed", "fold": 1, "weight_bits": 4, "fixed_lanes": 3}, {"operator": "mac", "fold": 4, "weight_bits": bits}],
}


def small_overlay(top: str, data_bits: int, *, board: str = "zcu102", fc: dict[str, object] | None = None, **changes: object) -> Overlay:
    """An engine with 4 x 8 x 3 lanes (16 x 4 x 1 with a basis array) and short buffers; ``changes`` replaces keys of its description. The board has the six memory ports of four weight streams.

    ``fc`` describes an engine for fully connected layers beside it.
    """
    engine = {
        "name": "conv",
        "top": top,
        "data_bits": data_bits,
        "stream_bits": 32,
        "lanes": {"ti": 16, "to": 4, "tp": 1} if top == "basis_conv" else {"ti": 4, "to": 8, "tp": 3},
        "arrays": ARRAYS[top](data_bits),
        "limits": {"kernel": 7, "reduction": 65536, "channels": 256},
        "buffers": {"feature_words": 60, "weight_tiles": 50, "reorder_words": 60, "pool_beats": 64 * data_bits // 4},
    }
    return Overlay.from_dict({"name": f"small_{top}{data_bits}", "clock_mhz": 100, "engines": [{**engine, **changes}], "fc": fc}, replace(Board.load(board), hp_ports=6))


ENGINES = {
    "adder8": small_overlay("adder_conv", 8, weight_streams=2),
    "mac8": small_overlay("mac_conv", 8),
    "adder16": small_overlay("adder_conv", 16),
    "mac16": small_overlay("mac_conv", 16, arrays=[{"operator": "mac", "fold": 1, "weight_bits": 16, "logic_lanes": 3}, {"operator": "mac", "fold": 2, "weight_bits": 16}]),
    "sp2": small_overlay("sp2_conv", 8),
    "sp2wide": small_overlay("sp2_conv", 16, arrays=[{"operator": "sp2", "fold": 2, "weight_bits": 8}, {"operator": "mac", "fold": 1, "weight_bits": 4}]),
    "msq": small_overlay("msq_conv", 8, weight_streams=2),
    # Groups of output channels that are no multiple of the words of input channels; odd numbers of either kind of lane.
    "ragged": small_overlay(
        "msq_conv",
        8,
        lanes={"ti": 8, "to": 20, "tp": 2},
        arrays=[
            {"operator": "mixed", "fold": 2, "weight_bits": 8, "fixed_lanes": 7},
            {"operator": "mac", "fold": 4, "weight_bits": 8},
            {"operator": "mac", "fold": 1, "weight_bits": 4},
        ],
        limits={"kernel": 7, "reduction": 65536, "channels": 240},
        scale_fold=5,
        weight_streams=4,
    ),
    "basis": small_overlay("basis_conv", 8, weight_streams=2),
    # A wider gather, no window over the terms, and tiles of 4-bit weights.
    "basis16": small_overlay(
        "basis_conv",
        16,
        lanes={"ti": 32, "to": 4, "tp": 1},
        arrays=[
            {"operator": "basis", "fold": 1, "weight_bits": 8, "adders": 16, "look_ahead": 0, "look_aside": 0, "columns": 24},
            {"operator": "mac", "fold": 4, "weight_bits": 4},
        ],
    ),
    "kernel11": small_overlay(
        "adder_conv",
        8,
        limits={"kernel": 11, "reduction": 65536, "channels": 256},
        buffers={"feature_words": 120, "weight_tiles": 121, "reorder_words": 60, "pool_beats": 128},
    ),
}

# Engines for fully connected layers: one width of weights and three; one image and several; rows of one record and of eight.
FC_ENGINES = {
    "plain8": small_overlay("mac_conv", 8, fc={"weight_streams": 2, "weight_bits": [8], "inputs_max": 320, "middle_max": 64}),
    "widths16": small_overlay("mac_conv", 16, stream_bits=64, fc={"weight_streams": 1, "weight_bits": [16, 8, 4], "inputs_max": 320, "middle_max": 80, "batch": 3}),
    "four16": small_overlay("mac_conv", 16, stream_bits=64, fc={"weight_streams": 4, "weight_bits": [16], "inputs_max": 640, "middle_max": 160}),
    "batch8": small_overlay(
        "mac_conv", 8, lanes={"ti": 16, "to": 16, "tp": 1}, stream_bits=128, fc={"weight_streams": 4, "weight_bits": [8, 4], "inputs_max": 512, "middle_max": 256, "batch": 5}
    ),
}
