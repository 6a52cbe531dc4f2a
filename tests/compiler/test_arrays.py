# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Which array computes a layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sumtile.compiler.arrays import choose_array
from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint, Mixed, Sp2, Symmetric, Ternary, Twos, WeightFormat
from sumtile.kernels.layer import Layer, MapShape
from sumtile.overlay import Array, Engine, Overlay
from sumtile.quantize import QuantizedLayer

ENGINE = replace(
    Overlay.load("adder", "zcu102").engine,
    to=40,
    data_bits=16,
    arrays=(Array("mixed", 1, 4, fixed_lanes=16), Array("mac", 4, 16), Array("mac", 4, 8), Array("sp2", 1, 4), Array("sp2", 2, 8), Array("adder", 1, 16)),
)


def layer(format: WeightFormat | None) -> QuantizedLayer:
    geometry = Layer("adder" if format is None else "mac", MapShape(4, 4, 3), 5)
    ones = np.ones(5)
    return QuantizedLayer(("conv",), "input", None, geometry, np.zeros(geometry.weight_shape, np.int64), format, ones, ones, 1.0, None, FixedPoint(8, 4))


def chosen(engine: Engine, format: WeightFormat | None) -> tuple[str, int]:
    array = choose_array(engine, layer(format))
    return array.operator, array.weight_bits


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        (None, ("adder", 16)),
        (Ternary(), ("mac", 8)),
        (Symmetric(4), ("mac", 8)),
        (Twos(8), ("mac", 8)),
        (Twos(9), ("mac", 16)),
        (Sp2(4), ("sp2", 4)),
        (Sp2(8), ("sp2", 8)),
        (Mixed(Symmetric(4), Sp2(4), 2, 5), ("mixed", 4)),
        (Mixed(Symmetric(4), Sp2(4), 16, 40), ("mixed", 4)),
    ],
    ids=str,
)
def test_the_narrowest_array_that_holds_the_weights(format: WeightFormat | None, expected: tuple[str, int]) -> None:
    assert chosen(ENGINE, format) == expected


@pytest.mark.parametrize("format", [Sp2(5), Mixed(Symmetric(4), Sp2(4), 1, 2), Mixed(Symmetric(8), Sp2(8), 2, 5)], ids=str)
def test_codes_and_ratios_must_be_those_of_the_array(format: WeightFormat) -> None:
    with pytest.raises(SumtileError, match=r"the layer needs a (sp2|mixed) array for its weights \(.*the engine has mixed of 4 bits with 16 of 40 lanes fixed, mac of 16 bits"):
        choose_array(ENGINE, layer(format))


def test_an_engine_without_such_an_array_is_refused() -> None:
    small = replace(ENGINE, arrays=(Array("mac", 1, 8),))
    for format, need in {Twos(16): "a mac array for its weights (two's complement 16 bit)", Sp2(4): "a sp2 array", None: "an adder array"}.items():
        with pytest.raises(SumtileError) as caught:
            choose_array(small, layer(format))
        assert need in str(caught.value) and "but the engine has mac of 8 bits; choose another overlay" in str(caught.value)
