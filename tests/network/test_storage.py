# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Saving and loading float networks: a faithful round trip, and a sentence for each damaged file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import Activation, Add, BatchNorm, Conv, Flatten, Linear, Network, Pool, Preprocess
from sumtile.network.storage import load_network, save_network


def every_node() -> Network:
    random = np.random.default_rng(1)
    per_channel = [random.standard_normal(4).astype(np.float32) for _ in range(4)]
    return Network(
        "every node",
        Preprocess(6, 5, (0.1, 0.2), (0.5, 0.25)),
        [
            Conv("conv", ("input",), random.standard_normal((4, 2, 3, 3)), "adder", None, (1, 1), (1, 0, 1, 2), (1, 1)),
            BatchNorm("norm", ("conv",), *per_channel, epsilon=1e-3),
            Activation("relu", ("norm",), 0.1, 6.0),
            Add("sum", ("relu", "norm")),
            Pool("pool", ("sum",), "average", None),
            Flatten("flat", ("pool",)),
            Linear("scores", ("flat",), random.standard_normal((3, 4)).astype(np.float32), np.zeros(3, np.float32)),
        ],
        ("a", "b", "ç"),
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "network.npz"
    save_network(every_node(), path)
    return path


def test_round_trip(saved: Path) -> None:
    network, loaded = every_node(), load_network(saved)
    assert (loaded.name, loaded.preprocess, loaded.classes) == (network.name, network.preprocess, network.classes)
    assert [type(node) for node in loaded.nodes] == [type(node) for node in network.nodes]
    for node, again in zip(network.nodes, loaded.nodes, strict=True):
        for field in dataclasses.fields(node):
            value, copy = getattr(node, field.name), getattr(again, field.name)
            if isinstance(value, np.ndarray):
                assert copy.dtype == value.dtype and np.array_equal(copy, value)
            else:
                assert copy == value and type(copy) is type(value), field.name


def test_the_same_network_gives_the_same_bytes(saved: Path) -> None:
    first = saved.read_bytes()
    save_network(load_network(saved), saved)
    assert saved.read_bytes() == first
    assert list(saved.parent.iterdir()) == [saved]


def test_an_absent_a_truncated_and_another_file(saved: Path) -> None:
    content = saved.read_bytes()
    with pytest.raises(SumtileError, match="there is no network file"):
        load_network(saved.with_name("absent.npz"))
    for damaged in (content[:-40], b"", b"no network at all", content[:200] + b"\xff" * 50 + content[250:]):
        saved.write_bytes(damaged)
        with pytest.raises(SumtileError, match="cannot be read as a network file"):
            load_network(saved)
    with open(saved, "wb") as single:
        np.save(single, np.zeros(3))
    with pytest.raises(SumtileError, match="cannot be read as a network file"):
        load_network(saved)
    np.savez(saved, x=np.zeros(3))
    with pytest.raises(SumtileError, match="no readable manifest"):
        load_network(saved)


def test_pickled_objects_are_refused(saved: Path) -> None:
    np.savez(saved, manifest=np.array([{}], object))
    with pytest.raises(SumtileError, match="cannot be read as a network file"):
        load_network(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version 2 .* reads version 1"),
        ({"format": "other"}, "kind 'other'"),
        ({"nodes": [{"type": "Exec", "name": "x", "inputs": ["input"]}]}, "KeyError: 'Exec'"),
        ({"nodes": [{"type": "Linear", "name": "x", "inputs": ["input"], "weight": {"array": "absent"}}]}, "KeyError: 'absent'"),
        ({"nodes": [{"type": "Add", "name": "x", "inputs": ["input"], "surprise": 1}]}, "TypeError"),
        ({"nodes": 3}, "TypeError"),
        ({"nodes": []}, "has no nodes"),
        ({"preprocess": None}, "AttributeError"),
    ],
)
def test_an_altered_manifest(saved: Path, change: dict, message: str) -> None:
    with np.load(saved) as file:
        arrays = dict(file)
    manifest = {**json.loads(arrays["manifest"].tobytes()), **change}
    arrays["manifest"] = np.frombuffer(json.dumps(manifest).encode(), np.uint8)
    np.savez(saved, **arrays)
    with pytest.raises(SumtileError, match=message):
        load_network(saved)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SumtileError, match="cannot be written"):
        save_network(every_node(), tmp_path / "absent" / "network.npz")
