# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The file of exceptions from a scheme: which layers get other weights or results of another width."""

from __future__ import annotations

import configparser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sumtile.errors import SumtileError
from sumtile.files import regular_file

if TYPE_CHECKING:
    from sumtile.quantize import LayerSetting
    from sumtile.quantize.weight_rules import WeightRule

LAYERS_HELP = """\
A file for --layers has a section for each exception, named by a node of the network or by a
pattern with * and ?; of several that fit a layer, the last one counts:

  [conv1]                  # or [input], for the network's input
  weights = fixed 8        # covering N, dynamic N, fixed N, sp2 N, msq N or ternary
  results = 6              # bits of what the layer writes

  [layer4.*]
  weights = sp2 4"""

SIZE_MAX = 1 << 20
"""Largest file in bytes."""

Ratio = Callable[[], "tuple[int, int]"]
"""Gives the fixed rows and the rows of the overlay's mixed lanes; SumtileError where it has none."""


def read_layer_settings(path: str | Path, ratio: Ratio) -> tuple[LayerSetting, ...]:
    """Reads the exceptions; whether a network has such layers is not known here.

    Raises:
        SumtileError: no such file, or one that says something else.
    """
    from sumtile.quantize import LayerSetting

    file = regular_file(path, "file of layer settings")
    parser = configparser.ConfigParser(interpolation=None, default_section="", inline_comment_prefixes=("#",), delimiters=("=",))
    try:
        if file.stat().st_size > SIZE_MAX:
            raise SumtileError(f"{file} has {file.stat().st_size} bytes, but layer settings of up to {SIZE_MAX} are read; name layers by patterns.")
        parser.read_string(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise SumtileError(f"{file} cannot be read as layer settings ({' '.join(str(error).split())}); see 'sumtile quantize --help' for an example.") from None
    settings = []
    for pattern in parser.sections():
        section = dict(parser[pattern])
        foreign = set(section) - {"weights", "results"}
        if foreign or not section:
            raise SumtileError(
                f"section [{pattern}] of {file} has {f'the setting {min(foreign)!r}' if foreign else 'no setting'}, but 'weights' and 'results' are those that there are; correct it."
            )
        where = f"section [{pattern}] of {file}"
        weights = weight_rule(section["weights"], where, ratio) if "weights" in section else None
        settings.append(LayerSetting(pattern, weights, _number(section["results"], where) if "results" in section else None))
    return tuple(settings)


def weight_rule(text: str, where: str, ratio: Ratio) -> WeightRule:
    """The rule that a few words name, such as ``fixed 8``."""
    from sumtile.formats import Mixed, Sp2, Symmetric, Ternary
    from sumtile.quantize import schemes
    from sumtile.quantize.weight_rules import CoveringWeights, DynamicWeights, FittedWeights

    rules: dict[str, Callable[[int], WeightRule]] = {
        "covering": CoveringWeights,
        "dynamic": lambda bits: DynamicWeights(bits, 2, per_filter=True),
        "fixed": lambda bits: FittedWeights(Symmetric(bits), schemes.STARTS),
        "sp2": lambda bits: FittedWeights(Sp2(bits), schemes.STARTS),
        "msq": lambda bits: FittedWeights(Mixed(Symmetric(bits), Sp2(bits), *ratio()), schemes.STARTS),
    }
    words = text.split()
    if words == ["ternary"]:
        return FittedWeights(Ternary(), schemes.STARTS)
    if len(words) != 2 or words[0] not in rules:
        raise SumtileError(f"{where} has weights '{text}', but {', '.join(f'{name} N' for name in rules)} or ternary is needed, with N bits; correct it.")
    try:
        return rules[words[0]](_number(words[1], where))
    except SumtileError as error:
        raise SumtileError(f"{where}: {error}") from None


def _number(text: str, where: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= 16:
        raise SumtileError(f"{where} asks for '{text}' bits, but 2 to 16 are needed; correct it.")
    return int(text)
