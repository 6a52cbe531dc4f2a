# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The accuracy benchmark: its table, and that it fails when a target is missed or what was asked for cannot be measured."""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sumtile.datasets import Dataset
from sumtile.errors import SumtileError
from sumtile.network.reference import run_float
from sumtile.network.storage import load_network
from sumtile.overlay import Overlay
from sumtile.quantize import schemes

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
MODELS = BENCHMARKS.parent / "models"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, BENCHMARKS / "accuracy.py", *arguments], capture_output=True, text=True, timeout=60)


def available(studies: ModuleType) -> list[Any]:
    """The studies whose files are here."""
    found = []
    for build in studies.STUDIES.values():
        with contextlib.suppress(SumtileError):
            found.append(build(Path(os.environ.get("SUMTILE_DATA", "")), 8, "zc706"))
    if not found:
        pytest.skip("neither Fashion-MNIST nor the ResNet-20 files in SUMTILE_DATA are here")
    return found


@pytest.fixture
def studies(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("accuracy_studies")


def test_a_loss_of_accuracy(studies: ModuleType) -> None:
    results = {name: studies.Result(accuracy, 1.0) for name, accuracy in (("float32", 0.92), ("msq", 0.908), ("sp2", 0.907))}
    assert studies.Loss("msq", 0.012).missed(results) is None
    assert studies.Loss("msq", 0.0, "sp2").missed(results) is None
    assert studies.Loss("sp2", 0.012).missed(results) == "sp2 is right on 90.70%, 1.30 points below float32; at most 1.20 points were expected"
    assert studies.Loss("sp2", 0.0, "msq").missed(results) == "sp2 is right on 90.70%, 0.10 points below msq; at most 0.00 points were expected"


def test_least_shares(studies: ModuleType) -> None:
    results = {"float32": studies.Result(0.9, 1.0), "adder": studies.Result(0.91, 0.979)}
    assert studies.Least("float32", "accuracy", 0.9).missed(results) is None
    assert studies.Least("adder", "agreement", 0.98).missed(results) == "the agreement of adder is 97.90%; at least 98.00% was expected"


def test_targets_name_cases_that_are_measured(studies: ModuleType) -> None:
    for study in available(studies):
        for subject in study.subjects:
            names = {studies.FLOAT, *(case.name for case in subject.cases)}
            assert len(names) == 1 + len(subject.cases)
            assert {target.case for target in subject.targets} | {getattr(target, "against", studies.FLOAT) for target in subject.targets} <= names
            assert {Overlay.load(case.overlay, "zc706").name for case in subject.cases} <= {"adder", "fixed8", "fixed16", "sp2", "msq"}


@pytest.mark.parametrize("most", [0.0, -1.0])
def test_the_table_of_a_study(studies: ModuleType, most: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    network = load_network(MODELS / "lenet5_fashion.npz")
    images = np.stack([np.asarray(Image.open(file)) for file in sorted((MODELS / "samples").glob("*.png"))])[..., None]
    labels = run_float(network, network.preprocess.apply(images))[network.output].argmax(axis=1)
    cases = tuple(studies.Case(f"{bits} bit", schemes.covering(bits), "fixed8") for bits in (8, 2))
    subject = studies.Subject(network, cases, (studies.Loss("8 bit", most),))
    study = studies.Study(Dataset("samples", images, labels, network.classes), images, "golden", (subject,))
    monkeypatch.setitem(studies.STUDIES, "samples", lambda data, calibration, board: study)

    status = importlib.import_module("accuracy").main(["samples", "--processes", "1", "--images", "15", "--markdown", "--layers"])

    lines = capsys.readouterr().out.splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| lenet5 ")]
    assert [row[1] for row in rows] == ["float32", "8 bit", "2 bit"]
    assert rows[0][3] == "100.00%" and rows[1][2:6] == ["fixed8", "100.00%", "0.00", "100.00%"] and float(rows[2][4]) > 10
    assert len([line for line in lines if line.startswith("| fc | ")]) == 2  # the weights' errors and the results'
    assert status == (0 if most == 0 else 1)
    missed = "lenet5 misses a target on 15 images: 8 bit is right on 100.00%, 0.00 points below float32; at most -100.00 points were expected."
    assert (lines[-1] == missed) == (most < 0)


def test_a_study_that_was_asked_for_and_is_not_there(tmp_path: Path) -> None:
    result = run("resnet20", "--data", tmp_path)
    assert result.returncode == 1, result.stderr
    assert result.stdout.splitlines()[-1] == "resnet20 was asked for, but it could not be measured."


def test_a_study_that_nobody_knows() -> None:
    assert "there is no study 'vgg'; choose resnet20 or lenet5" in run("vgg").stderr


def test_the_plan_of_vgg16_keeps_its_targets(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    svd = importlib.import_module("svd")
    assert svd.main(["plan"]) == 0
    shown = capsys.readouterr().out
    assert "14,592,000 weights for 102,760,448 (-85.8 %)" in shown
    passes = [line.split() for line in shown.splitlines() if line.split()[:1] and line.split()[0] in ("1", "2", "4", "8", "16") and len(line.split()) == 4]
    milliseconds = {int(images): float(together) for images, together, _, _ in passes}
    assert set(milliseconds) == {1, 2, 4, 8, 16} and milliseconds[16] < 1.05 * milliseconds[1]  # the weights come once
    monkeypatch.setattr(svd, "CONV_SECONDS", 0.001)
    monkeypatch.setattr(svd, "_plan_batches", lambda *arguments: None)
    assert svd.main(["plan"]) == 1


def test_the_basis_array_is_counted_over_densities(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "basis.py", "--side", "14", "--channels", "16", "--bases", "2", "--plot", tmp_path / "plot.png"], capture_output=True, text=True, timeout=300
    )
    lines = [line.split() for line in done.stdout.splitlines()[2:]]
    assert done.returncode == 0, done.stderr
    assert len(lines) == 20 and {line[4] for line in lines} >= {"adders"}
    assert all(float(line[5]) >= 2 for line in lines if line[0] in ("5%", "10%"))
    assert (tmp_path / "plot.png").stat().st_size > 0
