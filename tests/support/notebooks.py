# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a notebook of the repository from top to bottom, in a kernel of its own, and gives what it shows."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))

LIMIT_SECONDS = 600
"""Of a cell. A notebook takes less than three minutes; a busy machine several times that."""

AS_ON_A_BOARD = """
import inspect
import sys
from sumtile import SumtileError
from sumtile.csim import build

sys.modules.update(dict.fromkeys(("clang", "dask", "distributed", "hls4ml", "onnx", "onnxruntime", "rich", "starlette", "torch", "uvicorn")))
found = build.compiler_command

def only_for_the_board():
    if any("/sumtile/emulated/" in frame.filename for frame in inspect.stack(0)):
        return found()
    raise SumtileError("no C++ compiler 'g++' was found.")

build.compiler_command = only_for_the_board
"""
"""To run before a notebook: no extra packages but matplotlib, which PYNQ images have, and no compiler but for what stands for the board's logic."""


@dataclass(frozen=True)
class Shown:
    """What a notebook shows.

    Attributes:
        lines: all that its cells print.
        pictures: PNG files, in order.
    """

    lines: list[str]
    pictures: list[bytes]

    def line(self, part: str) -> str:
        """The first line that has this part."""
        return next(line for line in self.lines if part in line)


def run_notebook(name: str, before: str = "") -> Shown:
    """Runs a notebook; a cell that fails, fails the test with its traceback.

    Args:
        name: its file name.
        before: code to run in the kernel before the first cell.
    """
    import nbclient

    notebook = read_notebook(name)
    if before:
        import nbformat

        notebook.cells.insert(0, nbformat.v4.new_code_cell(before))
    nbclient.NotebookClient(notebook, timeout=LIMIT_SECONDS, resources={"metadata": {"path": str(FOLDER)}}).execute()
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    printed = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    return Shown(printed.splitlines(), [base64.b64decode(output.data["image/png"]) for output in outputs if "image/png" in output.get("data", {})])


def read_notebook(name: str) -> Any:
    """The notebook as nbformat reads it."""
    import nbformat

    return nbformat.read(FOLDER / name, as_version=4)


def code_cells(notebook: Any) -> list[Any]:
    """Its cells of code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]
