# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Saving and loading float networks: a faithful round trip, and a sentence for each damaged file."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network import (
    Activation,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Flatten,
    Grid,
    Linear,
    LocalResponseNorm,
    Network,
    Pad,
    Pool,
    PRelu,
    Preprocess,
    Resize,
    Select,
    Softmax,
)
from sumtile.network.storage import load_network, save_network
from sumtile.quantize import quantize_network, schemes


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
            PRelu("prelu", ("sum",), per_channel[0]),
            Select("shuffle", ("prelu",), np.array([2, 0, 3, 1])),
            Concat("both", ("shuffle", "norm")),
            Pad("border", ("both",), (1, 0, 0, 2)),
            Resize("larger", ("border",), (2, 1)),
            LocalResponseNorm("lrn", ("larger",), 5),
            Pool("pool", ("lrn",), "average", None, count_padding=False),
            Flatten("flat", ("pool",)),
            Linear("scores", ("flat",), random.standard_normal((3, 8)).astype(np.float32), np.zeros(3, np.float32)),
            Softmax("shares", ("scores",)),
        ],
        ("a", "b", "ç"),
        {"relu": Grid(4, False, False, np.array(0.25)), "conv.weight": Grid(8, True, True, np.full(4, 0.5))},
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
    assert list(loaded.grids) == list(network.grids)
    for name, grid in network.grids.items():
        assert dataclasses.replace(loaded.grids[name], scale=grid.scale) == grid
        np.testing.assert_array_equal(loaded.grids[name].scale, grid.scale)


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
        ({"nodes": [{"type": "Exec", "name": "x", "inputs": ["input"]}]}, "type 'Exec'"),
        ({"nodes": [{"type": "Linear", "name": "x", "inputs": ["input"], "weight": {"array": "absent"}}]}, "no array 'absent'"),
        ({"nodes": [{"type": "Add", "name": "x", "inputs": ["input"], "surprise": 1}]}, "unknown 'surprise'"),
        ({"nodes": 3}, "a list is needed"),
        ({"nodes": []}, "has no nodes"),
        ({"preprocess": None}, "an object is needed"),
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


PREPROCESS = {"height": 6, "width": 5, "mean": [0.1, 0.2], "std": [0.5, 0.25]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"std": [0, 1]}, "positive std"),
        ({"std": [1.0]}, "positive std"),
        ({"mean": []}, "positive std"),
        ({"mean": [float("nan"), 0]}, "a finite number is needed"),
        ({"height": 0}, "sides of 1 to 4095"),
        ({"width": 1 << 40}, "sides of 1 to 4095"),
        ({"height": 6.0}, "an integer is needed"),
        ({"height": True}, "an integer is needed"),
        ({"depth": 3}, "unknown 'depth'"),
    ],
)
def test_a_preprocessing_that_makes_no_sense(saved: Path, change: dict, message: str) -> None:
    test_an_altered_manifest(saved, {"preprocess": {**PREPROCESS, **change}}, message)


@pytest.mark.parametrize(
    ("name", "field", "value", "message"),
    [
        ("conv", "stride", (0, 1), "stride"),
        ("conv", "stride", 1, "a list is needed"),
        ("conv", "stride", (1.5, 1), "an integer is needed"),
        ("conv", "stride", (1 << 40, 1), "stride"),
        ("conv", "dilation", (1, 0), "dilation"),
        ("conv", "padding", (1, 1), "a list of 4 is needed"),
        ("conv", "padding", (-1, 0, 0, 0), "padding"),
        ("conv", "weight", np.zeros(9), "weights of shape"),
        ("conv", "weight", np.zeros((4, 0, 3, 3)), "weights of shape"),
        ("conv", "weight", np.array(["a"]), "an array of numbers"),
        ("conv", "weight", "heavy", "an array of numbers"),
        ("conv", "bias", np.zeros(3), "bias of another shape"),
        ("conv", "groups", 3, "3 groups"),
        ("conv", "groups", 0, "0 groups"),
        ("conv", "operator", "xor", "operator 'xor'"),
        ("conv", "inputs", (), "reads 0 tensors instead of 1"),
        ("norm", "mean", np.zeros(3), "arrays of shapes"),
        ("norm", "epsilon", "small", "a finite number"),
        ("relu", "slope", "steep", "a finite number"),
        ("relu", "high", float("inf"), "a finite number"),
        ("sum", "inputs", ("relu",), "reads 1 tensors instead of 2"),
        ("pool", "kind", "median", "pools by 'median'"),
        ("pool", "kernel", (0, 2), "kernel"),
        ("pool", "stride", (0, 2), "stride"),
        ("scores", "weight", np.zeros(4), "weights of shape"),
        ("scores", "bias", np.zeros((3, 1)), "bias of another shape"),
    ],
)
def test_a_malformed_node_is_named_by_the_reader_and_the_quantizer(saved: Path, name: str, field: str, value: object, message: str) -> None:
    with np.load(saved) as file:
        arrays = dict(file)
    manifest = json.loads(arrays["manifest"].tobytes())
    (described,) = (node for node in manifest["nodes"] if node["name"] == name)
    if isinstance(value, np.ndarray):
        arrays["changed"] = value
    described[field] = {"array": "changed"} if isinstance(value, np.ndarray) else value
    arrays["manifest"] = np.frombuffer(json.dumps(manifest).encode(), np.uint8)
    np.savez(saved, **arrays)
    with pytest.raises(SumtileError, match=f"'{name}'.*{message}"):
        load_network(saved)
    network = every_node()
    setattr(network.node(name), field, value)
    with pytest.raises(SumtileError, match=f"'{name}'.*{message}"):
        quantize_network(network, np.zeros((1, 6, 5, 2), np.uint8), schemes.covering())


def test_a_named_pipe_holds_no_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SumtileError, match="named pipe"):
        load_network(tmp_path / "pipe")


def test_a_failed_write_leaves_the_old_file_and_no_rest(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = saved.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(SumtileError, match="No space left"):
        save_network(dataclasses.replace(every_node(), name="other"), saved)
    assert saved.read_bytes() == content and list(saved.parent.iterdir()) == [saved]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SumtileError, match="cannot be written"):
        save_network(every_node(), tmp_path / "absent" / "network.npz")
