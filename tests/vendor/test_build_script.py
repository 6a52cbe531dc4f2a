# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The options of build.tcl, its C simulation, and the project files of the unified flow."""

from __future__ import annotations

import configparser
import os
import shutil
import sys
from pathlib import Path

import pytest

from sumtile.csim.build import vendor_headers
from sumtile.errors import SumtileError
from sumtile.overlay import Overlay
from sumtile.overlay.config_header import config_header
from tests.vendor.tools import ROOT, SCRIPT, needs_tclsh, run

pytestmark = needs_tclsh


def needs_vendor_headers() -> None:
    try:
        vendor_headers()
    except SumtileError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"SUMTILE_STEPS": "sinthesis"}, "SUMTILE_STEPS has 'sinthesis'; choose any of csim csynth cosim export bitstream."),
        ({"SUMTILE_BOARD": "breadboard"}, "not described for board 'breadboard'"),
        ({"SUMTILE_OVERLAY": "nothing"}, "there is no overlay 'nothing'"),
        ({"SUMTILE_PYTHON": "/nowhere/python3"}, "no Python 3.10 or later was found as /nowhere/python3; name one with SUMTILE_PYTHON."),
        ({"SUMTILE_BUILD": "/tmp/a folder"}, "the folder '/tmp/a folder' has a space"),
    ],
)
def test_wrong_options_end_in_a_sentence(options: dict[str, str], sentence: str) -> None:
    result = run("vitis_hls", SCRIPT, **options)
    assert result.returncode == 1
    assert sentence in result.stderr and "Traceback" not in result.stderr


def test_a_python_of_the_tool_is_passed_over(tmp_path: Path) -> None:
    """In a tool's path its own Python may come first, which does not run without the tool's libraries."""
    for name, line in (("python3", "exit 127"), ("python3.12", f'exec "{sys.executable}" "$@"')):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    result = run("vivado", SCRIPT, PATH=path, SUMTILE_PYTHON="", SUMTILE_STEPS="csynth", SUMTILE_BUILD=tmp_path / "build")
    assert result.returncode == 0 and "nothing to do" in result.stdout, result.stderr


@pytest.mark.parametrize("tool, steps", [("vitis_hls", "bitstream"), ("vivado", "csynth export")])
def test_a_tool_leaves_the_steps_of_the_other(tool: str, steps: str, tmp_path: Path) -> None:
    result = run(tool, SCRIPT, SUMTILE_STEPS=steps, SUMTILE_BUILD=tmp_path / "build")
    assert result.returncode == 0 and "nothing to do" in result.stdout


def test_steps_are_selected(tmp_path: Path) -> None:
    result = run("vitis_hls", SCRIPT, SUMTILE_STEPS="csynth", SUMTILE_BUILD=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "adder_conv" / "solution" / "syn").is_dir() and not (tmp_path / "adder_conv" / "solution" / "impl").exists()


def test_the_unified_flow_gets_the_same_project(tmp_path: Path) -> None:
    assert run("vitis_hls", SCRIPT, SUMTILE_OVERLAY="msq", SUMTILE_BOARD="pynq-z2", SUMTILE_STEPS="csynth", SUMTILE_BUILD=tmp_path).returncode == 0
    overlay = Overlay.load("msq", "pynq-z2")
    assert (tmp_path / "include" / "sumtile_config.hpp").read_text().strip() == config_header(overlay).strip()
    config = configparser.ConfigParser()
    config.read_string("[top]\n" + (tmp_path / "unified" / "msq_conv" / "hls_config.cfg").read_text())
    hls = config["hls"]
    assert config["top"]["part"] == overlay.board.part
    assert (hls["syn.top"], hls["clock"], hls["flow_target"]) == ("msq_conv", "10.0000ns", "vivado")
    assert Path(hls["syn.file"]).is_file() and Path(hls["tb.file"]).is_file()
    folders = [Path(word[2:]) for word in hls["syn.cflags"].split() if word.startswith("-I")]
    assert len(folders) == 2 and all(folder.is_dir() for folder in folders)


def test_c_simulation_runs_the_testbench(tmp_path: Path) -> None:
    """The testbench, the golden model's vectors and the vendor's number types, as the tool would put them together; co-simulation takes the same."""
    needs_vendor_headers()
    result = run("vitis_hls", SCRIPT, SUMTILE_OVERLAY="msq", SUMTILE_BOARD="pynq-z2", SUMTILE_STEPS="csim", SUMTILE_BUILD=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "ok   mixed-of-4-bits-0" in result.stdout and "PASS" in result.stdout and "CSim done with 0 errors" in result.stdout
    assert not (tmp_path / "msq_conv" / "solution" / "syn").exists()


def test_a_broken_kernel_fails_its_testbench(tmp_path: Path) -> None:
    needs_vendor_headers()
    shutil.copytree(ROOT / "hls", tmp_path / "hls")
    for name in ("overlays", "driver"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(SCRIPT, tmp_path)
    source = tmp_path / "hls" / "include" / "sumtile" / "activate.hpp"
    text = source.read_text()
    assert "(product, shift) + add;" in text
    source.write_text(text.replace("(product, shift) + add;", "(product, shift) - add;"))
    result = run("vitis_hls", tmp_path / "build.tcl", SUMTILE_STEPS="csim", SUMTILE_BUILD=tmp_path / "build")
    assert result.returncode == 1
    assert "FAIL adder-of-8-bits-0: beat" in result.stdout
    assert "csim_design: the testbench returned a nonzero value" in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("#pragma HLS interface axis port=residual\n", "", "conv.cpp:14: the argument 'residual' has no interface"),
        ("interface axis port=features", "interface axis port=feature", "interface names 'feature', but the file has no such name; 'features' is meant"),
        ("#pragma HLS interface s_axilite port=return bundle=control\n", "", "there is no interface for port=return"),
        (
            "bundle=control\n  sumtile",
            "bundle=control\n#pragma HLS interface axis port=extra\n  sumtile",
            "interface names 'extra', but the file has no such name",
        ),
        ("interface axis port=result", "interface axi port=result", "conv.cpp:19: interface does not take the word 'axi'"),
    ],
)
def test_synthesis_refuses_what_the_lint_finds(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "hls", tmp_path / "hls")
    for name in ("overlays", "driver"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(SCRIPT, tmp_path)
    kernel = tmp_path / "hls" / "kernels" / "conv.cpp"
    text = kernel.read_text()
    assert old in text
    kernel.write_text(text.replace(old, new))
    result = run("vitis_hls", tmp_path / "build.tcl", SUMTILE_BUILD=tmp_path / "build")
    assert result.returncode == 1
    assert sentence in result.stderr
