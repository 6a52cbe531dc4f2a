# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Networks that were quantized in training: their numbers, to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sumtile.compiler import compile_network
from sumtile.errors import SumtileError
from sumtile.network import Activation, Add, Concat, Conv, Flatten, Grid, Linear, Network, Node, Pad, Pool, Preprocess
from sumtile.network.reference import run_float
from sumtile.overlay import Overlay
from sumtile.program.golden import run_golden
from sumtile.quantize import quantize_network
from sumtile.quantize.real import run_quantized
from sumtile.quantize.schemes import covering, trained


def grid(bits: int, fl: int, signed: bool = True, narrow: bool = False) -> Grid:
    return Grid(bits, signed, narrow, np.float32(2.0**-fl).reshape(()))


def weights(shape: tuple[int, ...], seed: int, bits: int, fl: int) -> np.ndarray:
    return (np.random.default_rng(seed).integers(-(2 ** (bits - 1)) + 1, 2 ** (bits - 1), shape) * 2.0**-fl).astype(np.float32)


def network() -> Network:
    """Weights of 3 and 4 bits, tensors of 4 to 6, and a sum and a ReLU that are rounded each by themselves."""
    nodes: list[Node] = [
        Conv("conv1", ("input",), weights((6, 1, 3, 3), 0, 3, 3), bias=weights((6,), 1, 4, 3), padding=(1, 1, 1, 1)),
        Activation("relu1", ("conv1",)),
        Conv("conv2", ("relu1",), weights((6, 6, 3, 3), 2, 4, 6), padding=(1, 1, 1, 1)),
        Add("sum", ("conv2", "relu1")),
        Activation("relu2", ("sum",)),
        Pool("pool", ("relu2",), "max", (2, 2), (2, 2)),
        Flatten("flat", ("pool",)),
        Linear("scores", ("flat",), weights((4, 6 * 16), 3, 4, 5)),
    ]
    grids = {
        "input": grid(6, 3),
        "conv1.weight": grid(3, 3, narrow=True),
        "relu1": grid(4, 2, signed=False),
        "conv2.weight": grid(4, 6, narrow=True),
        "conv2": grid(5, 3),
        "sum": grid(6, 3),
        "relu2": grid(5, 3, signed=False),
        "pool": grid(5, 3, signed=False),
        "scores.weight": grid(4, 5, narrow=True),
        "scores": grid(8, 3),  # five bits coarser than the sums, which an engine of 8 bits rounds in one go
    }
    return Network("trained", Preprocess(8, 8, (0.5,), (0.25,)), nodes, grids=grids)


IMAGES = np.random.default_rng(7).integers(0, 256, (12, 8, 8, 1)).astype(np.uint8)


def test_the_integers_are_those_of_the_trained_network() -> None:
    net = network()
    expected = run_float(net, net.preprocess.apply(IMAGES), on_grids=True)
    quantized = quantize_network(net, IMAGES, trained(net))
    program = compile_network(quantized, Overlay.load("fixed8", "pynq-z2"))
    real = net.preprocess.apply(IMAGES).transpose(0, 2, 3, 1)
    computed = run_quantized(quantized, real)
    found = run_golden(program, Overlay.load("fixed8", "pynq-z2").engine, program.tensors["input"].format.quantize(real))
    assert set(quantized.formats) == {"input", "relu1", "conv2", "sum", "relu2", "pool", "scores"}
    for name, format in quantized.formats.items():
        values = expected[name].reshape(12, found[name].shape[3], *found[name].shape[1:3]).transpose(0, 2, 3, 1)
        np.testing.assert_array_equal(format.dequantize(computed[name]), values, err_msg=name)
        np.testing.assert_array_equal(format.dequantize(found[name]), values, err_msg=name)
    assert all(error.snr == np.inf for error in quantized.errors)
    assert [str(layer.weight_format) for layer in quantized.layers if layer.source == "input"] == ["fixed 3 bit"]


def test_a_border_on_a_grid_is_rounded_before_the_layer_that_reads_it() -> None:
    """The convolution could take the border as padding, but the rounding comes between."""
    nodes: list[Node] = [
        Conv("conv1", ("input",), weights((4, 1, 3, 3), 0, 4, 5)),
        Pad("border", ("conv1",), (1, 1, 1, 1)),
        Conv("conv2", ("border",), weights((4, 4, 3, 3), 1, 4, 5)),
    ]
    grids = {"input": grid(6, 3), "conv1.weight": grid(4, 5, narrow=True), "conv1": grid(8, 4), "border": grid(5, 1), "conv2.weight": grid(4, 5, narrow=True), "conv2": grid(8, 2)}
    net = Network("border", Preprocess(8, 8, (0.5,), (0.25,)), nodes, grids=grids)
    expected = run_float(net, net.preprocess.apply(IMAGES), on_grids=True)
    quantized = quantize_network(net, IMAGES, trained(net))
    computed = run_quantized(quantized, net.preprocess.apply(IMAGES).transpose(0, 2, 3, 1))
    for name in ("border", "conv2"):
        np.testing.assert_array_equal(quantized.formats[name].dequantize(computed[name]), expected[name].transpose(0, 2, 3, 1), err_msg=name)


def test_what_is_moved_before_it_is_rounded_is_rounded_once() -> None:
    nodes: list[Node] = [
        Conv("conv1", ("input",), weights((4, 1, 3, 3), 0, 4, 5)),
        Conv("conv2", ("input",), weights((4, 1, 3, 3), 1, 4, 5)),
        Concat("joined", ("conv1", "conv2")),
        Pad("border", ("joined",), (1, 0, 1, 2)),
        Conv("conv3", ("border",), weights((3, 8, 1, 1), 2, 4, 5)),
    ]
    grids = {"input": grid(6, 3), "border": grid(5, 1), "conv3": grid(8, 2)} | {f"conv{index}.weight": grid(4, 5, narrow=True) for index in (1, 2, 3)}
    net = Network("moved", Preprocess(8, 8, (0.5,), (0.25,)), nodes, grids=grids)
    expected = run_float(net, net.preprocess.apply(IMAGES), on_grids=True)
    quantized = quantize_network(net, IMAGES, trained(net))
    computed = run_quantized(quantized, net.preprocess.apply(IMAGES).transpose(0, 2, 3, 1))
    for name in ("border", "conv3"):
        np.testing.assert_array_equal(quantized.formats[name].dequantize(computed[name]), expected[name].transpose(0, 2, 3, 1), err_msg=name)
    # A reader that sees the tensor before it is rounded keeps it as fine as it was.
    read_before = replace(
        net, nodes=[*nodes, Conv("conv4", ("conv1",), weights((3, 4, 6, 6), 3, 4, 5)), Conv("conv5", ("conv3",), weights((3, 3, 8, 8), 3, 4, 5)), Add("sum", ("conv4", "conv5"))]
    )
    formats = quantize_network(read_before, IMAGES, trained(read_before)).formats
    assert formats["conv2"] == formats["border"] and formats["conv1"].bits == 8


def test_results_without_a_grid_are_no_coarser_than_an_engine_has_them() -> None:
    net = network()
    narrow = {name: grid for name, grid in net.grids.items() if grid.bits < 6}
    quantized = quantize_network(replace(net, grids=narrow), IMAGES, trained(replace(net, grids=narrow)))
    assert max(grid.bits for grid in narrow.values()) == 5
    assert quantized.formats["relu1"].bits == 4 and quantized.formats["input"].bits == quantized.formats["scores"].bits == 8


def test_another_scheme_leaves_the_grids_alone() -> None:
    net = network()
    quantized = quantize_network(net, IMAGES, covering())
    assert [layer.name for layer in quantized.layers] == ["relu1", "pool", "scores"]


def test_refusals_name_the_layer() -> None:
    net = network()
    with pytest.raises(SumtileError, match="was not quantized in training"):
        trained(replace(net, grids={}))
    with pytest.raises(SumtileError, match="tensor 'relu1' has a grid with the scale 0.3"):
        trained(replace(net, grids={**net.grids, "relu1": Grid(4, False, False, np.float32(0.3).reshape(()))}))
    with pytest.raises(SumtileError, match="layer 'conv2' has weights off the grid"):
        trained(replace(net, grids={**net.grids, "conv2.weight": grid(4, 2)}))
