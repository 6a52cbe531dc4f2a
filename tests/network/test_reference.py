# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The float reference against torch, node by node, on seeded random shapes."""

from __future__ import annotations

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
    Linear,
    LocalResponseNorm,
    Network,
    Node,
    Pad,
    Pool,
    PRelu,
    Preprocess,
    Resize,
    Select,
    Softmax,
)
from sumtile.network.reference import run_float

torch = pytest.importorskip("torch", reason="torch is the reference of these tests; install sumtile[train]")
F = torch.nn.functional


def run(x: np.ndarray, *nodes: Node) -> np.ndarray:
    channels = x.shape[1]
    network = Network("test", Preprocess(x.shape[2], x.shape[3], (0.0,) * channels, (1.0,) * channels), list(nodes))
    y = run_float(network, x)[network.output]
    assert y.dtype == np.float32
    return y


def padded(x: np.ndarray, padding: tuple[int, int, int, int], value: float = 0.0) -> torch.Tensor:
    top, left, bottom, right = padding
    return F.pad(torch.from_numpy(x), (left, right, top, bottom), value=value)


def normal(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.standard_normal(shape).astype(np.float32)


def random_conv(random: np.random.Generator) -> tuple[np.ndarray, Conv]:
    groups = int(random.choice([1, 1, 2, 3]))
    inputs, outputs = groups * int(random.integers(1, 6)), groups * int(random.integers(1, 6))
    kernel, dilation = random.integers(1, 6, 2), random.integers(1, 3, 2)
    size = (kernel - 1) * dilation + random.integers(1, 12, 2)
    conv = Conv(
        name="conv",
        inputs=("input",),
        weight=normal(random, outputs, inputs // groups, *kernel),
        bias=normal(random, outputs) if random.random() < 0.5 else None,
        stride=tuple(random.integers(1, 4, 2).tolist()),
        padding=tuple(random.integers(0, 4, 4).tolist()),
        dilation=tuple(dilation.tolist()),
        groups=groups,
    )
    return normal(random, int(random.integers(1, 4)), inputs, *size), conv


@pytest.mark.parametrize("seed", range(40))
def test_convolution(seed: int) -> None:
    x, conv = random_conv(np.random.default_rng(seed))
    bias = None if conv.bias is None else torch.from_numpy(conv.bias)
    expected = F.conv2d(padded(x, conv.padding), torch.from_numpy(conv.weight), bias, conv.stride, 0, conv.dilation, conv.groups)
    np.testing.assert_allclose(run(x, conv), expected.numpy(), rtol=1e-4, atol=1e-4, err_msg=f"repeat with test_convolution(seed={seed})")


@pytest.mark.parametrize("seed", range(40))
def test_adder_convolution(seed: int) -> None:
    x, conv = random_conv(np.random.default_rng(seed))
    conv.operator = "adder"
    groups = []
    for part, weight in zip(padded(x, conv.padding).chunk(conv.groups, 1), torch.from_numpy(conv.weight).chunk(conv.groups, 0), strict=True):
        columns = F.unfold(part, weight.shape[2:], dilation=conv.dilation, stride=conv.stride)
        groups.append(-(columns[:, None] - weight.flatten(1)[None, :, :, None]).abs().sum(2))
    expected = torch.cat(groups, 1).numpy()
    expected = expected if conv.bias is None else expected + conv.bias[:, None]
    y = run(x, conv)
    np.testing.assert_allclose(y.reshape(expected.shape), expected, rtol=1e-4, atol=1e-4, err_msg=f"repeat with test_adder_convolution(seed={seed})")


def test_an_adder_layer_larger_than_one_piece() -> None:
    random = np.random.default_rng(5)
    x, weight = normal(random, 1, 32, 40, 41), normal(random, 3, 32, 5, 5)
    columns = F.unfold(padded(x, (2, 2, 2, 2)), (5, 5))
    expected = -(columns[:, None] - torch.from_numpy(weight).flatten(1)[None, :, :, None]).abs().sum(2).reshape(1, 3, 40, 41)
    np.testing.assert_allclose(run(x, Conv("conv", ("input",), weight, "adder", padding=(2, 2, 2, 2))), expected.numpy(), rtol=1e-4)


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("seed", range(10))
def test_pooling(seed: int, kind: str) -> None:
    random = np.random.default_rng(seed)
    kernel, stride = (tuple(random.integers(1, 4, 2).tolist()) for _ in range(2))
    padding = tuple(int(random.integers(0, kernel[i % 2])) for i in range(4))
    x = normal(random, 2, 3, *random.integers(3, 12, 2))
    expected = F.max_pool2d(padded(x, padding, -np.inf), kernel, stride) if kind == "max" else F.avg_pool2d(padded(x, padding), kernel, stride)
    y = run(x, Pool("pool", ("input",), kind, kernel, stride, padding))
    np.testing.assert_allclose(y, expected.numpy(), rtol=1e-5, atol=1e-6, err_msg=f"repeat with test_pooling(seed={seed}, kind={kind!r})")


@pytest.mark.parametrize("kind", ["max", "average"])
def test_global_pooling(kind: str) -> None:
    x = normal(np.random.default_rng(3), 2, 3, 5, 7)
    expected = x.max((2, 3)) if kind == "max" else x.mean((2, 3))
    np.testing.assert_allclose(run(x, Pool("pool", ("input",), kind)), expected[:, :, None, None], rtol=1e-5, atol=1e-6)


def test_batch_norm_on_maps_and_on_vectors() -> None:
    random = np.random.default_rng(4)
    x, gamma, beta, mean, variance = normal(random, 2, 3, 5, 7), normal(random, 3), normal(random, 3), normal(random, 3), normal(random, 3) ** 2
    norm = BatchNorm("norm", ("input",), gamma, beta, mean, variance, 1e-3)
    expected = F.batch_norm(*(torch.from_numpy(a) for a in (x, mean, variance, gamma, beta)), eps=1e-3).numpy()
    np.testing.assert_allclose(run(x, norm), expected, rtol=1e-4, atol=1e-5)
    after_flatten = BatchNorm("norm", ("flat",), gamma, beta, mean, variance, 1e-3)
    np.testing.assert_allclose(run(x[:, :, :1, :1], Flatten("flat", ("input",)), after_flatten), expected[:, :, 0, 0], rtol=1e-4, atol=1e-5)


def test_activations() -> None:
    x = np.linspace(-8, 8, 33, dtype=np.float32).reshape(1, 1, 3, 11)
    tensor = torch.from_numpy(x)
    assert np.array_equal(run(x, Activation("relu", ("input",))), tensor.relu().numpy())
    assert np.array_equal(run(x, Activation("relu6", ("input",), high=6)), F.relu6(tensor).numpy())
    np.testing.assert_allclose(run(x, Activation("leaky", ("input",), slope=0.1)), F.leaky_relu(tensor, 0.1).numpy())


def test_a_residual_network_with_a_classifier() -> None:
    random = np.random.default_rng(6)
    x, weight = normal(random, 2, 3, 6, 6), normal(random, 3, 3, 3, 3)
    linear, bias = normal(random, 4, 108), normal(random, 4)
    nodes = [
        Conv("conv", ("input",), weight, padding=(1, 1, 1, 1)),
        Add("sum", ("conv", "input")),
        Flatten("flat", ("sum",)),
        Linear("scores", ("flat",), linear, bias),
    ]
    tensor = torch.from_numpy(x)
    total = F.conv2d(tensor, torch.from_numpy(weight), padding=1) + tensor
    np.testing.assert_allclose(run(x, *nodes), F.linear(total.flatten(1), torch.from_numpy(linear), torch.from_numpy(bias)).numpy(), rtol=1e-4, atol=1e-4)


def test_every_tensor_is_returned() -> None:
    x = np.ones((1, 1, 2, 2), np.float32)
    network = Network("test", Preprocess(2, 2, (0.0,), (1.0,)), [Flatten("flat", ("input",)), Activation("relu", ("flat",))])
    assert {name: tensor.shape for name, tensor in run_float(network, x).items()} == {"input": (1, 1, 2, 2), "flat": (1, 4), "relu": (1, 4)}


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (Conv("conv", ("input",), np.zeros((4, 3, 3, 3), np.float32)), "'conv' .* take 3 channels"),
        (Conv("conv", ("input",), np.zeros((4, 2, 9, 3), np.float32)), "windows of 9x3 are larger"),
        (Conv("conv", ("input",), np.zeros((4, 2, 3, 3), np.float32), "xor"), "operator 'xor'"),
        (Linear("scores", ("input",), np.zeros((4, 9), np.float32)), "'scores' .Linear. cannot take"),
        (Pool("pool", ("input",), "median"), "pools by 'median'"),
        (Node("thing", ("input",)), "is a Node"),
    ],
)
def test_what_cannot_run_is_named(node: Node, message: str) -> None:
    with pytest.raises(SumtileError, match=message):
        run(np.zeros((1, 2, 5, 5), np.float32), node)


def test_an_input_of_another_shape_is_refused() -> None:
    network = Network("test", Preprocess(2, 2, (0.0,), (1.0,)), [Flatten("flat", ("input",))])
    with pytest.raises(SumtileError, match=r"shape \(2, 2\); give \(N, 1, height, width\)"):
        run_float(network, np.zeros((2, 2)))


@pytest.mark.parametrize("seed", range(10))
def test_operators_beside_the_convolutions(seed: int) -> None:
    random = np.random.default_rng(seed)
    channels, height, width = (int(size) for size in random.integers(1, 8, 3))
    x = 3 * normal(random, 2, channels, height, width)
    slopes, order = normal(random, channels), random.integers(0, channels, int(random.integers(1, 10)))
    padding, factor, size = tuple(random.integers(0, 3, 4).tolist()), tuple(random.integers(1, 4, 2).tolist()), int(random.integers(1, 8))
    torch_x = torch.from_numpy(x)
    cases = [
        (PRelu("y", ("input",), slopes), F.prelu(torch_x, torch.from_numpy(slopes))),
        (Activation("y", ("input",), 1.0, 1.5, -0.5), torch.clamp(torch_x, -0.5, 1.5)),
        (Concat("y", ("input", "input")), torch.cat([torch_x, torch_x], 1)),
        (Select("y", ("input",), order), torch_x[:, order]),
        (Pad("y", ("input",), padding), padded(x, padding)),
        (Resize("y", ("input",), factor), F.interpolate(torch_x, scale_factor=[float(f) for f in factor], mode="nearest")),
        (LocalResponseNorm("y", ("input",), size, 0.3, 0.75, 2.0), _response_normed(torch_x, size, 0.3, 0.75, 2.0)),
        (Softmax("y", ("input",)), torch.softmax(torch_x, 1)),
    ]
    for node, expected in cases:
        np.testing.assert_allclose(run(x, node), expected.numpy(), rtol=1e-5, atol=1e-5, err_msg=f"{node}: repeat with test_operators_beside_the_convolutions(seed={seed})")


def _response_normed(x: torch.Tensor, size: int, alpha: float, beta: float, bias: float) -> torch.Tensor:
    """By the formula of ONNX: floor((size - 1) / 2) channels before, the rest behind; torch has one more before where size is even."""
    before = (size - 1) // 2
    squares = F.pad((x * x).movedim(1, -1), (before, size - 1 - before)).unfold(-1, size, 1).sum(-1).movedim(-1, 1)
    return x / (bias + alpha / size * squares) ** beta


@pytest.mark.parametrize("seed", range(10))
def test_averages_that_leave_padding_out(seed: int) -> None:
    random = np.random.default_rng(seed)
    kernel = tuple(random.integers(2, 5, 2).tolist())
    rows, columns = (int(random.integers(0, size // 2 + 1)) for size in kernel)
    x = normal(random, 1, 3, *(int(side) for side in random.integers(4, 9, 2)))
    node = Pool("y", ("input",), "average", kernel, (2, 1), (rows, columns, rows, columns), count_padding=False)
    expected = F.avg_pool2d(torch.from_numpy(x), kernel, (2, 1), (rows, columns), count_include_pad=False)
    np.testing.assert_allclose(run(x, node), expected.numpy(), rtol=1e-5, atol=1e-5, err_msg=f"repeat with test_averages_that_leave_padding_out(seed={seed})")
