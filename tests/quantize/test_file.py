# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Quantized networks in files: what is written is read, and nothing else is."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import fields, replace
from functools import reduce
from operator import getitem
from pathlib import Path

import numpy as np
import pytest

from sumtile.compiler import compile_network
from sumtile.errors import SumtileError
from sumtile.overlay import Overlay
from sumtile.quantize import QuantizedLayer, QuantizedNetwork, quantize_network, read_quantized, schemes, write_quantized
from tests.support.graphs import random_graph
from tests.support.networks import random_images, resnet
from tests.test_program import STRANGE, leaves, rebuilt

MUTATIONS = 500


def quantized_of(seed: int, scheme: schemes.Scheme | None = None) -> QuantizedNetwork:
    network = random_graph(seed)
    return quantize_network(network, random_images(network, 8, seed), scheme or schemes.covering())


@pytest.mark.parametrize("scheme", [schemes.covering(), schemes.dynamic(16), schemes.msq(fixed_of=2, of=5, compensate=False), schemes.ternary(), schemes.sp2(8, ends=6)], ids=str)
def test_what_is_written_is_read(scheme: schemes.Scheme, tmp_path: Path) -> None:
    for seed in (0, 3):
        network = quantized_of(seed, scheme)
        write_quantized(network, tmp_path / "network.q")
        found = read_quantized(tmp_path / "network.q")
        assert [getattr(found, field.name) for field in fields(found) if field.name != "layers"] == [
            getattr(network, field.name) for field in fields(network) if field.name != "layers"
        ]
        for written, read in zip(network.layers, found.layers, strict=True):
            for field in fields(written):
                np.testing.assert_equal(getattr(read, field.name), getattr(written, field.name))


def test_an_adder_network_compiles_from_its_file_to_the_same_program(tmp_path: Path) -> None:
    network = resnet(1)
    quantized = quantize_network(network, random_images(network, 8, 1), schemes.covering())
    write_quantized(quantized, tmp_path / "network.q")
    overlay = Overlay.load("adder", "pynq-z2")
    direct, read = compile_network(quantized, overlay), compile_network(read_quantized(tmp_path / "network.q"), overlay)
    assert direct.tensors == read.tensors
    for left, right in zip(direct.layers, read.layers):
        assert left.layer == right.layer and np.array_equal(left.weights, right.weights) and np.array_equal(left.requantization.mul, right.requantization.mul)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("quantized") / "network.q"
    write_quantized(quantized_of(3, schemes.msq(fixed_of=2, of=5, compensate=False)), path)
    return path.read_bytes()


def refusal(content: bytes, path: Path) -> str:
    path.write_bytes(content)
    with pytest.raises(SumtileError) as caught:
        read_quantized(path)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and str(path) in sentence
    return sentence


def test_sentences_say_what_is_wrong(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "network.q"
    assert "is not a sumtile quantized network" in refusal(b"\x93SUMTILE" + content[8:], path)
    assert "format version 9, but this sumtile reads version 1" in refusal(content[:8] + struct.pack("<I", 9) + content[12:], path)
    assert "header tells of" in refusal(content[:-64], path)
    place = 64 + struct.unpack_from("<Q", content, 16)[0] + 300
    assert "does not match its SHA-256" in refusal(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :], path)

    def changed(change: Callable[[dict], object]) -> str:
        return refusal(rebuilt(content, change), path)

    name = "quantized network"
    assert "must be one of Symmetric" in changed(lambda m: m[name]["layers"][0].update(weight_format={"type": "Any", "bits": 3}))
    assert "names array 999" in changed(lambda m: m[name]["layers"][0].update(weights=999))
    assert "which no layer before it makes" in changed(lambda m: m[name]["layers"][0].update(source="nowhere"))
    assert "lacks 'scheme'" in changed(lambda m: m[name].pop("scheme"))
    assert "a number as text is needed" in changed(lambda m: m[name]["errors"][0].update(snr="loud"))


def test_weights_that_are_no_levels_are_refused(tmp_path: Path) -> None:
    network = quantized_of(3, schemes.sp2(compensate=False))
    index = next(i for i, layer in enumerate(network.layers) if isinstance(layer, QuantizedLayer) and layer.operator == "sp2")
    layer = network.layers[index]
    assert isinstance(layer, QuantizedLayer)
    wrong = replace(layer, weights=np.full_like(layer.weights, 3))
    with pytest.raises(SumtileError, match="no levels of 'SP2 4 bit'"):
        write_quantized(replace(network, layers=(*network.layers[:index], wrong, *network.layers[index + 1 :])), tmp_path / "network.q")


def test_random_changes_of_the_manifest_are_refused_or_leave_a_network(content: bytes, tmp_path: Path) -> None:
    path, overlay = tmp_path / "network.q", Overlay.load("msq", "pynq-z2")
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
            compile_network(read_quantized(path), overlay)
        except SumtileError:
            continue
        except Exception as error:
            pytest.fail(f"seed {seed}: {[*parents, key]} = {value!r} gives {error!r}")
