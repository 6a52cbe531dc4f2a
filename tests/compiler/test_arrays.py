# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Which array computes a layer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sumtile.compiler.arrays import choose_array
from sumtile.errors import SumtileError
from sumtile.formats import Mixed, Sp2, Symmetric, Ternary, Twos, WeightFormat
from sumtile.overlay import Array, Engine, Overlay

ENGINE = replace(
    Overlay.load("adder", "zcu102").engine,
    to=40,
    data_bits=16,
    arrays=(Array("mixed", 1, 4, fixed_lanes=16), Array("mac", 4, 16), Array("mac", 4, 8), Array("sp2", 1, 4), Array("sp2", 2, 8), Array("adder", 1, 16)),
)


def chosen(engine: Engine, format: WeightFormat | None) -> tuple[str, int]:
    array = choose_array(engine, format)
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


@pytest.mark.parametrize(
    ("format", "need", "would_do"),
    [
        (Sp2(5), "an sp2 array for its weights (SP2 5 bit)", "4 bits or 8 bits"),
        (Mixed(Symmetric(4), Sp2(4), 1, 2), "a mixed array for its weights (mixed 4 bit, 1 of 2 rows fixed)", "4 bits and 16 of 40 rows fixed"),
        (Mixed(Symmetric(8), Sp2(8), 2, 5), "a mixed array for its weights (mixed 8 bit, 2 of 5 rows fixed)", "4 bits and 16 of 40 rows fixed"),
    ],
    ids=str,
)
def test_codes_and_ratios_must_be_those_of_the_array(format: WeightFormat, need: str, would_do: str) -> None:
    with pytest.raises(SumtileError) as caught:
        choose_array(ENGINE, format)
    sentence = str(caught.value)
    assert sentence.startswith(f"the layer needs {need}, but the engine has mixed of 4 bits with 16 of 40 lanes fixed, mac of 16 bits")
    assert sentence.endswith(f"; choose another overlay or quantize by another scheme, or with weights of {would_do}.")


def test_an_engine_without_such_an_array_is_refused() -> None:
    small = replace(ENGINE, arrays=(Array("mac", 1, 8),))
    narrower = ", or with weights of 8 bits"
    for format, need, near in ((Twos(16), "a mac array for its weights (two's complement 16 bit)", narrower), (Sp2(4), "an sp2 array", ""), (None, "an adder array", "")):
        with pytest.raises(SumtileError) as caught:
            choose_array(small, format)
        assert need in str(caught.value) and str(caught.value).endswith(f"but the engine has mac of 8 bits; choose another overlay or quantize by another scheme{near}.")
