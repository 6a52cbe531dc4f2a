# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile compare``: all that run a network agree, and the first layer that does not is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.support.networks import normalized, random_images, resnet

from sumtile.cli import compare, main
from sumtile.evaluation import tracing
from sumtile.network import Conv
from sumtile.network.storage import save_network
from sumtile.program import Program


@pytest.fixture(scope="module")
def quantized_file(network_file: Path, dataset_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("quantized") / "small.q"
    assert main(["quantize", str(network_file), "--calibrate", str(dataset_file), "-o", str(path)]) == 0
    return path


def test_everything_agrees_layer_by_layer(network_file: Path, quantized_file: Path, image_files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["compare", str(network_file), str(quantized_file), str(image_files[0]), "--with", "csim", "vendor", "board"]
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["layer", "shape", "format", "SNR", "dB", "memory", "csim", "vendor", "board"]
    layers = [line.split() for line in lines[1:5]]
    assert [layer[0] for layer in layers] == ["input", "pool1", "relu2", "scores"]
    assert all(layer[-3:] == ["equal"] * 3 for layer in layers)
    assert [line for line in lines if "equals the golden model" in line] == [f"{name}: every layer equals the golden model" for name in ("csim", "vendor", "board")]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert all(layer["snr_db"] > 15 and set(layer["equal"].values()) == {True} for layer in found["layers"])
    assert found["first_difference"] == {"csim": None, "vendor": None, "board": None}


def test_the_first_layer_that_differs_is_named(
    network_file: Path, quantized_file: Path, image_files: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(program: Program, features: np.ndarray) -> tracing.Tensors:
        tensors = tracing.trace_csim(program, features)
        tensors["relu2"][1, 2, 3] += 5
        tensors["scores"] += 1
        return tensors

    monkeypatch.setattr(tracing, "TRACES", {"csim": broken})
    assert main(["compare", str(network_file), str(quantized_file), str(image_files[1]), "--with", "csim", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [layer["equal"]["csim"] for layer in found["layers"]] == [True, True, False, False]
    difference = found["first_difference"]["csim"]
    assert difference["tensor"] == "relu2" and difference["place"] == [1, 2, 3] and difference["found"] == difference["expected"] + 5


def test_channels_in_another_order_are_held_against_the_right_ones(tmp_path: Path, image_files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    network = resnet(1)
    for node in network.nodes:
        if isinstance(node, Conv):
            node.operator, node.weight = "mac", node.weight / np.sqrt(np.prod(node.weight.shape[1:]))
    network = normalized(network, 1)
    save_network(network, tmp_path / "network.npz")
    np.savez(tmp_path / "images.npz", x=random_images(network, 16, 1), y=np.zeros(16, np.int64))
    assert (
        main(["quantize", str(tmp_path / "network.npz"), "--scheme", "msq", "--board", "pynq-z2", "--calibrate", str(tmp_path / "images.npz"), "-o", str(tmp_path / "network.q")])
        == 0
    )
    capsys.readouterr()
    assert main(["compare", str(tmp_path / "network.npz"), str(tmp_path / "network.q"), str(image_files[0]), "--board", "pynq-z2", "--with", "csim", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["layers"]
    assert len(found) > 5 and all(layer["snr_db"] > 8 for layer in found), [(layer["layer"], layer["snr_db"]) for layer in found]


def test_files_that_do_not_belong_together_are_told(
    network_file: Path, quantized_file: Path, program_file: Path, image_files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_network(resnet(1), tmp_path / "other.npz")
    for network, quantized, sentence in (
        (tmp_path / "other.npz", quantized_file, "small.q was not made from"),
        (quantized_file, quantized_file, "small.q is quantized already, but a float network is needed here"),
        (program_file, quantized_file, "small.tile is a compiled program, but a float network is needed here"),
        (network_file, program_file, "is not a sumtile quantized network"),
    ):
        assert main(["compare", str(network), str(quantized), str(image_files[0])]) == 2
        assert sentence in capsys.readouterr().err
    assert main(["compile", str(program_file), "-o", str(tmp_path / "again.tile")]) == 2
    assert "small.tile is a compiled program already" in capsys.readouterr().err


def test_the_names_of_the_traces_are_those_that_there_are() -> None:
    assert tuple(tracing.TRACES) == compare.TRACE_NAMES
