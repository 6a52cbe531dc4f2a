# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""ONNX operators, each a function from a call to what it makes; the modules that define them fill the table."""

from __future__ import annotations

from collections.abc import Callable

from sumtile.frontend.build import Builder
from sumtile.frontend.call import Call, Value, Values

Importer = Callable[[Builder, Call], Value | Values]

OPERATORS: dict[tuple[str, str], Importer] = {}
"""By domain and name; the standard domain is empty."""


def operator(*names: str, domain: str = "") -> Callable[[Importer], Importer]:
    """Enters a function into the table under these names."""

    def enter(function: Importer) -> Importer:
        for name in names:
            OPERATORS[domain, name] = function
        return function

    return enter
