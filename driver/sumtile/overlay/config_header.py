# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The C++ configuration of an overlay's engine, ``sumtile_config.hpp``. ``python -m sumtile.overlay.config_header adder zcu102`` prints it."""

from __future__ import annotations

from sumtile.overlay.command import print_about
from sumtile.overlay.description import Overlay
from sumtile.overlay.engine import Array, Engine


def config_header(overlay: Overlay) -> str:
    """C++ text with the constants of the overlay's engine and its stamp."""
    engine = overlay.engine
    constants = {
        "kDataBits": engine.data_bits,
        "kStreamBits": engine.stream_bits,
        "kWeightStreams": engine.weight_streams,
        "kTi": engine.ti,
        "kTo": engine.to,
        "kTp": engine.tp,
        "kScaleFold": engine.scale_fold,
        "kChannels": engine.channels_max,
        "kFeatureWords": engine.feature_words,
        "kWeightTiles": engine.weight_tiles,
        "kReorderWords": engine.reorder_words,
        "kPoolBeats": engine.pool_beats,
    }
    arrays = ", ".join(f"Array<{_operator(engine, array)}, {array.fold}>" for array in engine.arrays)
    lines = [
        f"// Generated from the overlay '{overlay.name}' for the board '{overlay.board.name}'. Do not edit.",
        "#ifndef SUMTILE_CONFIG_GENERATED_HPP",
        "#define SUMTILE_CONFIG_GENERATED_HPP",
        "",
        '#include "sumtile/config.hpp"',
        "",
        f"#define SUMTILE_TOP {engine.top}",
        "",
        "namespace sumtile {",
        "",
        "struct EngineConfig {",
        f"  static constexpr unsigned long kStamp = 0x{overlay.stamp:08X};",
        f"  static constexpr unsigned long kReduction = {engine.reduction_max};",
        *(f"  static constexpr int {name} = {value};" for name, value in constants.items()),
        f"  using ArrayList = Arrays<{arrays}>;",
        "};",
        "",
        "}  // namespace sumtile",
        "",
        "#endif",
        "",
    ]
    return "\n".join(lines)


def _operator(engine: Engine, array: Array) -> str:
    """The C++ type of an array's operator (``hls/include/sumtile/operators.hpp``)."""
    widths = f"{engine.data_bits}, {array.weight_bits}"
    types = {
        "adder": f"Adder<{engine.data_bits}>",
        "mac": f"Mac<{widths}, {array.logic_lanes}>" if array.logic_lanes else f"Mac<{widths}>",
        "sp2": f"Sp2<{widths}>",
        "mixed": f"Mixed<Mac<{widths}>, Sp2<{widths}>, {array.fixed_lanes}, {engine.to}>",
    }
    return types[array.operator]


if __name__ == "__main__":
    raise SystemExit(print_about("sumtile.overlay.config_header", config_header))
