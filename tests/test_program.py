# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The program file: what is written is read, and nothing else is."""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import reduce
from operator import getitem
from pathlib import Path

import numpy as np
import pytest

from sumtile.compiler import compile_network
from sumtile.csim import Simulator
from sumtile.errors import SumtileError
from sumtile.kernels.layer import SHIFT_MAX
from sumtile.kernels.tiling import tile
from sumtile.overlay import Overlay
from sumtile.program import Program, check_program, read_program, write_program
from sumtile.quantize import quantize_network, schemes
from tests.support.graphs import random_graph
from tests.support.networks import random_images, resnet

FLIPS = 600
CUTS = 150
MUTATIONS = 600
HOST_SEED = 5


@pytest.fixture(scope="module")
def program() -> Program:
    network = resnet(0)
    return compile_network(quantize_network(network, random_images(network, 8, 0), schemes.covering()), Overlay.load("adder", "zcu102"))


@pytest.fixture(scope="module")
def content(program: Program, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("program") / "model.tile"
    write_program(program, path)
    return path.read_bytes()


def refusal(content: bytes, path: Path) -> str:
    path.write_bytes(content)
    with pytest.raises(SumtileError) as caught:
        read_program(path)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and str(path) in sentence
    return sentence


def rebuilt(content: bytes, change: Callable[[dict], object]) -> bytes:
    """The file with another manifest and the right hash, as a foreign program might write it."""
    magic, version, zero, length, _ = struct.unpack("<8sIIQQ", content[:32])
    start = -(-(64 + length) // 64) * 64
    manifest = json.loads(content[64 : 64 + length])
    change(manifest)
    raw = json.dumps(manifest).encode()
    moved = -(-(64 + len(raw)) // 64) * 64
    head = struct.pack("<8sIIQQ", magic, version, zero, len(raw), moved + len(content) - start)
    return (head + hashlib.sha256(head + raw).digest() + raw).ljust(moved, b"\0") + content[start:]


def test_a_program_survives_the_file(program: Program, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tile"
    path.write_bytes(content)
    found = read_program(path)
    for name in ("name", "overlay", "board", "stamp", "scheme", "preprocess", "classes", "tensors", "input", "output"):
        assert getattr(found, name) == getattr(program, name), name
    for written, read in zip(program.steps, found.steps):
        assert replace(read, weights=written.weights, requantization=written.requantization) == written
        assert read.weights.dtype == written.weights.dtype
        np.testing.assert_array_equal(read.weights, written.weights)
        for name in ("mul", "shift", "add"):
            np.testing.assert_array_equal(getattr(read.requantization, name), getattr(written.requantization, name))
    assert found.scheme == str(schemes.covering())
    write_program(found, path)
    assert path.read_bytes() == content


def test_a_stripe_height_survives_the_file(program: Program, tmp_path: Path) -> None:
    steps = tuple(replace(step, layer=replace(step.layer, stripe_rows=1)) for step in program.steps)
    write_program(replace(program, steps=steps), tmp_path / "stripes.tile")
    assert all(step.layer.stripe_rows == 1 for step in read_program(tmp_path / "stripes.tile").steps)


def test_arrays_are_aligned(content: bytes) -> None:
    length = struct.unpack_from("<Q", content, 16)[0]
    manifest = json.loads(content[64 : 64 + length])
    assert len(content) % 64 == 0 and all(entry["offset"] % 64 == 0 for entry in manifest["arrays"])


def test_random_byte_changes_are_all_found(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tile"
    for seed in range(FLIPS):
        random = np.random.default_rng(seed)
        altered = bytearray(content)
        length = 64 + struct.unpack_from("<Q", content, 16)[0]
        place = int(random.integers(0, (64, length + 64, len(content))[seed % 3]))
        altered[place] ^= int(random.integers(1, 256))
        path.write_bytes(altered)
        try:
            read_program(path)
        except SumtileError:
            continue
        pytest.fail(f"seed {seed}: byte {place} was changed and the file was read all the same")


def test_random_truncations_and_extensions_are_all_found(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tile"
    for seed in range(CUTS):
        cut = int(np.random.default_rng(seed).integers(0, len(content)))
        path.write_bytes(content[:cut])
        with pytest.raises(SumtileError):
            read_program(path)
    refusal(content + b"\0", path)
    refusal(content + content, path)


def test_sentences_say_what_is_wrong(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tile"
    assert "is not a sumtile program" in refusal(b"", path)
    assert "is not a sumtile program" in refusal(b"\x89PNG\r\n\x1a\n" + content[8:], path)
    assert "inside its header" in refusal(content[:40], path)
    assert "format version 4, but this sumtile reads version 3" in refusal(content[:8] + struct.pack("<I", 4) + content[12:], path)
    assert f"has {len(content) - 64} bytes, but its header tells of {len(content)}" in refusal(content[:-64], path)
    assert "manifest" in refusal(content[:100] + bytes([content[100] ^ 1]) + content[101:], path)
    length = 64 + struct.unpack_from("<Q", content, 16)[0]
    place = length + 500
    assert "does not match its SHA-256" in refusal(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :], path)
    with pytest.raises(SumtileError, match="there is no program file"):
        read_program(tmp_path / "absent.tile")
    with pytest.raises(SumtileError, match="is a folder"):
        read_program(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SumtileError, match="named pipe"):
        read_program(tmp_path / "pipe")


def test_no_size_in_a_file_takes_memory_unchecked(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tile"
    huge = struct.pack("<Q", 1 << 60)
    assert "header tells of" in refusal(content[:16] + huge + content[24:], path)
    assert "header tells of" in refusal(content[:24] + huge + content[32:], path)
    assert "does not fit a file" in refusal(rebuilt(content, lambda m: m["arrays"][0].update(shape=[1 << 40, 1 << 40])), path)
    assert "does not fit a file" in refusal(rebuilt(content, lambda m: m["arrays"][0].update(offset=1 << 62)), path)
    assert "does not fit a file" in refusal(rebuilt(content, lambda m: m["arrays"][1].update(offset=-64)), path)
    assert "of type '|O'" in refusal(rebuilt(content, lambda m: m["arrays"][0].update(dtype="|O")), path)
    assert "which no program has" in refusal(rebuilt(content, lambda m: m["arrays"][0].update(shape=[1] * 40)), path)


CHANGES: list[Callable[[dict], object]] = [
    lambda m: m.pop("program"),
    lambda m: m.update(arrays=3),
    lambda m: m["arrays"].pop(),
    lambda m: m["arrays"].__setitem__(0, 7),
    lambda m: m.update(program=[]),
    lambda m: m["program"].pop("steps"),
    lambda m: m["program"]["steps"][0].pop("layer"),
    lambda m: m["program"]["steps"][0]["layer"].pop("kernel"),
    lambda m: m["program"]["steps"][0]["layer"].update(ifm={"height": 1}),
    lambda m: m["program"]["steps"][0]["layer"].update(stride=[0, 0]),
    lambda m: m["program"]["steps"][0]["layer"].update(kernel="wide"),
    lambda m: m["program"]["steps"][0].update(source="nowhere"),
    lambda m: m["program"]["steps"][0].update(target="nowhere"),
    lambda m: m["program"]["steps"][0].update(weights=1),
    lambda m: m["program"]["steps"][0].update(weights=99),
    lambda m: m["program"]["steps"][0]["requantization"].update(mul=0),
    lambda m: m["program"]["steps"][0].update(residual="input"),
    lambda m: m["program"].update(output="nowhere"),
    lambda m: m["program"].update(stamp=None),
    lambda m: m["program"]["tensors"][0].pop("format"),
    lambda m: m["program"]["tensors"][0]["format"].update(bits=99),
    lambda m: m["program"]["preprocess"].update(mean="grey"),
]


@pytest.mark.parametrize("index", range(len(CHANGES)))
def test_a_manifest_that_describes_no_program_is_refused(content: bytes, index: int, tmp_path: Path) -> None:
    refusal(rebuilt(content, CHANGES[index]), tmp_path / "model.tile")


def layer_of(manifest: dict, index: int = 0) -> dict:
    return manifest["program"]["steps"][index]["layer"]


INCONSISTENT: dict[str, Callable[[dict], object]] = {
    "takes 'input' for signed": lambda m: layer_of(m).update(ifm_unsigned=not layer_of(m)["ifm_unsigned"]),
    "as signed when it is not": lambda m: layer_of(m).update(ofm_unsigned=not layer_of(m)["ofm_unsigned"]),
    "adds 'bn_short' as signed": lambda m: layer_of(m, 3)["residual"].update(unsigned=True),
    "has 16 bits, but the program is made": lambda m: m["program"]["tensors"][1]["format"].update(bits=16),
    "fractional length of 65": lambda m: m["program"]["tensors"][1]["format"].update(fl=65),
    "which is not in memory then": lambda m: m["program"]["steps"][0].update(source="relu2"),
    "while it reads it": lambda m: m["program"]["tensors"][1].update(buffer=m["program"]["tensors"][0]["buffer"]),
    "entry 0 of stride of layer": lambda m: layer_of(m).update(stride=[1.5, 1]),
    "slope of layer": lambda m: layer_of(m).update(slope=None),
    "channels of layer": lambda m: layer_of(m).update(channels=True),
    "kernel, stride or dilation below 1": lambda m: layer_of(m).update(stride=[0, 1]),
    "beyond 32 bits": lambda m: layer_of(m).update(clamp_high=1 << 70),
    "has the unknown 'padding_mode'": lambda m: layer_of(m).update(padding_mode="same"),
    "lacks 'fl'": lambda m: m["program"]["tensors"][1]["format"].pop("fl"),
    "names array -1": lambda m: m["program"]["steps"][0].update(weights=-1),
    "two tensors": lambda m: m["program"]["tensors"].append(m["program"]["tensors"][0]),
    "but its input is": lambda m: m["program"]["preprocess"].update(height=10),
    "one positive std": lambda m: m["program"]["preprocess"].update(std=[0, 1, 1]),
    "engines have 8 or 16": lambda m: m["program"].update(data_bits=12),
    "has 4 class names": lambda m: m["program"]["classes"].pop(),
}


@pytest.mark.parametrize("sentence", INCONSISTENT)
def test_numbers_that_contradict_each_other_are_refused(content: bytes, sentence: str, tmp_path: Path) -> None:
    assert sentence in refusal(rebuilt(content, INCONSISTENT[sentence]), tmp_path / "model.tile")


@pytest.mark.parametrize(("name", "value"), [("shift", SHIFT_MAX + 1), ("shift", -1), ("mul", 1 << 15), ("add", -(1 << 31) - 1)])
def test_requantization_beyond_the_engine_is_refused(program: Program, name: str, value: int, tmp_path: Path) -> None:
    step = program.steps[0]
    values = getattr(step.requantization, name).copy()
    values[0] = value
    wrong = replace(step, requantization=replace(step.requantization, **{name: values}))
    with pytest.raises(SumtileError, match=f"requantization '{name}' outside"):
        write_program(replace(program, steps=(wrong, *program.steps[1:])), tmp_path / "model.tile")


def test_weights_are_signed_exactly_where_the_operator_takes_them_so(program: Program, tmp_path: Path) -> None:
    for index, step in enumerate(program.steps):
        other = {"i": "<u2", "u": "<i2"}[step.weights.dtype.kind]
        steps = list(program.steps)
        steps[index] = replace(step, weights=step.weights.astype(other))
        with pytest.raises(SumtileError, match="has weights of type"):
            write_program(replace(program, steps=tuple(steps)), tmp_path / "model.tile")


def test_weights_may_be_wider_in_the_file_than_in_memory(program: Program, tmp_path: Path) -> None:
    wide = tuple(replace(step, weights=step.weights.astype(f"<{step.weights.dtype.kind}2")) for step in program.steps)
    write_program(replace(program, steps=wide), tmp_path / "model.tile")
    features = np.zeros((program.preprocess.height, program.preprocess.width, program.preprocess.channels), np.int64)
    narrow, loaded = Simulator(program), Simulator(read_program(tmp_path / "model.tile"))
    assert np.array_equal(narrow.infer(features), loaded.infer(features))


def leaves(value: object, path: tuple = ()) -> Iterator[tuple]:
    """The places of all values inside a JSON value."""
    if path:
        yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from leaves(item, (*path, key))


STRANGE: tuple[object, ...] = (
    None,
    True,
    False,
    -1,
    0,
    1,
    2,
    7,
    255,
    1 << 31,
    1 << 64,
    -(1 << 70),
    10**400,
    0.5,
    float("nan"),
    float("inf"),
    "",
    "input",
    [],
    [0],
    [1, 1],
    [[]],
    {},
    {"a": 1},
)


@pytest.fixture(scope="module")
def host_content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A program in which the processor has every kind of operation but one or two."""
    path = tmp_path_factory.mktemp("program") / "model.tile"
    network = random_graph(HOST_SEED)
    write_program(compile_network(quantize_network(network, random_images(network, 8, 0), schemes.covering()), Overlay.load("adder", "zcu102")), path)
    return path.read_bytes()


HOST_CHANGES: list[tuple[Callable[[dict], object], str]] = [
    (lambda step: step.update(sources=[]), "cannot run"),
    (lambda step: step.update(sources=["nowhere"]), "which the program lacks"),
    (lambda step: step.update(target="input"), "but its target is"),
    (lambda step: step["operation"].update(type="Step"), "must be one of Concat"),
    (lambda step: step["operation"].pop("type"), "must be one of Concat"),
    (lambda step: step.update(operation=7), "an object is needed"),
    (lambda step: step["operation"].update(type="Resize"), "'factor'|unknown"),
    (lambda step: step["operation"].update(type="Pad", padding=[0, 0, 0, 9]), "but its target is|unknown"),
]


@pytest.mark.parametrize(("change", "sentence"), HOST_CHANGES)
def test_crafted_host_steps_are_refused(change: Callable[[dict], object], sentence: str, host_content: bytes, tmp_path: Path) -> None:
    def first(manifest: dict) -> object:
        return change(next(step for step in manifest["program"]["steps"] if "operation" in step))

    found = refusal(rebuilt(host_content, first), tmp_path / "model.tile")
    assert re.search(sentence, found), found


@pytest.mark.parametrize("fixture", ["content", "host_content"])
def test_random_changes_of_the_manifest_are_refused_or_leave_a_program(fixture: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    path, engine, content = tmp_path / "model.tile", Overlay.load("adder", "zcu102").engine, request.getfixturevalue(fixture)
    length = struct.unpack_from("<Q", content, 16)[0]
    places = list(leaves(json.loads(content[64 : 64 + length])))
    for seed in range(MUTATIONS):
        random = np.random.default_rng(seed)
        *parents, key = places[int(random.integers(len(places)))]
        value = STRANGE[int(random.integers(len(STRANGE)))]

        def change(manifest: dict, parents: list = parents, key: object = key, value: object = value) -> None:
            reduce(getitem, parents, manifest)[key] = value

        path.write_bytes(rebuilt(content, change))
        try:
            found = read_program(path)
            check_program(found)
            for step in found.layers:
                tile(engine, step.layer)
        except SumtileError:
            continue
        except Exception as error:
            pytest.fail(f"seed {seed}: {[*parents, key]} = {value!r} gives {error!r}")


def test_an_unchanged_manifest_is_accepted_when_rebuilt(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tile"
    path.write_bytes(rebuilt(content, lambda manifest: None))
    read_program(path)


def test_a_failed_write_leaves_the_old_file_and_no_rest(program: Program, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.tile"
    write_program(program, path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SumtileError, match="No space left"):
        write_program(replace(program, name="other"), path)
    assert path.read_bytes() == content and [entry.name for entry in tmp_path.iterdir()] == ["model.tile"]
    with pytest.raises(SumtileError, match="cannot be written"):
        write_program(program, tmp_path / "absent" / "model.tile")
