# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What ONNX has no place for, in the metadata of a file: how an image becomes the input, and the names of the classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sumtile.errors import SumtileError
from sumtile.network.graph import Preprocess

MEAN, STD, CLASSES = "sumtile.mean", "sumtile.std", "sumtile.classes"
"""Keys in ``metadata_props``; the values are JSON lists, of numbers one a channel, or of texts."""


@dataclass(frozen=True)
class Metadata:
    """What a file says; empty where it says nothing."""

    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    classes: tuple[str, ...] = ()

    def preprocess_for(self, channels: int, height: int, width: int) -> Preprocess | None:
        """The preprocessing for an input of that size."""
        return Preprocess(height, width, self.mean or (0.0,) * channels, self.std or (1.0,) * channels) if self.mean or self.std else None


def read_metadata(model: Any) -> Metadata:
    """The metadata of a ModelProto; SumtileError for a value that is no list of numbers or texts."""
    values = {entry.key: entry.value for entry in model.metadata_props}
    return Metadata(_list(values, MEAN, float), _list(values, STD, float), _list(values, CLASSES, str))


def write_metadata(model: Any, preprocess: Preprocess, classes: tuple[str, ...]) -> None:
    """Adds the metadata to a ModelProto."""
    for key, values in ((MEAN, preprocess.mean), (STD, preprocess.std), (CLASSES, classes)):
        entry = model.metadata_props.add()
        entry.key, entry.value = key, json.dumps(values)


def _list(values: dict[str, str], key: str, kind: type) -> tuple[Any, ...]:
    if key not in values:
        return ()
    try:
        entries = json.loads(values[key])
    except (ValueError, RecursionError):
        entries = None
    allowed = (int, float) if kind is float else (kind,)
    if not isinstance(entries, list) or not all(isinstance(entry, allowed) and not isinstance(entry, bool) for entry in entries):
        raise SumtileError(f"the model's metadata '{key}' is {values[key][:60]!r}, but a JSON list is needed, of {'numbers' if kind is float else 'texts'}; correct or remove it.")
    try:
        return tuple(kind(entry) for entry in entries)
    except OverflowError:
        raise SumtileError(f"the model's metadata '{key}' has an integer beyond any float; correct or remove it.") from None
