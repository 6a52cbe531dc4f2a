# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Layers with weights: convolutions, fully connected layers, batch normalization."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sumtile.frontend.build import Builder
from sumtile.frontend.call import Call, Value
from sumtile.frontend.qonnx import keep_grid
from sumtile.frontend.table import operator
from sumtile.frontend.views import View
from sumtile.frontend.windows import read_window
from sumtile.network.graph import BatchNorm, Conv, Linear

ADDER_DOMAIN = "sumtile"


@operator("Conv")
def _conv(build: Builder, call: Call) -> Value:
    return _convolution(build, call, "mac")


@operator("AdderConv", domain=ADDER_DOMAIN)
def _adder_conv(build: Builder, call: Call) -> Value:
    """Our own operator: attributes as Conv's, ``y = -sum |x - w|``; a padded zero takes part."""
    return _convolution(build, call, "adder")


def _convolution(build: Builder, call: Call, kind: str) -> View:
    x, weight, groups = build.map(call), call.weights(1, "weights"), call.integer("group", 1)
    if weight.ndim != len(x.axes) or weight.size == 0:
        raise call.refusal(f"has weights of shape {weight.shape} for a tensor of shape {list(x.shape)}", "as many axes are needed")
    if weight.ndim == 3:
        weight = weight[:, :, None]
    window = read_window(call, x, weight.shape[2:])
    outputs, inputs = weight.shape[:2]
    if groups < 1 or inputs * groups != x.channels or outputs % groups:
        raise call.refusal(f"has weights of shape {weight.shape} in {groups} groups for {x.channels} channels", "correct the model")
    bias = _vector(call, 2, "a bias", outputs) if call.given(2) else None
    node = Conv(build.name(call.name), (x.tensor,), weight, kind, bias, window.stride, window.padding, window.dilation, groups)
    keep_grid(build, call, node.name, lambda scale: scale)
    return _as_rank(build.add(call, node, (outputs, *window.output)), len(x.axes))


@operator("Gemm")
def _gemm(build: Builder, call: Call) -> Value:
    if call.integer("transA", 0):
        raise call.refusal("transposes its first operand", "only layers that read one row an image can be imported")
    alpha, straight, weight = np.float32(call.real("alpha", 1.0)), bool(call.integer("transB", 0)), _matrix(call)
    bias = _vector(call, 2, "an addend", weight.shape[0 if straight else 1]) * np.float32(call.real("beta", 1.0)) if call.given(2) else None
    return _linear(build, call, weight, bias, lambda values: _times(values if straight else values.T, alpha))


@operator("MatMul")
def _matmul(build: Builder, call: Call) -> Value:
    return _linear(build, call, _matrix(call), None, np.transpose)


def _matrix(call: Call) -> np.ndarray:
    weight = call.weights(1, "weights")
    if weight.ndim != 2:
        raise call.refusal(f"has weights of shape {weight.shape}", "two axes are needed")
    return weight


def _times(values: np.ndarray, factor: np.float32) -> np.ndarray:
    return values if factor == 1 else values * factor


def _linear(build: Builder, call: Call, weight: np.ndarray, bias: np.ndarray | None, turned: Callable[[np.ndarray], np.ndarray]) -> View:
    """A fully connected layer; where the elements lie in another order, the columns of the weights move instead.

    Args:
        turned: from the file's weights, or scales of them, to (outputs, inputs).
    """
    weight, (source, order) = turned(weight), build.flat(call)
    elements = call.view().shape[1]
    if weight.shape[1] != elements or not weight.size:
        raise call.refusal(f"has weights for {weight.shape[1]} elements, but it reads {elements}", "correct the model")
    if order is not None:
        moved = np.empty_like(weight)
        moved[:, order] = weight
        weight = moved
    node = Linear(build.name(call.name), (source,), weight, bias)
    keep_grid(build, call, node.name, turned)
    return build.add(call, node, (len(weight),))


@operator("BatchNormalization")
def _batch_normalization(build: Builder, call: Call) -> Value:
    if call.integer("training_mode", 0) or (call.opset < 7 and not call.integer("is_test", 0)) or any(call.outputs[1:]):
        raise call.refusal("normalizes by the batch as in training", "export the model for inference")
    if call.integer("spatial", 1) != 1:
        raise call.refusal("normalizes every pixel by itself", "export it with one factor a channel")
    x = build.channels_second(call)
    arrays = (_vector(call, index, what, x.channels) for index, what in enumerate(("a scale", "an addend", "a mean", "a variance"), 1))
    gamma, beta, mean, variance = (np.broadcast_to(array, (x.channels,)) for array in arrays)
    epsilon = call.real("epsilon", 1e-5)
    if epsilon < 0 or float(variance.min()) + epsilon <= 0:
        raise call.refusal(f"has a variance of {variance.min():g} and an epsilon of {epsilon:g}", "their sum must be positive")
    return build.add(call, BatchNorm(build.name(call.name), (x.tensor,), gamma, beta, mean, variance, epsilon), x.extents, like=x)


def _vector(call: Call, index: int, what: str, size: int) -> np.ndarray:
    """A constant of one value for each of ``size`` outputs, or of one for all."""
    values = call.weights(index, what)
    if values.size not in (1, size) or values.ndim > 2 or values.shape not in ((), (1,), (size,), (1, size), (1, 1)):
        raise call.refusal(f"has {what} of shape {values.shape}", f"one value for each of the {size} outputs is needed")
    return np.broadcast_to(values.ravel(), (size,))


def _as_rank(view: View, rank: int) -> View:
    """A fresh map, seen without its height in a one-dimensional network."""
    return view if rank == 4 else view.squeezed({2})
