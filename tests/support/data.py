# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Published weights and images that the repository does not carry."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATASETS = Path(os.environ.get("SUMTILE_DATASETS", Path(__file__).parents[2] / "build" / "datasets"))
IMAGENET20 = DATASETS / "imagenet20"
"""Pictures of ImageNet, which tools/fetch_datasets.sh fetches."""

DATA = Path(os.environ.get("SUMTILE_DATA", Path(__file__).parents[3] / "shared" / "data"))


def needs(*files: Path) -> pytest.MarkDecorator:
    """Skips a test where one of the files or folders is absent."""
    names = " and ".join(file.name for file in files)
    variable = "SUMTILE_DATA" if files[0].parent == DATA else "SUMTILE_DATASETS"
    return pytest.mark.skipif(not all(file.exists() for file in files), reason=f"{names} are not in {files[0].parent}; set {variable} to their folder")
