# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Names of classes, as file names, data sets and networks spell them."""

from __future__ import annotations

import re


def plain(name: str) -> str:
    """The letters and digits of a name: ``Ankle boot``, ``ankle-boot`` and ``ankle_boot`` are the same class."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
