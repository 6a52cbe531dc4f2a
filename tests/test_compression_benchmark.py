# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The compression benchmark: its tables, its plot, and that it fails when a target is missed or nothing can be measured."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from sumtile.datasets import Dataset
from sumtile.network import Network
from sumtile.network.compression import decompose_network
from sumtile.network.reference import predict_float
from tests.network.test_bases import compressed
from tests.support.data import DATA, needs
from tests.support.networks import random_images

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("compression")


@needs(DATA / "resnet20_cifar10_akamaster.npz", DATA / "cifar10_train1000.npz")
def test_accuracy_over_the_rank(benchmark: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["rank", "--data", str(DATA), "--images", "4", "--plot", str(tmp_path / "rank.png"), "--markdown"]) == 0
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("|")][2:]
    assert [row[0] for row in rows] == [str(rank) for rank in range(1, 10)]
    assert rows[8][1] == "100.00%" and rows[8][3] == "100.00%" and float(rows[0][1].rstrip("%")) < 50
    assert (tmp_path / "rank.png").stat().st_size > 1000


@pytest.fixture
def small(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Network:
    """A small residual network and what is left of it in place of the trained ones."""
    network = compressed()
    dense = replace(network, bases={})
    images = random_images(network, 40, 1)
    labels = predict_float(dense, images)
    monkeypatch.setattr(benchmark, "load_network", lambda path: {benchmark.DENSE: dense, benchmark.COMPRESSED: network}[path.name])
    monkeypatch.setattr(benchmark, "fashion_mnist", lambda split: Dataset("random", images, labels, network.classes))
    return network


def test_a_compressed_network(benchmark: ModuleType, small: Network, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "LEAST_SAVED", 0.1)
    monkeypatch.setattr(benchmark, "MOST_LOST", 0.3)
    assert benchmark.main(["trained", "--markdown"]) == 0
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("|")][2:]
    assert rows[0][0] == "dense, float32" and len(rows) == 6
    assert rows[0][1:] == ["100.00%", "0.00", "100.0%"] and rows[2][1:] == ["100.00%", "0.00", rows[4][3]]


def test_targets_that_are_missed(benchmark: ModuleType, small: Network, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "LEAST_SAVED", 0.99)
    monkeypatch.setattr(benchmark, "MOST_LOST", -1.0)
    assert benchmark.main(["trained"]) == 1
    printed = capsys.readouterr().out
    assert "of the FLOPs are gone; at least 99% were expected." in printed and "points; at most -100.00 were expected." in printed


def test_what_cannot_be_measured(benchmark: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["rank", "--data", str(tmp_path)]) == 1
    assert "error: " in capsys.readouterr().err


def test_the_energy_of_what_is_kept(benchmark: ModuleType) -> None:
    network = replace(compressed(), bases={})
    energies = [benchmark._energy(network, decompose_network(network, rank)) for rank in (1, 4, 9)]
    assert 0 < energies[0] < energies[1] < energies[2] == pytest.approx(1)
