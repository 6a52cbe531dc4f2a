# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Network files by their content: ours, ONNX, and neither."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from sumtile.cli import main
from sumtile.cli.networks import load_any_network
from sumtile.errors import SumtileError
from sumtile.network.storage import load_network, save_network
from sumtile.program import read_program
from sumtile.program.steps import Step

pytest.importorskip("onnx", reason="ONNX files are read with the onnx package; install sumtile[compile]")

from sumtile.frontend import export_onnx


@pytest.fixture
def saved(network_file: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The same network as an archive of ours and as an ONNX file, under names that tell nothing."""
    network = load_network(network_file)
    for node in network.nodes:
        for name, value in vars(node).items():
            if isinstance(value, np.ndarray):
                setattr(node, name, value.astype(np.float32))  # as ONNX has them
    save_network(network, tmp_path / "ours")
    export_onnx(network, tmp_path / "onnx")
    return tmp_path / "ours", tmp_path / "onnx"


def test_a_network_is_read_by_its_content(saved: tuple[Path, Path]) -> None:
    ours, onnx = (load_any_network(path) for path in saved)
    assert [(type(node), node.name, node.inputs) for node in ours.nodes] == [(type(node), node.name, node.inputs) for node in onnx.nodes]
    assert (ours.preprocess, ours.classes) == (onnx.preprocess, onnx.classes)


def test_both_files_compile_to_the_same_program(saved: tuple[Path, Path], dataset_file: Path, tmp_path: Path) -> None:
    for path in saved:
        assert main(["compile", str(path), "--calibrate", str(dataset_file), "-o", str(tmp_path / f"{path.name}.tile")]) == 0
    first, second = (read_program(tmp_path / f"{path.name}.tile") for path in saved)
    assert len(first.steps) == len(second.steps) and first.tensors == second.tensors
    for one, other in zip(first.steps, second.steps):
        assert (one.name, one.target) == (other.name, other.target)
        if isinstance(one, Step) and isinstance(other, Step):
            assert one.layer == other.layer
            np.testing.assert_array_equal(one.weights, other.weights)
            for name, values in vars(one.requantization).items():
                np.testing.assert_array_equal(getattr(other.requantization, name), values)


def test_without_onnx_a_sentence_says_what_to_install(saved: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "onnx" or name.startswith("sumtile.frontend")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    load_any_network(saved[0])
    with pytest.raises(SumtileError, match=r"the package onnx is missing; pip install 'sumtile\[compile\]'.$"):
        load_any_network(saved[1])


def test_another_file_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no network", encoding="utf-8")
    assert main(["compile", str(path), "--calibrate", str(tmp_path), "-o", str(tmp_path / "m.tile")]) == 2
    assert "cannot be read as an ONNX model" in capsys.readouterr().err
    with pytest.raises(SumtileError, match="cannot be read as a network file"):
        load_network(path)
