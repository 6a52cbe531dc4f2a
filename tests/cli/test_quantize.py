# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile quantize``, the file of layer settings, and ``sumtile compile`` of what is quantized already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sumtile.cli import main
from sumtile.cli.layer_settings import SIZE_MAX, read_layer_settings
from sumtile.errors import SumtileError
from sumtile.formats import Sp2, Symmetric, Ternary
from sumtile.program import read_program
from sumtile.quantize import QuantizedLayer, read_quantized


def test_two_commands_make_the_program_of_one(network_file: Path, dataset_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--calibrate", str(dataset_file), "--board", "pynq-z2", "--bits", "6"]
    assert main(["quantize", str(network_file), *options, "-o", str(tmp_path / "network.q")]) == 0
    shown = capsys.readouterr().out
    assert "relu1" not in shown.splitlines()[0] and "calibrated with 70 images" in shown and "holds 'small' in integers for overlay adder" in shown
    assert main(["compile", str(tmp_path / "network.q"), "--board", "pynq-z2", "-o", str(tmp_path / "two.tile")]) == 0
    assert main(["compile", str(network_file), *options, "-o", str(tmp_path / "one.tile")]) == 0
    assert (tmp_path / "one.tile").read_bytes() == (tmp_path / "two.tile").read_bytes()
    assert read_program(tmp_path / "two.tile").overlay == "adder"


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(argument) for argument in arguments]) == 2
    sentence = capsys.readouterr().err
    assert sentence.count("\n") == 1 and sentence.endswith(".\n")
    return sentence


def test_a_quantized_network_is_not_quantized_again(network_file: Path, dataset_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "network.q"
    assert main(["quantize", str(network_file), "--calibrate", str(dataset_file), "-o", str(path)]) == 0
    capsys.readouterr()
    assert "is quantized already, so --calibrate has no meaning" in refused(capsys, "compile", path, "--calibrate", dataset_file, "-o", tmp_path / "m")
    assert "is quantized already, so --bits has no meaning" in refused(capsys, "compile", path, "--bits", "6", "-o", tmp_path / "m")
    assert "name some with --calibrate" in refused(capsys, "compile", network_file, "-o", tmp_path / "m")
    assert "there is no folder" in refused(capsys, "quantize", network_file, "--calibrate", dataset_file, "-o", tmp_path / "none" / "network.q")
    assert "was not quantized in training" in refused(capsys, "quantize", network_file, "--calibrate", dataset_file, "--scheme", "trained", "-o", path)


def test_layers_get_their_own_settings(network_file: Path, dataset_file: Path, tmp_path: Path) -> None:
    settings = tmp_path / "layers.ini"
    settings.write_text("[conv1]\nweights = fixed 5  # narrower\nresults = 6\n[sco*]\nweights = ternary\n[input]\nresults = 7\n")
    path = tmp_path / "network.q"
    assert main(["quantize", str(network_file), "--calibrate", str(dataset_file), "--layers", str(settings), "-o", str(path)]) == 0
    found = read_quantized(path)
    formats = {layer.name: layer.weight_format for layer in found.layers if isinstance(layer, QuantizedLayer)}
    assert formats == {"pool1": Symmetric(5), "relu2": None, "scores": Ternary()}
    assert {name: format.bits for name, format in found.formats.items()} == {"input": 7, "pool1": 6, "relu2": 8, "scores": 8}
    assert "conv1: weights fixed 5 bit" in found.scheme and "results of 6 bits" in found.scheme and "input: results of 7 bits" in found.scheme


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[conv7]\nweights = fixed 4\n", "'conv7' names no layer of the network, whose nodes are input, conv1, relu1"),
        ("[relu2]\nweights = fixed 4\n", "no layer that it names multiplies by any (these do: pool1, scores)"),
        ("[conv1]\nweights = float 4\n", "has weights 'float 4', but covering N"),
        ("[conv1]\nweights = fixed many\n", "asks for 'many' bits"),
        ("[conv1]\nweights = sp2 12\n", "but it has 3 to 8 bits"),
        ("[conv1]\nweights = sp2 4\n", "needs an sp2 array"),
        ("[conv1]\nweights = msq 4\n", "has no lanes of both kinds"),
        ("[conv1]\nresults = 16\n", "16 bits, but overlay 'adder' has 8"),
        ("[conv1]\nwidth = 4\n", "has the setting 'width'"),
        ("[conv1]\n", "has no setting"),
        ("weights = fixed 4\n", "cannot be read as layer settings"),
        ("[conv1]\nweights = fixed 4\n[conv1]\nweights = fixed 5\n", "already exists"),
    ],
)
def test_a_wrong_setting_is_one_sentence(text: str, sentence: str, network_file: Path, dataset_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "layers.ini"
    settings.write_text(text)
    assert sentence in refused(capsys, "quantize", network_file, "--calibrate", dataset_file, "--layers", settings, "-o", tmp_path / "network.q")


def test_a_file_that_is_no_text_or_too_long_is_refused(tmp_path: Path) -> None:
    (tmp_path / "layers.ini").write_bytes(np.random.default_rng(0).bytes(200))
    with pytest.raises(SumtileError, match="cannot be read as layer settings"):
        read_layer_settings(tmp_path / "layers.ini", lambda: (1, 2))
    (tmp_path / "long.ini").write_text("[a]\nresults = 8\n" + "#" * SIZE_MAX + "\n[b]\nresults = 6\n")
    with pytest.raises(SumtileError, match="but layer settings of up to 1048576 are read"):
        read_layer_settings(tmp_path / "long.ini", lambda: (1, 2))
    (tmp_path / "good.ini").write_text("[a.*]\nweights = sp2 4\n")
    (setting,) = read_layer_settings(tmp_path / "good.ini", lambda: (1, 2))
    assert setting.weights is not None and setting.weights.format == Sp2(4) and setting.bits is None
