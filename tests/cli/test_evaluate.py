# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The accuracy is the same whatever runs the program, and in however many processes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import CLASSES, Command

from sumtile.cli import main
from sumtile.cli.evaluation import evaluate, program_labels, spread_over
from sumtile.datasets import Dataset, open_dataset
from sumtile.errors import SumtileError
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


def _dataset(classes: tuple[str, ...], count: int = 6) -> Dataset:
    return Dataset("d", np.zeros((count, 4, 4, 3), np.uint8), np.arange(count) % len(classes), classes)


def test_numbered_classes_are_indices_and_strange_ones_an_error(program_file: Path) -> None:
    program = read_program(program_file)
    np.testing.assert_array_equal(program_labels(program, _dataset(("0", "1", "2"))), [0, 1, 2, 0, 1, 2])
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
