# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Which array of an engine computes a layer: the one that reads the format of its weights."""

from __future__ import annotations

from sumtile.errors import SumtileError
from sumtile.formats import Mixed, WeightFormat
from sumtile.overlay import Array, Engine

_ARTICLES = {"adder": "an", "mac": "a", "sp2": "an", "mixed": "a", "basis": "a"}


def choose_array(engine: Engine, format: WeightFormat | None) -> Array:
    """The array with the narrowest weights that holds those of a layer.

    Products of integers run on any ``mac`` array that is wide enough. Codes of SP2 and the rows of mixed formats must be
    those of the array: as wide, and mixed in the ratio of its lanes.

    Args:
        engine: the engine.
        format: levels of the layer's weights; None for an adder layer, whose weights have the format of its input.

    Raises:
        SumtileError: the engine has none; the sentence tells which weights would do.
    """
    operator = "adder" if format is None else format.operator
    same = [array for array in engine.arrays if array.operator == operator]
    fitting = [array for array in same if format is None or _holds(engine, array, format)]
    if not fitting:
        have = ", ".join(_described(engine, array) for array in engine.arrays)
        need = f"{_ARTICLES[operator]} {operator} array" + ("" if format is None else f" for its weights ({format})")
        near = f", or with weights of {' or '.join(_weights(engine, array) for array in same)}" if same else ""
        raise SumtileError(f"the layer needs {need}, but the engine has {have}; choose another overlay or quantize by another scheme{near}.")
    return min(fitting, key=lambda array: array.weight_bits)


def _holds(engine: Engine, array: Array, format: WeightFormat) -> bool:
    if isinstance(format, Mixed):
        return array.weight_bits == format.bits and array.fixed_lanes * format.of == format.fixed_of * engine.to
    return array.weight_bits == format.bits if format.operator == "sp2" else array.weight_bits >= format.bits


def _weights(engine: Engine, array: Array) -> str:
    """The widest weights that an array holds, in words."""
    return f"{array.weight_bits} bits" + (f" and {array.fixed_lanes} of {engine.to} rows fixed" if array.fixed_lanes else "")


def _described(engine: Engine, array: Array) -> str:
    return f"{array} with {array.fixed_lanes} of {engine.to} lanes fixed" if array.fixed_lanes else str(array)
