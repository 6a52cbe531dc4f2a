# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Which array of an engine computes a layer: the one that reads the format of its weights."""

from __future__ import annotations

from sumtile.errors import SumtileError
from sumtile.formats import Mixed, WeightFormat
from sumtile.overlay import Array, Engine
from sumtile.quantize import QuantizedLayer


def choose_array(engine: Engine, layer: QuantizedLayer) -> Array:
    """The array with the narrowest weights that holds the layer's.

    Products of integers run on any ``mac`` array that is wide enough. Codes of SP2 and the rows of mixed formats must be
    those of the array: as wide, and mixed in the ratio of its lanes.

    Raises:
        SumtileError: the engine has none.
    """
    format = layer.weight_format
    fitting = [array for array in engine.arrays if array.operator == layer.operator and (format is None or _holds(engine, array, format))]
    if not fitting:
        have = ", ".join(_described(engine, array) for array in engine.arrays)
        need = "an adder array" if format is None else f"a {format.operator} array for its weights ({format})"
        raise SumtileError(f"the layer needs {need}, but the engine has {have}; choose another overlay or quantize by another scheme.")
    return min(fitting, key=lambda array: array.weight_bits)


def _holds(engine: Engine, array: Array, format: WeightFormat) -> bool:
    if isinstance(format, Mixed):
        return array.weight_bits == format.bits and array.fixed_lanes * format.of == format.fixed_of * engine.to
    return array.weight_bits == format.bits if format.operator == "sp2" else array.weight_bits >= format.bits


def _described(engine: Engine, array: Array) -> str:
    return f"{array} with {array.fixed_lanes} of {engine.to} lanes fixed" if array.fixed_lanes else str(array)
