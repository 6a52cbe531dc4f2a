# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Every notebook is kept without its outputs and has a test; the first two run here, the longer ones in tests/faces."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.notebooks import NOTEBOOKS, code_cells, read_notebook, run_notebook

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("matplotlib")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_file_has_no_outputs(name: str) -> None:
    notebook = read_notebook(name)
    nbformat.validate(notebook)
    for cell in code_cells(notebook):
        assert not cell.outputs and cell.execution_count is None, f"strip the outputs: {cell.source[:60]}"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_run_by_a_test(name: str) -> None:
    tests = Path(__file__).parent
    assert any(f'run_notebook("{name}")' in path.read_text() for path in (Path(__file__), *tests.glob("faces/test_notebook_*.py"))), "write a test that runs it"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_its_last_line_says_where_it_ran(name: str) -> None:
    assert code_cells(read_notebook(name))[-1].source.splitlines()[-1].startswith('print(f"These results come from: {')


def test_classify_shows_pictures_right_answers_and_where_they_come_from() -> None:
    shown = run_notebook("01_classify.ipynb")
    assert len(shown.pictures) == 3  # classes, profile, all samples
    assert shown.line(" are right; ") == "20 of 20 are right; wrong: none"
    assert shown.lines[-1] == "These results come from: emulated zcu102 (C simulation of adder_conv)"


def test_your_network_goes_from_a_framework_to_the_board() -> None:
    shown = run_notebook("02_your_network.ipynb")
    assert len(shown.pictures) == 2
    right, total = (int(word) for word in shown.line("sample images are right").split() if word.isdigit())
    assert right >= 14 and total == 20
    assert "golden model and board: equal in every layer" in shown.lines
    assert shown.lines[-1] == "These results come from: emulated zcu102 (C simulation of mac_conv)"
