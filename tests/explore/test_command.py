# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile explore`` from network to overlays that ``sumtile plan`` and ``sumtile build`` take, its picture, its accuracy, and its sentences."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sumtile.cli import main
from sumtile.compiler import sketch_network
from sumtile.datasets import open_dataset
from sumtile.explore import Arithmetic, Exploration, explore, make_field
from sumtile.explore.accuracy import Measurement, measure_accuracy, runnable_overlay
from sumtile.explore.group import Field
from sumtile.explore.overlays import save_overlays
from sumtile.explore.picture import exploration_figure
from sumtile.network import Network
from sumtile.network.reference import run_float
from sumtile.overlay import Overlay, overlay_names
from sumtile.overlay.file import overlay_file, write_overlays
from sumtile.overlay.resources import models_folder, overlays_folder
from tests.explore.conftest import SPACE
from tests.support.fake_tools import install

NETWORK = models_folder() / "lenet5_fashion.npz"
PAIRS = [(name, board) for name in overlay_names() for board in json.loads((overlays_folder() / f"{name}.json").read_text())["boards"]]


@pytest.fixture(scope="module")
def found(field: Field) -> Exploration:
    return explore([field])


@pytest.fixture
def small_space(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command searches a small space."""
    monkeypatch.setattr("sumtile.explore.search.default_space", lambda base, data_bits: SPACE)


@pytest.mark.parametrize(("name", "board"), PAIRS)
def test_an_overlay_survives_its_file(name: str, board: str, tmp_path: Path) -> None:
    overlay = Overlay.load(name, board)
    assert Overlay.from_dict(overlay_file(overlay, "the same"), overlay.board) == overlay
    assert write_overlays(tmp_path, [(overlay, "the same")]) == [tmp_path / f"{name}.json"]
    assert Overlay.load(name, board, tmp_path) == overlay


def test_each_saved_overlay_is_planned_as_it_was_found(found: Exploration, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, point in list(zip(save_overlays(found, tmp_path), found.points))[::4]:
        assert main(["plan", str(NETWORK), "--overlay", str(path), "--board", "pynq-z2", "--scheme", "msq", "--json"]) == 0
        plan = json.loads(capsys.readouterr().out)
        assert plan["overlay"] == path.stem and not plan["problems"]
        assert (plan["engine_seconds"], plan["host_seconds"]) == (point.engine_seconds, point.host_seconds)
        assert [use["used"] for use in plan["budget"]] == [use.used for use in point.uses]


def test_a_saved_overlay_is_built(found: Exploration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts stand in for the vendor's tools; what they are told about the overlay comes from its own folder."""
    monkeypatch.setenv("SUMTILE_BUILD", str(tmp_path / "build"))
    path = save_overlays(found, tmp_path / "designs")[0]
    tools = install(tmp_path / "2023.2")
    assert main(["build", str(path), "--board", "pynq-z2", "--tool", str(tools), "--steps", "csynth,export", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert f"overlay {path.stem} for TUL PYNQ-Z2" in shown and f"makes  {tmp_path}/build/msq_conv/solution" in shown
    main(["build", str(path), "--board", "pynq-z2", "--tool", str(tools), "--steps", "csynth"])
    options = (tools / "bin" / "vitis_hls.env").read_text().splitlines()
    assert f"SUMTILE_OVERLAY={path.stem}" in options and f"SUMTILE_OVERLAYS={tmp_path}/designs" in options


@pytest.mark.usefixtures("small_space")
def test_the_command_shows_draws_and_saves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    picture, folder = tmp_path / "front.png", tmp_path / "designs"
    assert main(["explore", str(NETWORK), "--board", "pynq-z2", "--processes", "1", "--top", "3", "--picture", str(picture), "--save", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["overlay", "lanes", "fixed:SP2"] and len([line for line in lines if line.startswith("msq_")]) == 3
    assert any(line.startswith("space of 64 designs with 4 combinations of lanes: ") for line in lines)
    with Image.open(picture) as image:
        assert image.size[0] > 1500 and len(image.convert("RGB").getcolors(1 << 24) or []) > 20
    names = sorted(path.stem for path in folder.glob("*.json"))
    assert lines[1].split()[0] == names[0] and (folder / "boards" / "pynq-z2.json").exists()


@pytest.mark.usefixtures("small_space")
def test_the_json_is_the_whole_front(found: Exploration, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", str(NETWORK), "--board", "pynq-z2", "--processes", "1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [entry["engine_seconds"] for entry in result["points"]] == [point.engine_seconds for point in found.points]
    assert result["searched"][0]["fixed"] == ["1/2", "2/5"] and result["points"][0]["accuracy"] is None


def test_accuracy_is_that_of_the_network_on_any_overlay(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 8 bits the integers answer as the float network does, whose answers are the labels; nothing is left in the environment."""
    monkeypatch.delenv("SUMTILE_OVERLAYS", raising=False)
    images = np.stack([np.asarray(Image.open(file)) for file in sorted((models_folder() / "samples").glob("*.png"))])[..., None]
    labels = run_float(network, network.preprocess.apply(images))[network.output].argmax(axis=1)
    np.savez(tmp_path / "samples.npz", x=images, y=labels, classes=np.array(network.classes))
    done: list[int] = []
    covering = make_field(network, "pynq-z2", Arithmetic("covering"), SPACE)
    measured = measure_accuracy(network, covering, Measurement(images, open_dataset(str(tmp_path / "samples.npz"))), done.append)
    assert measured.accuracies[None] >= 0.95 and sum(done) == len(images)
    assert "SUMTILE_OVERLAYS" not in os.environ
    assert exploration_figure(explore([measured])).axes[-1].get_xlabel() == "% of the images right"


@pytest.mark.parametrize("board", ["pynq-z2", "zcu102"])
@pytest.mark.parametrize(("scheme", "weights", "features"), [("msq", 4, 8), ("msq", 8, 8), ("msq", 8, 16), ("sp2", 8, 8), ("covering", 16, 16)])
def test_every_ratio_has_an_engine_to_measure_it(network: Network, board: str, scheme: str, weights: int, features: int) -> None:
    field = make_field(network, board, Arithmetic(scheme, weights, features))
    for share in field.shares:
        overlay = runnable_overlay(field, share)
        lanes = overlay.engine.arrays[0].fixed_lanes
        assert lanes == (0 if share is None else share * overlay.engine.to)
        sketch_network(network, field.arithmetic.rules(share), overlay)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--budget", "0"], "a budget of 0 of the device was given"),
        (["--budget", "0.2"], "nothing fits 20% of board 'pynq-z2'"),
        (["--scheme", "mqs"], "scheme 'mqs' cannot be explored; choose one of"),
        (["--board", "pynq-z9"], "there is no board 'pynq-z9' (known: pynq-z2, zc706, zcu102)"),
        (["--dataset", "fashion-mnist"], "--calibrate is missing; give both, or neither"),
        (["--weights", "5"], "lanes have 4 or 8; choose one of these widths"),
        (["--picture", "absent/front.png"], "the picture cannot be written to absent/front.png"),
        (["--save", str(NETWORK)], f"overlays cannot be written to {NETWORK}"),
    ],
)
@pytest.mark.usefixtures("small_space")
def test_a_mistake_ends_in_a_sentence(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", str(NETWORK), "--board", "pynq-z2", "--processes", "1", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_adder_networks_are_explored_on_adder_lanes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sumtile.explore.search.default_space", lambda base, data_bits: SPACE)
    adder = models_folder() / "lenet5_adder_fashion.npz"
    assert main(["explore", str(adder), "--board", "pynq-z2", "--processes", "1", "--json"]) == 0
    best = json.loads(capsys.readouterr().out)["points"][0]
    assert best["overlay"]["engines"][0]["top"] == "adder_conv" and best["fixed_lanes"] == 0
    assert main(["explore", str(adder), "--board", "pynq-z2", "--scheme", "msq"]) == 2
    assert "scheme 'msq' is for multiplying layers between the first and the last" in capsys.readouterr().err
