# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The adder layer against sums written out tap by tap, and the paper's gradients and learning rates."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from sumtile.errors import SumtileError

torch = pytest.importorskip("torch", reason="training needs torch; install sumtile[train]")

from sumtile.train import loops  # noqa: E402
from sumtile.train.adder import AdderConv2d, adapt_learning_rates, adder_conv2d  # noqa: E402


def written_out(x, weight, gradient, stride, padding, dilation):
    """y, dx and dw in float64, one tap after the other, from the equations of the paper (section 3.2)."""
    top, left = padding
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (top, top), (left, left)))
    weight, gradient = weight.astype(np.float64), gradient.astype(np.float64)
    y, dx, dw = np.zeros_like(gradient), np.zeros_like(padded), np.zeros_like(weight)
    height, width = y.shape[2:]
    for ky, kx in np.ndindex(weight.shape[2:]):
        rows = slice(ky * dilation[0], ky * dilation[0] + (height - 1) * stride[0] + 1, stride[0])
        columns = slice(kx * dilation[1], kx * dilation[1] + (width - 1) * stride[1] + 1, stride[1])
        taps = padded[:, None, :, rows, columns]
        difference = weight[None, :, :, ky, kx, None, None] - taps
        slopes = gradient[:, :, None]
        y -= np.abs(difference).sum(2)
        dw[:, :, ky, kx] = (slopes * -difference).sum((0, 3, 4))
        dx[:, :, rows, columns] += (slopes * np.clip(difference, -1, 1)).sum(1)
    return y, dx[:, :, top : top + x.shape[2], left : left + x.shape[3]], dw


def random_case(seed: int):
    random = np.random.default_rng(seed)
    inputs, outputs = (int(random.choice([1, 3, 16, 17, 32])) for _ in range(2))
    kernel, stride, dilation = random.integers(1, 5, 2), random.integers(1, 4, 2), random.integers(1, 3, 2)
    padding = tuple(random.integers(0, 3, 2).tolist())
    size = (kernel - 1) * dilation + random.integers(1, 12, 2)
    x = random.standard_normal((2, inputs, *size)).astype(np.float32) * 2
    weight = random.standard_normal((outputs, inputs, *kernel)).astype(np.float32)
    out = [(size[i] + 2 * padding[i] - (kernel[i] - 1) * dilation[i] - 1) // stride[i] + 1 for i in (0, 1)]
    gradient = random.standard_normal((2, outputs, *out)).astype(np.float32)
    return x, weight, gradient, tuple(stride.tolist()), padding, tuple(dilation.tolist())


@pytest.mark.parametrize("kind", ["compiled", "torch"])
@pytest.mark.parametrize("seed", range(30))
def test_forward_and_both_gradients(seed: int, kind: str) -> None:
    x, weight, gradient, stride, padding, dilation = random_case(seed)
    expected = written_out(x, weight, gradient, stride, padding, dilation)
    chosen = loops.compiled_loops() if kind == "compiled" else loops.TorchLoops()
    tensor, filters = torch.from_numpy(x).requires_grad_(), torch.from_numpy(weight).requires_grad_()
    y = adder_conv2d(tensor, filters, stride, padding, dilation, chosen)
    y.backward(torch.from_numpy(gradient))
    for name, found, correct in zip(("y", "dx", "dw"), (y.detach(), tensor.grad, filters.grad), expected, strict=True):
        scale = np.abs(correct).max() + 1
        message = f"{name} differs; repeat with test_forward_and_both_gradients(seed={seed}, kind={kind!r})"
        np.testing.assert_allclose(found.numpy() / scale, correct / scale, atol=2e-6, err_msg=message)


def test_the_result_does_not_depend_on_threads_or_memory_format() -> None:
    x, weight, gradient, *settings = random_case(3)
    results, before = [], torch.get_num_threads()
    for threads, memory in ((1, torch.contiguous_format), (2, torch.channels_last), (3, torch.contiguous_format)):
        torch.set_num_threads(threads)
        tensor = torch.from_numpy(x).contiguous(memory_format=memory).requires_grad_()
        y = adder_conv2d(tensor, torch.from_numpy(weight), *settings)
        y.backward(torch.from_numpy(gradient))
        results.append((y.detach().contiguous(), tensor.grad.contiguous()))
    torch.set_num_threads(before)
    for y, dx in results[1:]:
        assert torch.equal(y, results[0][0]) and torch.equal(dx, results[0][1])


def test_a_padded_zero_is_not_neutral() -> None:
    layer = AdderConv2d(1, 1, 3, padding=1)
    y = layer(torch.zeros(1, 1, 1, 1))
    assert math.isclose(y.item(), -layer.weight.abs().sum().item(), rel_tol=1e-6)


def test_no_gradient_is_computed_for_an_input_that_needs_none() -> None:
    layer = AdderConv2d(2, 3, 3, loops=_NoInputGradient())
    layer(torch.ones(1, 2, 5, 5)).sum().backward()
    assert layer.weight.grad is not None


class _NoInputGradient(loops.TorchLoops):
    def input_gradient(self, *_):
        raise AssertionError("the input gradient was computed for nothing")


def test_adaptive_rates_set_the_norm_of_adder_gradients_only() -> None:
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), AdderConv2d(4, 8, 3), AdderConv2d(8, 2, 1))
    model(torch.randn(2, 1, 9, 9)).square().sum().backward()
    ordinary = model[0].weight.grad.clone()
    directions = [layer.weight.grad / layer.weight.grad.norm() for layer in model[1:]]
    adapt_learning_rates(model, 0.2)
    assert torch.equal(model[0].weight.grad, ordinary)
    for layer, direction in zip(model[1:], directions, strict=True):
        expected = 0.2 * math.sqrt(layer.weight.numel())
        assert math.isclose(float(layer.weight.grad.norm()), expected, rel_tol=1e-5)
        torch.testing.assert_close(layer.weight.grad / expected, direction)


def test_adaptive_rates_leave_a_zero_gradient_finite() -> None:
    layer = AdderConv2d(2, 3, 3)
    layer.weight.grad = torch.zeros_like(layer.weight)
    adapt_learning_rates(layer)
    assert torch.equal(layer.weight.grad, torch.zeros_like(layer.weight))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(1, 3, 8, 8), "cannot take a padded map"),
        (torch.zeros(1, 2, 8, 2), "no smaller than a filter"),
        (torch.zeros(1, 2, 8, 8, dtype=torch.float64), "float64 on cpu"),
    ],
)
def test_a_map_that_does_not_fit_is_refused(x: torch.Tensor, message: str) -> None:
    with pytest.raises(SumtileError, match=message):
        AdderConv2d(2, 4, 3)(x)


def test_without_a_compiler_the_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMTILE_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("CXX", "absent-c++")
    with pytest.raises(SumtileError, match=r"no C\+\+ compiler 'absent-c\+\+' was found"):
        loops.CompiledLoops()
