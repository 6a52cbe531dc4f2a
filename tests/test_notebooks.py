# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Every notebook runs from top to bottom, and is kept in the repository without its outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("matplotlib")

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_file_has_no_outputs(name: str) -> None:
    notebook = nbformat.read(FOLDER / name, as_version=4)
    nbformat.validate(notebook)
    for cell in _code(notebook):
        assert not cell.outputs and cell.execution_count is None, f"strip the outputs: {cell.source[:60]}"


def test_classify_shows_pictures_right_answers_and_where_they_come_from() -> None:
    notebook = _run("01_classify.ipynb")
    pictures = [output for cell in _code(notebook) for output in cell.outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 2
    said = "".join(output.text for cell in _code(notebook) for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")
    verdict = next(line for line in said.splitlines() if " are right; " in line)
    right, total = int(verdict.split()[0]), int(verdict.split()[2])
    assert right == total == 20
    assert said.splitlines()[-1] == "These results come from: emulated zcu102 (C simulation of adder_conv)"


def test_your_network_goes_from_a_framework_to_the_board() -> None:
    notebook = _run("02_your_network.ipynb")
    pictures = [output for cell in _code(notebook) for output in cell.outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 2
    said = "".join(output.text for cell in _code(notebook) for output in cell.outputs if output.output_type == "stream" and output.name == "stdout").splitlines()
    verdict = next(line for line in said if line.endswith("sample images are right"))
    assert int(verdict.split()[0]) >= 14 and int(verdict.split()[2]) == 20
    assert "golden model and board: equal in every layer" in said
    assert said[-1] == "These results come from: emulated zcu102 (C simulation of mac_conv)"


def test_every_notebook_has_a_test() -> None:
    assert NOTEBOOKS == ["01_classify.ipynb", "02_your_network.ipynb"]


def _run(name: str) -> Any:
    notebook = nbformat.read(FOLDER / name, as_version=4)
    nbclient.NotebookClient(notebook, timeout=180, resources={"metadata": {"path": str(FOLDER)}}).execute()
    return notebook


def _code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]
