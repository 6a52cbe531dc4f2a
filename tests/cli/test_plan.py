# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile plan``: its table, its JSON, its picture and its exit status."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import Command

from sumtile.cli import main
from sumtile.compiler import plan_program
from sumtile.overlay import Overlay
from sumtile.overlay.resources import models_folder
from sumtile.program import read_program


def test_the_table_names_every_layer_and_the_device(network_file: Path, sumtile: Command) -> None:
    result = sumtile("plan", network_file)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split()[:3] == ["layer", "on", "kernel"]
    assert [line.split()[0] for line in lines[1:4]] == ["pool1", "relu2", "scores"]
    assert any(line.startswith("small on overlay adder of zcu102, 1024 lanes at 200 MHz") for line in lines)
    assert max(map(len, lines[: lines.index("")])) <= 120
    assert [line.split()[0] for line in lines if line.startswith(("LUT", "FF", "BRAM36", "DSP"))] == ["LUT", "FF", "BRAM36", "DSP"]
    assert "these are estimates" in result.stdout


def test_json_is_the_plan_of_the_program(program_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(program_file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    expected = plan_program(read_program(program_file), Overlay.load("adder", "zcu102"))
    assert found == json.loads(json.dumps(expected.as_dict()))


def test_the_picture_is_an_image_of_bars_and_roofline(program_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert main(["plan", str(program_file), "--picture", str(tmp_path / "plan.png")]) == 0
    with Image.open(tmp_path / "plan.png") as picture:
        assert picture.size[0] > 1500 and len(picture.convert("RGB").getcolors(1 << 24) or []) > 20


def test_what_cannot_run_is_told_with_status_2(network_file: Path, program_file: Path, tmp_path: Path, sumtile: Command) -> None:
    result = sumtile("plan", network_file, "--overlay", "fixed8")
    assert result.returncode == 2
    assert "cannot run: layer 'relu2' (conv2 + bn2 + relu2): the layer needs an adder array" in result.stdout
    other = sumtile("plan", program_file, "--board", "pynq-z2")
    assert other.returncode == 2 and "was compiled for overlay 'adder' on zcu102" in other.stderr
    place = sumtile("plan", program_file, "--picture", tmp_path / "absent" / "plan.png")
    assert place.returncode == 2 and "the picture cannot be written" in place.stderr


def test_a_file_is_taken_for_what_it_holds(program_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(program_file, tmp_path / "renamed.bin")
    assert main(["plan", str(tmp_path / "renamed.bin")]) == 0
    assert "small on overlay adder" in capsys.readouterr().out


def test_a_scheme_for_what_is_quantized_already_is_refused(network_file: Path, program_file: Path, dataset_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quantized = tmp_path / "small.q"
    assert main(["quantize", str(network_file), "--calibrate", str(dataset_file), "-o", str(quantized)]) == 0
    for source, options, named in ((quantized, ["--scheme", "dynamic", "--bits", "4"], "--scheme"), (program_file, ["--ends", "4"], "--ends")):
        assert main(["plan", str(source), *options]) == 2
        assert f"is quantized already, so {named} has no meaning" in capsys.readouterr().err


def test_hints_name_what_takes_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    network = models_folder() / "lenet5_fashion.npz"
    plan = ["plan", str(network), "--scheme", "msq", "--overlay", "msq", "--board", "pynq-z2"]
    assert main(plan) == 0
    assert "hint: layer 'pool1' takes" in capsys.readouterr().out
    assert main([*plan, "--ends", "4"]) == 0
    shown = capsys.readouterr().out
    assert "hint: layer" not in shown and "of the time on the small array" not in shown
    assert main(["plan", str(network), "--scheme", "dynamic", "--overlay", "fixed8"]) == 0
    assert "the small array" not in capsys.readouterr().out
