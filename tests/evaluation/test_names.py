# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Classes are told apart in every script, and what cannot be told apart is an error."""

from __future__ import annotations

import pytest

from sumtile.errors import SumtileError
from sumtile.evaluation.names import key, match_classes


@pytest.mark.parametrize(
    "classes",
    [("猫", "犬"), ("c", "c++", "c#"), ("a1", "a 1"), ("+", "-", "😀"), ("कि", "का"), ("été", "ete"), ("Bag", "bag")],
)
def test_exact_names_are_always_told_apart(classes: tuple[str, ...]) -> None:
    assert match_classes(classes[::-1], classes) == list(range(len(classes)))[::-1]


@pytest.mark.parametrize("name", ["Ankle boot", "ankle-boot", "ANKLE_BOOT", "\N{FULLWIDTH LATIN CAPITAL LETTER A}nkle boot", "ankle/boot"])
def test_spellings_of_one_class(name: str) -> None:
    assert match_classes([name, "other"], ["bag", "Ankle-Boot"]) == [1, None]


def test_scripts_with_accents_and_composed_letters() -> None:
    assert key("Été") == key("E\u0301te\u0301") != key("ete")
    assert key("STRASSE") == key("Straße")
    assert match_classes(["ЖЯЮ", "kedi"], ["kedi", "жяю"]) == [1, 0]


def test_names_that_cannot_be_told_apart() -> None:
    with pytest.raises(SumtileError, match=r"the name 'C' fits the classes 'c', 'c\+\+'"):
        match_classes(["C"], ["c", "c++"])
    with pytest.raises(SumtileError, match=r"the names 'bag' and 'Bag' both mean the class 'bag'"):
        match_classes(["bag", "Bag"], ["bag", "coat"])
