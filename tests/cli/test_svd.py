# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``--svd``: layers in two factors, in 'quantize', 'compile', 'plan' and 'compare'."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_quantize import refused

from sumtile.cli import main
from sumtile.quantize import read_quantized

WORDS = "scores in two factors of rank 3: 2,610 weights for 5,184 (-49.7 %)"  # 6 x 864


def test_a_rank_reaches_the_file_the_program_and_the_comparison(
    network_file: Path, dataset_file: Path, image_files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, options = tmp_path / "factored.q", ["--calibrate", str(dataset_file), "--svd", "scores=3"]
    assert main(["quantize", str(network_file), *options, "-o", str(path)]) == 0
    assert WORDS in capsys.readouterr().out
    quantized = read_quantized(path)
    assert quantized.scheme.endswith(WORDS) and [layer.name for layer in quantized.layers] == ["pool1", "relu2", "scores.v", "scores"]
    assert main(["compile", str(path), "-o", str(tmp_path / "two.tile")]) == 0
    assert main(["compile", str(network_file), *options, "-o", str(tmp_path / "one.tile")]) == 0
    assert (tmp_path / "one.tile").read_bytes() == (tmp_path / "two.tile").read_bytes()
    assert main(["compare", str(network_file), str(path), str(image_files[0]), "--with", "csim"]) == 0
    assert "csim: every layer equals the golden model" in capsys.readouterr().out


def test_a_rank_by_energy_is_that_of_the_plan(network_file: Path, dataset_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    energy = ["--svd", "scores=energy:0.6"]
    assert main(["quantize", str(network_file), "--calibrate", str(dataset_file), *energy, "-o", str(tmp_path / "q")]) == 0
    capsys.readouterr()
    assert main(["plan", str(network_file), *energy, "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["scheme"] == read_quantized(tmp_path / "q").scheme
    first, second = (layer for layer in plan["layers"] if layer["name"].startswith("scores"))
    assert first["ofm"][2] == second["ifm"][2] and f"of rank {first['ofm'][2]}:" in plan["scheme"]


def test_a_rank_by_its_loss_is_chosen_on_validation_images(network_file: Path, dataset_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--calibrate", str(dataset_file), "--svd", "scores=loss:99", "--validate", str(dataset_file), "--validation-images", "20"]
    assert main(["quantize", str(network_file), *options, "-o", str(tmp_path / "q")]) == 0
    assert "scores at rank 1:" in capsys.readouterr().out
    assert "of rank 1:" in read_quantized(tmp_path / "q").scheme


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--svd", "conv1=3"], "has no fully connected layer 'conv1' to factor (it has: scores)"),
        (["--svd", "scores=6"], "two factors of rank 6 have 5,220 weights, and layer 'scores' itself has 5,184; choose a rank up to 5"),
        (["--svd", "scores=7"], "ranks from 1 to 6, but rank 7 was asked for"),
        (["--svd", "scores=energy:1.5"], "a share of 1.5 of layer 'scores'"),
        (["--svd", "scores=3", "--svd", "scores=4"], "layer 'scores' has two --svd options; give one"),
        (["--svd", "scores=loss:0.5"], "needs labelled images; name some with --validate"),
        (["--svd", "scores=3", "--validate", "fashion-mnist"], "no --svd LAYER=loss:POINTS was given"),
    ],
)
def test_what_cannot_be_factored_is_one_sentence(
    options: list[str], sentence: str, network_file: Path, dataset_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in refused(capsys, "quantize", network_file, "--calibrate", dataset_file, *options, "-o", tmp_path / "q")


def test_what_is_quantized_already_is_not_factored(network_file: Path, dataset_file: Path, program_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "network.q"
    assert main(["quantize", str(network_file), "--calibrate", str(dataset_file), "-o", str(path)]) == 0
    capsys.readouterr()
    assert "so --svd has no meaning" in refused(capsys, "compile", path, "--svd", "scores=3", "-o", tmp_path / "m")
    assert "so --svd has no meaning" in refused(capsys, "plan", path, "--svd", "scores=3")
    assert "so --svd has no meaning" in refused(capsys, "plan", program_file, "--svd", "scores=3")
    assert "a plan sees no images" in refused(capsys, "plan", network_file, "--svd", "scores=loss:1")


@pytest.mark.parametrize("text", ["scores", "=3", "scores=", "scores=many", "scores=3.5", "scores=power:0.5", "scores=energy:much"])
def test_an_option_that_says_something_else_is_refused(text: str, network_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["plan", str(network_file), "--svd", text])
    assert f"'{text}' is none of LAYER=RANK, LAYER=energy:SHARE and LAYER=loss:POINTS" in capsys.readouterr().err
