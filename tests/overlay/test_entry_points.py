# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""pynq's own look-up finds the folders behind the entry points in a checkout; ``tests/house/test_package.py`` shows the same of the wheel."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from pynqutils.setup_utils import ExtensionsManager

from sumtile.overlay import pynq_overlays

ROOT = Path(__file__).resolve().parents[2]


def test_notebooks() -> None:
    assert Path(ExtensionsManager.extension_path("sumtile.overlay.pynq_notebooks")) == ROOT / "notebooks"


@pytest.mark.parametrize("board, folder", [("Pynq-Z2", "pynq-z2"), ("zcu102", "zcu102"), ("Ultra96", ""), ("", "")])
def test_overlays_are_those_of_this_board(monkeypatch: pytest.MonkeyPatch, board: str, folder: str) -> None:
    monkeypatch.setenv("BOARD", board)
    importlib.reload(pynq_overlays)
    assert Path(ExtensionsManager.extension_path("sumtile.overlay.pynq_overlays")) == ROOT / "overlays" / folder
