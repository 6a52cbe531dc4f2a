# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Gathering nodes into blocks: which nodes join, in what order, and what is refused with which sentence."""

from __future__ import annotations

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.kernels import host
from sumtile.network import Activation, Add, BatchNorm, Concat, Conv, Flatten, Linear, Network, Node, Pool, PRelu, Preprocess, Softmax
from sumtile.quantize import fuse
from sumtile.quantize.blocks import HostBlock
from tests.support.networks import batch_norm, conv, lenet, resnet

RANDOM = np.random.default_rng(5)
NODES_MAX = 20_000
"""As in ``sumtile.frontend.build``, which needs the onnx package."""


def network(*nodes: Node, channels: int = 3) -> Network:
    return Network("test", Preprocess(8, 6, (0.0,) * channels, (1.0,) * channels), list(nodes))


def test_lenet_becomes_one_block_a_layer() -> None:
    blocks = fuse(lenet())
    assert [block.nodes for block in blocks] == [
        ["conv1", "bn1", "relu1", "pool1"],
        ["conv2", "bn2", "pool2", "relu2"],
        ["fc1", "relu3"],
        ["fc2", "bn3"],
    ]
    assert [block.source for block in blocks] == ["input", "pool1", "relu2", "relu3"]
    assert blocks[2].geometry.kernel == (3, 3) and blocks[2].weights.shape == (17, 3, 3, 20)


def test_residual_branches_end_in_the_later_convolution() -> None:
    blocks = {block.name: block for block in fuse(resnet())}
    assert list(blocks) == ["relu1", "bn_short", "relu2", "block1", "mean", "bn5"]
    assert blocks["block1"].nodes == ["conv3", "bn3", "add1", "block1"] and blocks["block1"].residual == "bn_short"
    assert blocks["mean"].nodes == ["conv4", "bn4", "add2", "block2", "mean"] and blocks["mean"].residual == "block1"
    assert blocks["mean"].geometry.pool is not None and blocks["mean"].geometry.pool.kernel == (5, 6)


def test_a_shortcut_that_is_computed_last_takes_the_addition() -> None:
    nodes = [conv("main", "input", (4, 3, 1, 1), RANDOM), conv("short", "input", (4, 3, 1, 1), RANDOM), Add("sum", ("main", "short"))]
    blocks = fuse(network(*nodes))
    assert [(block.nodes, block.residual) for block in blocks] == [(["main"], None), (["short", "sum"], "main")]


def test_a_tensor_that_is_read_twice_is_stored() -> None:
    nodes = [conv("conv", "input", (4, 3, 1, 1), RANDOM), Activation("relu", ("conv",)), Add("sum", ("conv", "relu"))]
    blocks = fuse(network(*nodes))
    assert [block.nodes for block in blocks] == [["conv"], ["relu"], ["sum"]]
    assert [(block.source, block.residual) for block in blocks[1:]] == [("conv", None), ("relu", "conv")]
    assert blocks[1].geometry.depthwise and blocks[2].geometry.depthwise


def test_a_tensor_added_to_itself_is_stored() -> None:
    blocks = fuse(network(conv("conv", "input", (4, 3, 1, 1), RANDOM), Add("twice", ("conv", "conv"))))
    assert [(block.nodes, block.source, block.residual) for block in blocks] == [(["conv"], "input", None), (["twice"], "conv", "conv")]


def test_nodes_without_a_convolution_run_on_an_identity() -> None:
    nodes = [Pool("pool", ("input",), "max", (2, 2), (2, 2)), batch_norm("bn", "pool", 3, RANDOM)]
    blocks = fuse(network(*nodes))
    assert [block.nodes for block in blocks] == [["pool"], ["bn"]]
    assert all(block.geometry.depthwise and np.all(block.weights == 1) for block in blocks)


@pytest.mark.parametrize("slope", [-0.25, 1.5])
def test_one_slope_that_no_engine_has_runs_on_the_processor(slope: float) -> None:
    base = conv("conv", "input", (4, 3, 1, 1), RANDOM)
    blocks = [fuse(network(base, node)) for node in (Activation("p", ("conv",), slope=slope), PRelu("p", ("conv",), np.full(4, slope)))]
    assert blocks[0][1] == blocks[1][1] and isinstance(blocks[0][1], HostBlock)
    assert blocks[0][1].operation == host.PRelu((round(slope * host.SLOPE_ONE),) * 4)


def test_as_many_nodes_as_a_file_may_have_are_gathered_in_one_pass() -> None:
    """Each node asks who reads its input; a look through all nodes for each would take minutes."""
    nodes: list[Node] = [conv("0", "input", (4, 3, 1, 1), RANDOM)]
    nodes += [Pool(f"{index}", (f"{index - 1}",), "max", (1, 1)) if index % 2 else Activation(f"{index}", (f"{index - 1}",)) for index in range(1, NODES_MAX)]
    assert len(fuse(network(*nodes))) == NODES_MAX // 2


def test_batch_normalizations_and_the_bias_fold_into_one_factor_and_addend() -> None:
    first, second = batch_norm("a", "conv", 4, RANDOM), batch_norm("b", "a", 4, RANDOM)
    first.mean, first.variance = RANDOM.normal(0, 3, 4), RANDOM.uniform(0.1, 4, 4)
    bias = RANDOM.normal(0, 1, 4)
    (block,) = fuse(network(conv("conv", "input", (4, 3, 1, 1), RANDOM, bias=bias), first, second))
    sums = RANDOM.normal(0, 1, (10, 4))
    expected = sums + bias
    for node in (first, second):
        expected = node.gamma * (expected - node.mean) / np.sqrt(node.variance + node.epsilon) + node.beta
    np.testing.assert_allclose(sums * block.factor + block.addend, expected, rtol=1e-6)
    assert block.affine == "b"


def refused(*nodes: Node) -> str:
    with pytest.raises(SumtileError) as caught:
        fuse(network(*nodes))
    return str(caught.value)


class Median(Node):
    """A node that nothing knows."""


def test_refusals_name_the_node() -> None:
    weight = np.ones((4, 3, 1, 1), np.float32)
    base = Conv("conv", ("input",), weight)
    assert "'middle' is a Median" in refused(base, Median("middle", ("conv",)))
    assert "'soft' is a Softmax inside of" in refused(base, Softmax("soft", ("conv",)), Conv("last", ("soft",), np.ones((2, 4, 1, 1))))
    many = np.broadcast_to(np.float32(1), (1 << 16, 1, 1, 1))
    wide = [Conv("wide", ("input",), np.broadcast_to(np.float32(1), (1 << 15, 3, 1, 1))), Conv("conv", ("wide",), many, groups=1 << 15)]
    assert "'conv' has 32768 groups and so 2,147,483,648 weights as a dense convolution" in refused(*wide)
    assert "'conv' has 2 groups, but an adder layer has 1" in refused(Conv("conv", ("input",), np.ones((4, 2, 1, 1)), "adder", groups=2))
    assert "'conv' has weights for 4 input channels" in refused(Conv("conv", ("input",), np.ones((4, 2, 1, 1)), groups=2))
    halves = Pool("pool", ("conv",), "max", (2, 2), (2, 2))
    assert "'join' (Concat): the processor cannot run this Concat: the maps that it joins have several sizes" in refused(base, halves, Concat("join", ("conv", "pool")))
    assert "'norm' has slope 0 and bounds 1.0" in refused(base, Activation("norm", ("conv",), low=1.0))
    assert "'conv' has weights for 5 input channels" in refused(Conv("conv", ("input",), np.ones((4, 5, 1, 1))))
    assert "'conv' has parameters that are not finite" in refused(Conv("conv", ("input",), weight * np.nan))
    assert "window of node 'conv'" in refused(Conv("conv", ("input",), np.ones((4, 3, 9, 1))))
    assert "'relu' reads the flat tensor 'flat'" in refused(base, Flatten("flat", ("conv",)), Activation("relu", ("flat",)))
    assert "ends in the Flatten 'flat'" in refused(base, Flatten("flat", ("conv",)))
    assert "'fc' has weights for 7 inputs" in refused(base, Flatten("flat", ("conv",)), Linear("fc", ("flat",), np.ones((2, 7))))
    assert "'relu' has slope -1" in refused(base, Activation("relu", ("conv",), slope=-1, high=6.0))
    assert "'relu' has a slope of 100" in refused(base, Activation("relu", ("conv",), slope=100.0))
    assert "'sum' adds maps" in refused(base, Add("sum", ("conv", "input")))
    assert "'sum' (Add) reads 3 tensors instead of 2" in refused(base, Add("sum", ("conv", "conv", "conv")))
    assert "'bn' has 3 channels" in refused(base, batch_norm("bn", "conv", 3, RANDOM))
    zeros = np.zeros(4)
    assert "variance plus epsilon of 0" in refused(base, BatchNorm("bn", ("conv",), zeros, zeros, zeros, zeros, epsilon=0.0))
