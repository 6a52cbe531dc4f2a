# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The accuracy is the same whatever runs the program, and in however many processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.small import CLASSES

from sumtile import Accelerator
from sumtile.cli.calibration import calibration_images
from sumtile.datasets import Dataset, open_dataset
from sumtile.errors import SumtileError
from sumtile.evaluation import evaluate, program_labels, targets
from sumtile.evaluation.accuracy import Predictor
from sumtile.evaluation.samples import load_samples, sample_program
from sumtile.images import read_image
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


def test_a_worker_computes_with_what_its_machine_is(program_file: Path, dataset_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, dataset = read_program(program_file), open_dataset(dataset_file)
    with Predictor(program, None).open() as predict:
        assert predict.where.startswith("C simulation of ")
    monkeypatch.setattr(targets, "on_real_board", lambda: True)
    monkeypatch.setitem(targets.TARGETS, "board", targets.TARGETS["emulated"])
    with Predictor(program, None).open() as predict:
        assert "emulated" in predict.where
    with Predictor(program, "golden").open() as predict:
        assert predict.where == "integer golden model in numpy"
    for target in ("board", None):
        with pytest.raises(SumtileError, match="2 processes were asked for, but a board serves one"):
            evaluate(program, dataset, target, 2)


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
