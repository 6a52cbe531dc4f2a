# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The stand-ins of Vitis HLS and Vivado as processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "build.tcl"

needs_tclsh = pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed (Debian: sudo apt install tcl)")


def run(tool: str, script: Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs a Tcl script in the stand-in of ``vitis_hls`` or ``vivado``, with environment variables by keyword."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SUMTILE_") or name in ("SUMTILE_CACHE_DIR", "SUMTILE_AP_TYPES")}
    environment |= {"SUMTILE_STANDIN_PYTHON": sys.executable, "SUMTILE_PYTHON": sys.executable, **{name: str(value) for name, value in options.items()}}
    command = ["tclsh", str(Path(__file__).with_name("run.tcl")), tool, str(script)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=250)


def build(overlay: str, board: str, folder: Path, script: Path = SCRIPT, **options: object) -> Path:
    """Builds an overlay with both stand-ins; path of the .bit in ``folder/out``, beside its .hwh and its report."""
    options = {"SUMTILE_OVERLAY": overlay, "SUMTILE_BOARD": board, "SUMTILE_BUILD": folder / "build", "SUMTILE_OUT": folder / "out", **options}
    for tool in ("vitis_hls", "vivado"):
        result = run(tool, script, **options)
        assert result.returncode == 0, f"{tool}: {result.stdout[-2000:]}{result.stderr}"
    return folder / "out" / board / f"{overlay}.bit"
