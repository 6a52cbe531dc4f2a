# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Reordered channels: every tensor of random networks moves as its group says, and the output does not change."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from sumtile.compiler import compile_network
from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint
from sumtile.network import Activation, Add, BatchNorm, Concat, Conv, Flatten, Linear, Network, Node, Pool, Preprocess, channel_groups, reorder_channels
from sumtile.network.graph import INPUT
from sumtile.network.reference import run_float
from sumtile.overlay import Overlay
from sumtile.program.golden import run_golden
from sumtile.quantize import quantize_network, schemes
from tests.support.graphs import random_graph
from tests.support.networks import lenet, random_images, resnet

SIDE = 8  # halved at most three times, so that averages over a map are exact


class RandomGraph:
    """Grows a network step by step from a seeded generator.

    Where ``exact``, every value that occurs is a multiple of a small power of two that float32 holds without rounding, so that
    the order of a sum does not matter.
    """

    def __init__(self, random: np.random.Generator, exact: bool) -> None:
        self.random, self.exact = random, exact
        self.nodes: list[Node] = []
        self.channels, self.side = 3, SIDE

    def network(self) -> Network:
        self.conv(INPUT)
        for _ in range(self.random.integers(3, 7)):
            step = self.random.choice([self.conv, self.residual, self.residual, self.depthwise, self.grouped, self.pool])
            step(self.last)
        self.classifier()
        return Network("random", Preprocess(SIDE, SIDE, (0.0,) * 3, (1.0,) * 3), self.nodes)

    @property
    def last(self) -> str:
        return self.nodes[-1].name

    def numbers(self, *shape: int) -> np.ndarray:
        if self.exact:
            return self.random.integers(-2, 3, shape).astype(np.float32)
        return self.random.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)

    def add(self, node: Node) -> str:
        self.nodes.append(node)
        return node.name

    def new(self, word: str) -> str:
        return f"{word}{len(self.nodes)}"

    def conv(self, source: str, outputs: int | None = None, kernel: int = 3, stride: int | None = None, operator: str | None = None, rectified: bool = True) -> str:
        outputs = outputs or int(self.random.integers(2, 9))
        stride = stride or (int(self.random.integers(1, 3)) if self.side > 2 else 1)
        operator = operator or str(self.random.choice(["mac", "mac", "adder"]))
        bias = self.numbers(outputs) if self.random.random() < 0.5 else None
        padding = ((kernel - 1) // 2,) * 4
        weight = self.numbers(outputs, self.channels, kernel, kernel)
        self.channels, self.side = outputs, -(-self.side // stride)
        return self.finish(self.add(Conv(self.new("conv"), (source,), weight, operator, bias, (stride, stride), padding)), rectified)  # type: ignore[arg-type]

    def finish(self, source: str, rectified: bool = True) -> str:
        if self.random.random() < 0.7:
            variance = self.random.choice([0.25, 1.0], self.channels)  # of exact square roots
            source = self.add(BatchNorm(self.new("bn"), (source,), *(self.numbers(self.channels) for _ in range(3)), variance, epsilon=0.0))
        return self.add(Activation(self.new("relu"), (source,), high=7.0)) if rectified else source

    def residual(self, source: str) -> None:
        channels, side = self.channels, self.side
        outputs, stride = (channels, 1) if self.random.random() < 0.6 or side <= 2 else (2 * channels, 2)
        inner = self.conv(source, stride=stride)
        branch = self.conv(inner, outputs, stride=1, rectified=False)
        if stride == 2:
            self.channels, self.side = channels, side
            source = self.conv(source, outputs, kernel=1, stride=2, rectified=False)
        self.add(Add(self.new("add"), (branch, source) if self.random.random() < 0.5 else (source, branch)))
        self.add(Activation(self.new("block"), (self.last,), high=7.0))

    def depthwise(self, source: str) -> None:
        weight = self.numbers(self.channels, 1, 3, 3)
        self.finish(self.add(Conv(self.new("depthwise"), (source,), weight, bias=self.numbers(self.channels), padding=(1, 1, 1, 1), groups=self.channels)))

    def grouped(self, source: str) -> None:
        if self.channels % 2 == 0:
            weight = self.numbers(2 * self.channels, self.channels // 2, 1, 1)
            self.channels *= 2
            self.finish(self.add(Conv(self.new("grouped"), (source,), weight, groups=2)))

    def pool(self, source: str) -> None:
        if self.side > 1:
            self.side //= 2
            self.add(Pool(self.new("pool"), (source,), str(self.random.choice(["max", "average"])), (2, 2), (2, 2)))

    def classifier(self) -> None:
        if self.random.random() < 0.4:
            self.add(Pool("mean", (self.last,), "average"))
            self.side = 1
        if self.random.random() < 0.3:
            self.conv(self.last, 5, kernel=1, stride=1, operator="mac", rectified=False)
            return
        self.add(Flatten("flat", (self.last,)))
        self.add(Linear("hidden", ("flat",), self.numbers(6, self.channels * self.side**2), self.numbers(6)))
        self.add(Activation("relu", ("hidden",), slope=0.25))
        self.add(Linear("linear", ("relu",), self.numbers(5, 6)))


def random_orders(network: Network, random: np.random.Generator) -> dict[str, np.ndarray]:
    return {group.name: random.permutation(group.channels) for group in channel_groups(network) if not group.pinned}


def moved(tensor: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The channels of a tensor in another order; a flat tensor has a run of elements for each channel."""
    return tensor.reshape(len(tensor), len(order), -1)[:, order].reshape(tensor.shape)


@pytest.mark.parametrize("exact", [True, False], ids=["integers", "reals"])
@pytest.mark.parametrize("seed", range(60))
def test_every_tensor_moves_with_its_group(seed: int, exact: bool) -> None:
    random = np.random.default_rng(seed)
    network = RandomGraph(random, exact).network()
    orders = random_orders(network, random)
    x = random.integers(-3, 4, (4, 3, SIDE, SIDE)).astype(np.float32)
    expected, found = run_float(network, x), run_float(reorder_channels(network, orders), x)
    repeat = f"repeat with test_every_tensor_moves_with_its_group(seed={seed}, exact={exact})"
    for group in channel_groups(network):
        order = orders.get(group.name, np.arange(group.channels))
        for name in group.tensors:
            tensor, tolerance = moved(expected[name], order), 0 if exact else 2e-5 * np.abs(expected[name]).max()
            np.testing.assert_allclose(found[name], tensor, rtol=0, atol=tolerance, err_msg=f"{name}: {repeat}")
    assert np.shape(found[network.output]) == np.shape(expected[network.output])


def in_integers(network: Network, images: np.ndarray) -> tuple[dict[str, FixedPoint], np.ndarray]:
    """The formats that the quantizer chooses, and the integers of the golden model's output."""
    overlay = Overlay.load("adder", "zcu102")
    quantized = quantize_network(network, images, schemes.covering(8))
    features = quantized.formats[INPUT].quantize(network.preprocess.apply(images).transpose(0, 2, 3, 1))
    program = compile_network(quantized, overlay)
    return quantized.formats, run_golden(program, overlay.engine, features)[program.output]


@pytest.mark.parametrize("make", [lenet, resnet])
def test_the_quantized_output_is_the_same_bit_for_bit(make: Callable[[int], Network]) -> None:
    network = make(3)
    images = random_images(network, 24, seed=4)
    formats, expected = in_integers(network, images)
    other_formats, found = in_integers(reorder_channels(network, random_orders(network, np.random.default_rng(5))), images)
    assert formats == other_formats
    np.testing.assert_array_equal(found, expected)
    assert expected.std() > 10


def test_the_random_networks_have_what_they_should() -> None:
    networks = [RandomGraph(np.random.default_rng(seed), True).network() for seed in range(60)]
    kinds = [node.name.rstrip("0123456789") for network in networks for node in network.nodes]
    assert {kind: kinds.count(kind) >= 10 for kind in ("add", "depthwise", "grouped", "pool", "flat", "bn")} == dict.fromkeys(
        ("add", "depthwise", "grouped", "pool", "flat", "bn"), True
    )
    trunks = [group for network in networks for group in channel_groups(network) if not group.pinned and len(group.producers) > 2]
    assert len(trunks) >= 10


def test_groups_of_a_residual_network() -> None:
    groups = {group.name: group for group in channel_groups(resnet())}
    assert list(groups) == [INPUT, "conv1", "short", "conv2", "fc"]
    assert [group.pinned for group in groups.values()] == [True, False, False, False, True]
    assert [group.channels for group in groups.values()] == [3, 8, 20, 20, 5]
    assert groups["short"].producers == ("short", "conv3", "conv4")  # conv4 is depthwise
    assert groups["short"].tensors == ("short", "bn_short", "conv3", "bn3", "add1", "block1", "conv4", "bn4", "add2", "block2", "mean")


def test_groups_of_a_network_with_a_flatten() -> None:
    groups = channel_groups(lenet())
    assert [(group.name, group.channels, group.pinned) for group in groups] == [
        (INPUT, 1, True),
        ("conv1", 6, False),
        ("conv2", 20, False),
        ("fc1", 17, False),
        ("fc2", 5, True),
    ]
    assert groups[2].tensors == ("conv2", "bn2", "pool2", "relu2", "flat")


def test_flat_elements_that_are_no_channels_stay_where_they_are() -> None:
    network = lenet()
    network.nodes[9:10] = [Activation("squash", ("flat",), slope=0.5), Linear("fc1", ("squash",), network.node("fc1").weight)]  # type: ignore[attr-defined]
    assert [group.pinned for group in channel_groups(network)] == [True, False, True, False, True]


def test_the_given_network_stays_as_it_is() -> None:
    network = resnet()
    before = copy.deepcopy(network)
    reordered = reorder_channels(network, random_orders(network, np.random.default_rng(0)))
    for node, kept in zip(network.nodes, before.nodes):
        assert all(np.array_equal(getattr(node, field.name), getattr(kept, field.name)) for field in fields(node)), node.name
    assert not {id(node) for node in network.nodes} & {id(node) for node in reordered.nodes}
    assert (reordered.name, reordered.preprocess, reordered.classes) == (network.name, network.preprocess, network.classes)


def test_an_order_says_which_channel_comes_to_a_place() -> None:
    network = lenet()
    order = np.array([5, 0, 1, 2, 3, 4])
    reordered = reorder_channels(network, {"conv1": order})
    assert np.array_equal(reordered.node("conv1").weight[0], network.node("conv1").weight[5])  # type: ignore[attr-defined]
    assert np.array_equal(reordered.node("conv2").weight[:, 0], network.node("conv2").weight[:, 5])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "order", "sentence"),
    [
        ("bn1", np.arange(6), r"network 'lenet' has no channel group 'bn1' \(it has: input, conv1, conv2, fc1, fc2\)"),
        ("conv1", np.arange(5), "the order of channel group 'conv1' is no permutation of its 6 channels; give each number from 0 to 5 once."),
        ("conv1", np.array([0, 1, 2, 3, 4, 4]), "is no permutation"),
        ("conv1", np.arange(6.0), "is no permutation"),
        ("conv1", np.arange(6).reshape(2, 3), "is no permutation"),
        ("fc2", np.array([1, 0, 2, 3, 4]), "channel group 'fc2' cannot be reordered, because the network's input or output"),
    ],
)
def test_orders_that_cannot_be_are_refused(name: str, order: np.ndarray, sentence: str) -> None:
    with pytest.raises(SumtileError, match=sentence):
        reorder_channels(lenet(), {name: order})


def test_a_pinned_group_may_be_given_the_order_it_has() -> None:
    assert reorder_channels(lenet(), {"fc2": np.arange(5)}).output == "bn3"


def test_arrays_that_do_not_fit_the_channels_are_refused() -> None:
    network = lenet()
    network.node("bn1").gamma = np.ones(7)  # type: ignore[attr-defined]
    network.node("bn1").beta = network.node("bn1").mean = network.node("bn1").variance = np.ones(7)  # type: ignore[attr-defined]
    with pytest.raises(SumtileError, match=r"node 'bn1' has an array of shape \(7,\) for 6 channels"):
        reorder_channels(network, {"conv1": np.arange(6)})


@pytest.mark.parametrize("seed", range(40))
def test_networks_with_every_node_compute_the_same_in_any_order(seed: int) -> None:
    """Concatenations, selections, slopes and normalizations follow, or hold their channels."""
    network = random_graph(seed, adders=True)
    random = np.random.default_rng(seed)
    groups = channel_groups(network)
    orders = {group.name: random.permutation(group.channels) for group in groups if not group.pinned}
    moved = reorder_channels(network, orders)
    x = network.preprocess.apply(random_images(network, 3, seed))
    before, after = run_float(network, x), run_float(moved, x)
    np.testing.assert_allclose(after[network.output], before[network.output], rtol=2e-3, atol=2e-4, err_msg=f"seed {seed}")
    assert {name for group in groups for name in group.tensors} == set(before)
    for group in groups:
        order = orders.get(group.name)
        for name in group.tensors if order is not None else ():
            if before[name].ndim == 4:
                np.testing.assert_allclose(after[name], before[name][:, order], rtol=2e-3, atol=2e-3, err_msg=f"seed {seed}: '{name}'")


def test_some_parts_of_concatenations_can_move() -> None:
    """Otherwise the test above would show nothing about them."""
    free = 0
    for seed in range(40):
        network = random_graph(seed)
        joined = {name for node in network.nodes if isinstance(node, Concat) for name in node.inputs}
        free += sum(not group.pinned and not joined.isdisjoint(group.tensors) for group in channel_groups(network))
    assert free > 5
