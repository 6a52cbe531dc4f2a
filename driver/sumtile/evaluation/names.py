# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Names of classes, as file names, data sets and networks spell them."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from sumtile.errors import SumtileError


def match_classes(names: Sequence[str], classes: Sequence[str]) -> list[int | None]:
    """Which class each name means: the one that is spelled alike, or else the one with the same :func:`key`.

    Returns:
        an index into ``classes`` for each name, None where no class fits.

    Raises:
        SumtileError: a name that fits several classes, or two names that mean the same class.
    """
    exact, alike = _indices(classes), _indices([key(name) for name in classes])
    places = [_only(name, exact.get(name) or alike.get(key(name), []), classes) for name in names]
    for index, place in enumerate(places):
        if place is not None and place in places[:index]:
            first = names[places.index(place)]
            raise SumtileError(
                f"the names '{first}' and '{names[index]}' both mean the class '{classes[place]}'; put their images into one class, or give them names of their own."
            )
    return places


def key(name: str) -> str:
    """The letters and digits of a name in any script: ``Ankle boot``, ``ankle-boot`` and ``ankle_boot`` have the same key.

    A name without letters and digits is its own key.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(character for character in folded if unicodedata.category(character)[0] in "LMN") or name  # M: vowel signs and accents


def _indices(names: Sequence[str]) -> dict[str, list[int]]:
    """Where each name stands."""
    found: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(names):
        found[name].append(index)
    return dict(found)


def _only(name: str, fitting: list[int], classes: Sequence[str]) -> int | None:
    if len(fitting) > 1:
        raise SumtileError(f"the name '{name}' fits the classes {', '.join(repr(classes[index]) for index in fitting)}; give it the exact name of a single class.")
    return fitting[0] if fitting else None
