# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The C++ configuration of an overlay's engines, ``sumtile_config.hpp``. ``python -m sumtile.overlay.config_header adder zcu102`` prints it."""

from __future__ import annotations

from sumtile.overlay.command import print_about
from sumtile.overlay.description import Overlay
from sumtile.overlay.engine import Array, Engine
from sumtile.overlay.fc_engine import FC_TOP, FcEngine


def config_header(overlay: Overlay) -> str:
    """C++ text with the constants of the overlay's engines and their stamp."""
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
    arrays = ", ".join(_array(engine, array) for array in engine.arrays)
    lines = [
        f"// Generated from the overlay '{overlay.name}' for the board '{overlay.board.name}'. Do not edit.",
        "#ifndef SUMTILE_CONFIG_GENERATED_HPP",
        "#define SUMTILE_CONFIG_GENERATED_HPP",
        "",
        '#include "sumtile/config.hpp"',
        *([] if overlay.fc is None else ['#include "sumtile/fc_config.hpp"']),
        "",
        f"#define SUMTILE_TOP {engine.top}",
        *([] if overlay.fc is None else [f"#define SUMTILE_FC_TOP {FC_TOP}"]),
        "",
        "namespace sumtile {",
        "",
        "struct EngineConfig {",
        f"  static constexpr unsigned long kStamp = 0x{overlay.stamp:08X};",
        f"  static constexpr unsigned long kReduction = {engine.reduction_max};",
        *(f"  static constexpr int {name} = {value};" for name, value in constants.items()),
        f"  using ArrayList = Arrays<{arrays}>;",
        "};",
        *([] if overlay.fc is None else ["", *_fc_config(overlay.fc, overlay.stamp)]),
        "",
        "}  // namespace sumtile",
        "",
        "#endif",
        "",
    ]
    return "\n".join(lines)


def _fc_config(fc: FcEngine, stamp: int) -> list[str]:
    constants = {
        "kDataBits": fc.data_bits,
        "kStreamBits": fc.stream_bits,
        "kWeightStreams": fc.weight_streams,
        "kBatch": fc.batch,
        "kInputs": fc.inputs_max,
        "kMiddle": fc.middle_max,
    }
    return [
        "struct FcEngineConfig {",
        f"  static constexpr unsigned long kStamp = 0x{stamp:08X};",
        *(f"  static constexpr int {name} = {value};" for name, value in constants.items()),
        f"  using Widths = WeightWidths<{', '.join(map(str, fc.weight_bits))}>;",
        "};",
    ]


def _array(engine: Engine, array: Array) -> str:
    """The C++ type of an array (``config.hpp``, ``basis_taps.hpp``)."""
    if array.operator == "basis":
        return f"BasisArray<{engine.data_bits}, {array.adders}, {array.look_ahead}, {array.look_aside}, {array.columns}>"
    return f"Array<{_operator(engine, array)}, {array.fold}>"


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
