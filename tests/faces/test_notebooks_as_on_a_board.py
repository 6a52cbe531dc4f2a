# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Every notebook runs to its last line without what a board lacks, and without a data set."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.notebooks import AS_ON_A_BOARD, NOTEBOOKS, run_notebook

pytest.importorskip("nbclient")
pytest.importorskip("matplotlib")
pytestmark = [pytest.mark.faces, pytest.mark.timeout(900)]

BOARD = "pynq-z2"

SENTENCES = {
    "02_your_network.ipynb": "the network is the one that comes with sumtile",
    "04_arithmetic.ipynb": "of sumtile's samples",
    "05_compression.ipynb": "(sumtile's samples)",
}
"""What they say of it."""


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_without_compiler_packages_and_data_set_on_another_board(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUMTILE_DATASETS", raising=False)
    monkeypatch.setenv("SUMTILE_BOARD", BOARD)
    nowhere = f"import pathlib; from sumtile import datasets; datasets.FASHION_FOLDER = pathlib.Path({str(tmp_path)!r})\n"
    shown = run_notebook(name, before=nowhere + AS_ON_A_BOARD)
    assert shown.lines[-1].startswith(f"These results come from: emulated {BOARD} (C simulation of ")
    assert shown.line(SENTENCES.get(name, ""))
