# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Published weights and images that the repository does not carry."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("SUMTILE_DATA", Path(__file__).parents[3] / "shared" / "data"))


def needs(*files: Path) -> pytest.MarkDecorator:
    """Skips a test where one of the files is absent."""
    names = " and ".join(file.name for file in files)
    return pytest.mark.skipif(not all(file.is_file() for file in files), reason=f"{names} are not in {DATA}; set SUMTILE_DATA to their folder")
