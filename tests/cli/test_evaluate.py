# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile evaluate`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import Command
from tests.support.small import CLASSES, SIDE

from sumtile.cli import main
from sumtile.network import Conv, Network, Node, Preprocess
from sumtile.network.storage import save_network


def test_the_command_prints_the_accuracy(program_file: Path, dataset_file: Path, sumtile: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(program_file), str(dataset_file), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["images"] == 70 and summary["accuracy"] == summary["correct"] / 70
    result = sumtile("evaluate", program_file, dataset_file, "--processes", 2, "--on", "golden")
    assert result.returncode == 0, result.stderr
    first, second = result.stdout.splitlines()
    assert first == f"accuracy {100 * summary['accuracy']:.2f} %: {summary['correct']} of 70 images of random"
    assert second.startswith("integer golden model in numpy; 2 processes, ")


def test_a_network_that_makes_a_map_classifies_nothing(dataset_file: Path, image_files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes: list[Node] = [Conv("conv", ("input",), np.random.default_rng(0).normal(0, 0.4, (len(CLASSES), 3, 3, 3)))]
    save_network(Network("map", Preprocess(SIDE, SIDE, (0.5,) * 3, (0.25,) * 3), nodes, CLASSES), tmp_path / "map.npz")
    program = tmp_path / "map.tile"
    assert main(["compile", str(tmp_path / "map.npz"), "--calibrate", str(dataset_file), "-o", str(program)]) == 0
    for command in (["evaluate", program, dataset_file], ["classify", program, image_files[0]]):
        assert main(list(map(str, command))) == 2
        assert "program 'map' makes a map of 10 x 10 pixels, but classes are the channels of a single one" in capsys.readouterr().err
