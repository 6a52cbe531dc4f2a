# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The accuracy is the same whatever runs the program, and in however many processes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import CLASSES, SIDE, Command

from sumtile import Accelerator
from sumtile.cli import main
from sumtile.cli.calibration import calibration_images
from sumtile.cli.evaluation import evaluate, program_labels, spread_over
from sumtile.cli.samples import load_samples, sample_program
from sumtile.datasets import Dataset, open_dataset
from sumtile.errors import SumtileError
from sumtile.images import read_image
from sumtile.network import Conv, Network, Node, Preprocess
from sumtile.network.storage import save_network
from sumtile.overlay import Overlay
from sumtile.program import read_program


def test_predictions_do_not_depend_on_target_or_processes(program_file: Path, dataset_file: Path) -> None:
    program, dataset = read_program(program_file), open_dataset(dataset_file)
    reference = evaluate(program, dataset, "golden")
    assert len(set(reference.predictions)) > 2, "the network should tell some images apart"
    for target, processes in [("golden", 2), ("csim", 1), ("csim", 2), ("emulated", 1), ("emulated", 2)]:
        counts: list[int] = []
        result = evaluate(program, dataset, target, processes, counts.append)
        np.testing.assert_array_equal(result.predictions, reference.predictions, f"{target} with {processes} processes")
        assert result.correct == reference.correct and sum(counts) == len(dataset)


def test_the_command_prints_the_accuracy(program_file: Path, dataset_file: Path, sumtile: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(program_file), str(dataset_file), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["images"] == 70 and summary["accuracy"] == summary["correct"] / 70
    result = sumtile("evaluate", program_file, dataset_file, "--processes", 2, "--on", "golden")
    assert result.returncode == 0, result.stderr
    first, second = result.stdout.splitlines()
    assert first == f"accuracy {100 * summary['accuracy']:.2f} %: {summary['correct']} of 70 images of random"
    assert second.startswith("integer golden model in numpy; 2 processes, ")


def test_class_folders_are_matched_by_name_and_resized(program_file: Path, tmp_path: Path) -> None:
    program = read_program(program_file)
    rng = np.random.default_rng(1)
    for name in CLASSES:
        (tmp_path / name.upper()).mkdir()
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8)).save(tmp_path / name.upper() / "one.png")
    dataset = open_dataset(tmp_path)
    assert dataset.classes != program.classes
    labels = program_labels(program, dataset)
    assert [CLASSES[label].upper() for label in labels] == [dataset.classes[label] for label in dataset.labels]
    assert len(evaluate(program, dataset, "golden").predictions) == len(CLASSES)


def test_a_network_that_makes_a_map_classifies_nothing(dataset_file: Path, image_files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes: list[Node] = [Conv("conv", ("input",), np.random.default_rng(0).normal(0, 0.4, (len(CLASSES), 3, 3, 3)))]
    save_network(Network("map", Preprocess(SIDE, SIDE, (0.5,) * 3, (0.25,) * 3), nodes, CLASSES), tmp_path / "map.npz")
    program = tmp_path / "map.tile"
    assert main(["compile", str(tmp_path / "map.npz"), "--calibrate", str(dataset_file), "-o", str(program)]) == 0
    for command in (["evaluate", program, dataset_file], ["classify", program, image_files[0]]):
        assert main(list(map(str, command))) == 2
        assert "program 'map' makes a map of 10 x 10 pixels, but classes are the channels of a single one" in capsys.readouterr().err


def test_class_folders_give_what_classify_gives(tmp_path: Path) -> None:
    program = sample_program(Overlay.load("adder", "zcu102"))
    folder = _strange_copies(tmp_path)
    dataset = open_dataset(folder)
    result = evaluate(program, dataset, "csim")
    with Accelerator("adder") as accelerator:
        accelerator.load(program)
        classified = [accelerator.classify(file, top=1).labels[0][0] for file in dataset.images]
    assert [program.classes[index] for index in result.predictions] == classified
    assert result.correct == len(dataset) == 20, "the copies show what the samples show"


def test_calibration_reads_what_classify_reads(tmp_path: Path) -> None:
    preprocess = load_samples()[0].preprocess
    folder = _strange_copies(tmp_path)
    expected = np.stack([read_image(file, preprocess) for file in sorted(folder.glob("*/*.*"))])
    np.testing.assert_array_equal(calibration_images(folder, preprocess, 100), expected)


def _strange_copies(folder: Path) -> Path:
    """The sample images in class folders, written so that only a reader that heeds depth, transparency and orientation sees them; the first is larger than all others."""
    sideways = Image.Exif()
    sideways[0x0112] = 6
    for index, sample in enumerate(sorted(load_samples()[1], key=lambda sample: sample.label)):
        grey = np.asarray(Image.open(sample.path))
        path = folder / sample.label / sample.path.name
        path.parent.mkdir(exist_ok=True)
        if index == 0:
            Image.fromarray(grey.repeat(3, axis=0).repeat(5, axis=1)).save(path)
        elif index % 3 == 0:
            Image.fromarray(grey.astype(np.uint16) << 8).save(path)
        elif index % 3 == 1:
            Image.fromarray(np.dstack([np.zeros_like(grey)] * 3 + [255 - grey])).save(path)  # black, so only transparency shows the picture on white
        else:
            Image.fromarray(np.rot90(grey)).save(path, exif=sideways)
    return folder


def _dataset(classes: tuple[str, ...], count: int = 6) -> Dataset:
    return Dataset("d", np.zeros((count, 4, 4, 3), np.uint8), np.arange(count) % len(classes), classes)


def test_numbered_classes_are_indices_and_strange_ones_an_error(program_file: Path) -> None:
    program = read_program(program_file)
    np.testing.assert_array_equal(program_labels(program, _dataset(("0", "1", "2"))), [0, 1, 2, 0, 1, 2])
    np.testing.assert_array_equal(program_labels(program, _dataset(("1", "04"))), [1, 4, 1, 4, 1, 4])
    with pytest.raises(SumtileError, match="class 'zebra' that program 'small' does not know"):
        program_labels(program, _dataset(("left", "zebra")))
    with pytest.raises(SumtileError, match="does not know"):
        program_labels(program, _dataset(tuple(map(str, range(7))), 7))


def test_a_limit_spreads_over_the_data_set() -> None:
    chosen = spread_over(_dataset(("a", "b"), 100), 7)
    assert len(chosen) == 7
    assert len(spread_over(_dataset(("a", "b"), 5), 7)) == 5
    sorted_by_class = Dataset("s", np.zeros((90, 2, 2, 1), np.uint8), np.repeat(np.arange(3), 30), ("a", "b", "c"))
    assert np.bincount(spread_over(sorted_by_class, 9).labels).tolist() == [3, 3, 3]
