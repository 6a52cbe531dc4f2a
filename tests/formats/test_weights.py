# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Weight formats: the sizes of their level sets, every SP2 code, and the nearest level against a search of all of them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.formats import Mixed, Sp2, Symmetric, Ternary, Twos, WeightFormat, fixed_rows

SP2_SIZES = {3: 5, 4: 13, 5: 15, 6: 47, 7: 59, 8: 187}
FORMATS: list[WeightFormat] = [*map(Sp2, SP2_SIZES), *map(Symmetric, range(2, 11)), *map(Twos, range(2, 11)), Ternary()]


def searched(levels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The nearest level by comparing with all of them; the first of equal distance is the smallest magnitude."""
    by_magnitude = levels[np.argsort(np.abs(levels), kind="stable")]
    return by_magnitude[np.abs(values[:, None] - by_magnitude).argmin(axis=1)]


@pytest.mark.parametrize(("bits", "size"), SP2_SIZES.items())
def test_sp2_level_sets_have_the_paper_s_sizes(bits: int, size: int) -> None:
    levels = Sp2(bits).levels
    assert len(levels) == size and np.array_equal(levels, -levels[::-1])
    assert levels[-1] == 1 << ((1 << (bits // 2)) - 1)


@pytest.mark.parametrize("bits", SP2_SIZES)
def test_sp2_levels_are_the_sums_of_the_definition(bits: int) -> None:
    m1 = -(-(bits - 1) // 2)
    m2 = bits - 1 - m1
    first, second = ([0.0] + [2.0**-e for e in range(1, 1 << width)] for width in (m1, m2))
    reals = sorted({sign * (q1 + q2) for q1, q2, sign in product(first, second, (-1, 1))})
    assert (Sp2(bits).levels / 2.0 ** ((1 << m1) - 1)).tolist() == reals


def test_sp2_at_four_bits_is_the_table_of_the_paper() -> None:
    assert Sp2(4).decode(np.arange(16)).tolist() == [0, 4, 4, 8, 2, 6, 1, 5, 0, -4, -4, -8, -2, -6, -1, -5]
    assert Sp2(4).encode(np.array([0, 1, 2, 4, 5, 6, 8, -4])).tolist() == [0, 6, 4, 1, 7, 5, 3, 9]


@pytest.mark.parametrize("bits", SP2_SIZES)
def test_every_sp2_code_survives_the_round_trip(bits: int) -> None:
    format, codes = Sp2(bits), np.arange(1 << bits)
    integers = format.decode(codes)
    canonical = format.encode(integers)
    assert canonical.dtype == np.uint8 and integers.dtype == np.int64
    assert np.array_equal(format.decode(canonical), integers)
    assert np.all(canonical <= codes), "a smaller code of the same level exists"
    assert len(np.unique(canonical)) == len(format.levels)


@pytest.mark.parametrize("bits", SP2_SIZES)
def test_sp2_refuses_every_integer_that_is_no_level(bits: int) -> None:
    format = Sp2(bits)
    high = min(int(format.levels[-1]), 200) + 2
    for integer in set(range(-high, high + 1)) - set(format.levels.tolist()):
        with pytest.raises(SumtileError, match=f"the weight {integer} is no level of SP2 {bits} bit"):
            format.encode(np.array([0, integer]))


@pytest.mark.parametrize("code", [-1, 16])
def test_sp2_refuses_codes_that_are_too_wide(code: int) -> None:
    with pytest.raises(SumtileError, match="but SP2 4 bit has 0 to 15"):
        Sp2(4).decode(np.array([3, code]))


def test_sp2_keeps_shapes() -> None:
    assert Sp2(4).encode(np.zeros((2, 0, 3), int)).shape == Sp2(4).decode(np.zeros((2, 0, 3), int)).shape == (2, 0, 3)


def test_levels_of_the_uniform_formats() -> None:
    assert Ternary().levels.tolist() == [-1, 0, 1]
    for bits in range(2, 17):
        high = 2 ** (bits - 1)
        assert np.array_equal(Symmetric(bits).levels, np.arange(1 - high, high))
        assert np.array_equal(Twos(bits).levels, np.arange(-high, high))


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_nearest_is_what_a_search_finds(format: WeightFormat) -> None:
    levels = format.levels
    borders = (levels[1:] + levels[:-1]) / 2
    beyond = np.array([levels[0] - 0.5, levels[-1] + 0.5, levels[0] - 1e9, levels[-1] + 1e9])
    ties = np.zeros(0) if isinstance(format, Twos) else borders  # those go to even
    values = np.concatenate([levels, ties, np.nextafter(borders, -np.inf), np.nextafter(borders, np.inf), beyond])
    found = format.nearest(values)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, searched(levels, values))
    assert format.nearest(np.array([[-np.inf, np.inf]])).tolist() == [[levels[0], levels[-1]]]


def test_ties_go_to_the_smaller_magnitude() -> None:
    ties = np.array([0.5, 1.5, 3.0, 4.5, 5.5, 7.0])
    assert Sp2(4).nearest(ties).tolist() == [0, 1, 2, 4, 5, 6]
    assert Sp2(4).nearest(-ties).tolist() == [0, -1, -2, -4, -5, -6]
    assert Symmetric(8).nearest(np.array([-128.5, -126.5, -0.5, 0.5, 126.5, 127.5])).tolist() == [-127, -126, 0, 0, 126, 127]


def test_ties_of_twos_complement_go_to_even() -> None:
    assert Twos(8).nearest(np.array([-128.5, -127.5, -1.5, -0.5, 0.5, 125.5, 126.5, 127.5])).tolist() == [-128, -128, -2, 0, 0, 126, 126, 127]


@pytest.mark.parametrize("format", [Symmetric(16), Twos(16)], ids=str)
def test_sixteen_bits_round_to_the_nearest_integer(format: WeightFormat) -> None:
    values = np.random.default_rng(0).uniform(-33000, 33000, (100, 100))
    np.testing.assert_array_equal(format.nearest(values), np.clip(np.rint(values), format.levels[0], format.levels[-1]))


@pytest.mark.parametrize(("kind", "bits"), [(Symmetric, 1), (Symmetric, 17), (Twos, 1), (Twos, 17), (Sp2, 2), (Sp2, 9)])
def test_widths_that_no_format_has_are_refused(kind: type[Symmetric | Twos | Sp2], bits: int) -> None:
    words = {Symmetric: "fixed", Twos: "two's complement", Sp2: "SP2"}[kind]
    with pytest.raises(SumtileError, match=f"weights of the format '{words} {bits} bit' were asked for, but it has [23] to (8|16) bits; use a width among these"):
        kind(bits)


def test_fixed_rows_are_interleaved() -> None:
    assert fixed_rows(6, 1, 3).tolist() == [False, False, True] * 2
    assert fixed_rows(10, 2, 5).tolist() == [False, False, True, False, True] * 2
    assert not fixed_rows(7, 0, 4).any() and fixed_rows(7, 4, 4).all() and fixed_rows(0, 1, 2).shape == (0,)


@pytest.mark.parametrize("of", range(1, 50))
def test_any_number_of_rows_keeps_the_ratio(of: int) -> None:
    for fixed in range(of + 1):
        rows = fixed_rows(3 * of + 1, fixed, of)
        counts = np.concatenate([[0], np.cumsum(rows)])
        assert np.array_equal(counts, np.arange(3 * of + 2) * fixed // of), f"{fixed} of {of}"
        assert np.array_equal(rows[: 2 * of], rows[of : 3 * of]), f"{fixed} of {of}"


def test_a_mixed_format_takes_each_row_in_its_own_format() -> None:
    format = Mixed(Symmetric(4), Sp2(4), 2, 5)
    values = np.random.default_rng(1).uniform(-10, 10, (12, 3, 2, 2))
    rows = format.fixed_rows(12)
    found = format.nearest(values)
    assert rows.tolist() == fixed_rows(12, 2, 5).tolist()
    np.testing.assert_array_equal(found[rows], Symmetric(4).nearest(values[rows]))
    np.testing.assert_array_equal(found[~rows], Sp2(4).nearest(values[~rows]))
    assert set(np.unique(found)) <= set(format.levels)
    assert (format.bits, format.operator, str(format)) == (4, "mixed", "mixed 4 bit, 2 of 5 rows fixed")


def test_mixtures_without_both_kinds_or_one_width_are_refused() -> None:
    with pytest.raises(SumtileError, match="fixed 8 bit and SP2 4 bit rows were to be mixed"):
        Mixed(Symmetric(8), Sp2(4), 1, 3)
    for fixed in (0, 3, 4, -1):
        with pytest.raises(SumtileError, match=f"{fixed} of 3 rows were to be fixed"):
            Mixed(Symmetric(4), Sp2(4), fixed, 3)


def test_formats_are_values() -> None:
    assert {Sp2(4), Sp2(4), Ternary(), Ternary()} == {Sp2(4), Ternary()}
    assert len({Sp2(4), Symmetric(4), Twos(4), Mixed(Symmetric(4), Sp2(4), 1, 3), Mixed(Symmetric(4), Sp2(4), 2, 3)}) == 5
    assert [format.operator for format in (Symmetric(4), Twos(4), Ternary(), Sp2(4))] == ["mac", "mac", "mac", "sp2"]
