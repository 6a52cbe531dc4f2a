# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The page that adds a board, followed with its own blocks of JSON: planned, refused, made smaller, compiled and run on an emulated one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sumtile.overlay.resources import models_folder, overlays_folder

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "add_your_board.md").read_text(encoding="utf-8")
BOARD, TOO_LARGE, FITTING = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the descriptions with the page's board."""
    copy = Path(shutil.copytree(overlays_folder(), tmp_path / "overlays"))
    (copy / "boards" / "kv260.json").write_text(BOARD)
    return copy


def add_line(folder: Path, line: str) -> None:
    """Adds the page's line to the overlay, as it would stand there."""
    path = folder / "fixed8.json"
    text = path.read_text().replace('"boards": {', f'"boards": {{{line.strip()},')
    path.write_text(json.dumps(json.loads(text)))


def sumtile(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SUMTILE_OVERLAYS": str(folder), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, "-m", "sumtile.cli", *map(str, arguments)], env=environment, capture_output=True, text=True, encoding="utf-8", timeout=200)


def device_table(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.startswith(("LUT", "FF ", "BRAM36", "DSP", "cannot run"))]


def test_the_page_leads_to_a_board_that_runs(folder: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    np.savez(tmp_path / "images.npz", x=random.integers(0, 256, (8, 28, 28), np.uint8), y=np.zeros(8, np.int64))
    plan = "plan", models_folder() / "lenet5_fashion.npz", "--overlay", "fixed8", "--board", "kv260"
    without = sumtile(folder, *plan)
    assert without.returncode == 2 and f"add the board to {folder / 'fixed8.json'}" in without.stderr

    shown = re.findall(r"```\n(device.*?)```", PAGE, re.DOTALL)
    for line, status, table in zip((TOO_LARGE, FITTING), (2, 0), shown, strict=True):
        add_line(folder, line)
        planned = sumtile(folder, *plan)
        assert planned.returncode == status, planned.stderr
        assert device_table(planned.stdout) == device_table(table), "the page shows another table; copy this one"
        if status:
            shutil.copy(overlays_folder() / "fixed8.json", folder / "fixed8.json")

    program = tmp_path / "net.tile"
    compiled = sumtile(folder, "compile", *plan[1:], "--scheme", "dynamic", "--calibrate", tmp_path / "images.npz", "-o", program)
    assert compiled.returncode == 0, compiled.stderr
    classified = sumtile(folder, "classify", program, *sorted((models_folder() / "samples").glob("*.png"))[:2])
    assert classified.returncode == 0, classified.stderr
    assert classified.stdout.splitlines()[-1] == "ran on: emulated kv260 (C simulation of mac_conv)"


def test_a_folder_of_descriptions_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = sumtile(tmp_path / "absent", "plan", models_folder() / "lenet5_fashion.npz", "--overlay", "fixed8")
    assert result.returncode == 2 and str(tmp_path / "absent") in result.stderr and "Traceback" not in result.stderr
