# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""`sumtile build` with the stand-ins in the place of the tools: from the command to the pair that pynq loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vendor.tools import ROOT, needs_tclsh

pytestmark = needs_tclsh

WRAPPER = """#!/bin/sh
for word; do case "$word" in *.tcl) script=$word ;; esac; done
exec tclsh {run} {tool} "$script"
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """An installation whose programs are the stand-ins."""
    folder = tmp_path / "tools" / "bin"
    folder.mkdir(parents=True)
    for tool in ("vitis_hls", "vivado"):
        program = folder / tool
        program.write_text(WRAPPER.format(run=ROOT / "tests" / "vendor" / "run.tcl", tool=tool))
        program.chmod(0o755)
    return folder.parent


def test_one_command_makes_the_pair(tools: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "SUMTILE_BUILD": str(tmp_path / "build"), "SUMTILE_STANDIN_PYTHON": sys.executable}
    command = [sys.executable, "-m", "sumtile.cli", "build", "sp2", "--board", "zc706", "--tool", str(tools), "--out", str(tmp_path / "out")]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=250)
    assert result.returncode == 0, result.stdout + result.stderr
    assert sorted(path.name for path in (tmp_path / "out" / "zc706").iterdir()) == ["sp2.bit", "sp2.hwh", "sp2.report.json"]
    assert "150 MHz met" in result.stdout
    log = (tmp_path / "build" / "logs" / "vivado.log").read_text()
    assert "built" in log
