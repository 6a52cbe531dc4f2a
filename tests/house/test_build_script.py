# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""build.tcl in plain tclsh: the vendor's commands are recorded, everything else is real."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sumtile.overlay import Overlay, board_names
from sumtile.overlay.config_header import config_header

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed (Debian: sudo apt install tcl)")

RECORDER = """
proc unknown args { puts $args }
proc csynth_design {} { puts csynth_design }
source %s
"""


def run(tmp_path: Path, **options: str) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "recorder.tcl"
    script.write_text(RECORDER % (ROOT / "build.tcl"))
    environment = {**os.environ, "SUMTILE_BUILD": str(tmp_path / "build"), "SUMTILE_PYTHON": sys.executable, **options}
    return subprocess.run(["tclsh", str(script)], env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("board", board_names())
def test_project_follows_the_descriptions(tmp_path: Path, board: str) -> None:
    result = run(tmp_path, SUMTILE_BOARD=board)
    overlay = Overlay.load("adder", board)
    commands = result.stdout.splitlines()
    assert result.returncode == 0, result.stderr
    assert f"set_top {overlay.engine.top}" in commands
    assert f"set_part {overlay.board.part}" in commands
    assert f"create_clock -period {1000 / overlay.clock_mhz:.4f} -name default" in commands
    assert commands[-3:] == ["csynth_design", "export_design -format ip_catalog -vendor xilinx.com -library hls -version 1.0", "close_project"]
    assert (tmp_path / "build" / "include" / "sumtile_config.hpp").read_text().strip() == config_header(overlay).strip()


def test_sources_exist(tmp_path: Path) -> None:
    added = next(line for line in run(tmp_path).stdout.splitlines() if line.startswith("add_files"))
    source, folders = Path(added.split()[1]), [Path(word.strip("{}")[2:]) for word in added.split() if word.startswith("-I")]
    assert source.is_file()
    assert len(folders) == 2 and all(folder.is_dir() for folder in folders)


def test_steps_are_selected(tmp_path: Path) -> None:
    assert "export_design" not in run(tmp_path, SUMTILE_STEPS="csynth").stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"SUMTILE_STEPS": "sinthesis"}, "choose any of csim csynth cosim export bitstream"),
        ({"SUMTILE_BOARD": "breadboard"}, "not described for board 'breadboard'"),
        ({"SUMTILE_OVERLAY": "nothing"}, "there is no overlay 'nothing'"),
    ],
)
def test_mistakes_end_in_a_sentence(tmp_path: Path, options: dict[str, str], sentence: str) -> None:
    result = run(tmp_path, **options)
    assert result.returncode == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
