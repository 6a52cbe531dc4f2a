# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a network computes, in float32 and plain numpy: the reference that quantized networks are compared with."""

from __future__ import annotations

import functools
import itertools

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from sumtile.errors import SumtileError
from sumtile.network.graph import (
    INPUT,
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
    Node,
    Pad,
    Pool,
    PRelu,
    Resize,
    Select,
    Softmax,
)

PREDICTED = 50
"""Images whose tensors :func:`predict_float` holds at a time."""

_COLUMNS_BYTES = 1 << 24
"""Size of a convolution's unfolded input, which sets how many images are taken at a time."""

_PIECE_BYTES = 1 << 19
"""Size of an adder layer's intermediate, so that it stays in a core's second-level cache."""


def run_float(network: Network, x: np.ndarray, *, on_grids: bool = False) -> dict[str, np.ndarray]:
    """Runs a network on a batch.

    Args:
        x: (N, C, H, W), preprocessed (see :meth:`Preprocess.apply`); it is converted to float32.
        on_grids: round each tensor that was quantized in training to its grid, as the trained network does.

    Returns:
        every tensor by name, ``input`` included, float32; convolutions and pools are (N, C, H, W), linear layers (N, outputs).

    Raises:
        SumtileError: the network is not well formed, or a layer does not fit the tensor that it reads.
    """
    network.check()
    if x.ndim != 4 or x.shape[1] != network.preprocess.channels:
        raise SumtileError(f"network '{network.name}' was given an input of shape {x.shape}; give (N, {network.preprocess.channels}, height, width).")
    grids = network.grids if on_grids else {}
    tensors = {INPUT: _snapped(grids, INPUT, np.ascontiguousarray(x, dtype=np.float32))}
    for node in network.nodes:
        tensors[node.name] = _snapped(grids, node.name, run_node(node, *(tensors[name] for name in node.inputs)))
    return tensors


def predict_float(network: Network, images: np.ndarray) -> np.ndarray:
    """The output that is highest for each image: int64 (N,), indices of the network's classes.

    Args:
        images: uint8 (N, height, width, channels), in the network's size.

    Raises:
        SumtileError: as from :func:`run_float`.
    """
    batches = (network.preprocess.apply(images[start : start + PREDICTED]) for start in range(0, len(images), PREDICTED))
    scores = (run_float(network, batch)[network.output].reshape(len(batch), -1) for batch in batches)
    return np.concatenate([np.zeros(0, np.int64), *(batch.argmax(axis=1) for batch in scores)])


def run_node(node: Node, *inputs: np.ndarray) -> np.ndarray:
    """One node on a batch of float32 tensors; see :func:`run_float`."""
    try:
        return _run(node, *inputs).astype(np.float32, copy=False)
    except ValueError as error:
        shapes = ", ".join(str(tensor.shape) for tensor in inputs)
        raise SumtileError(f"node '{node.name}' ({type(node).__name__}) cannot take a tensor of shape {shapes} ({error}); check its weights and what it reads.") from error


def _snapped(grids: dict[str, Grid], name: str, tensor: np.ndarray) -> np.ndarray:
    return grids[name].snap(tensor, axis=1) if name in grids else tensor


@functools.singledispatch
def _run(node: Node, *inputs: np.ndarray) -> np.ndarray:
    raise SumtileError(f"node '{node.name}' is a {type(node).__name__}, which the float reference does not know.")


@_run.register
def _conv(node: Conv, x: np.ndarray) -> np.ndarray:
    outputs, group_inputs, *kernel = node.weight.shape
    if x.ndim != 4 or x.shape[1] != group_inputs * node.groups or outputs % node.groups:
        raise ValueError(f"weights {node.weight.shape} in {node.groups} groups take {group_inputs * node.groups} channels")
    combine = np.matmul if node.operator == "mac" else _negated_distances
    windows = _windows(x, (kernel[0], kernel[1]), node.stride, node.padding, node.dilation)
    images, _, height, width = windows.shape[:4]
    weights = node.weight.astype(np.float32).reshape(node.groups, outputs // node.groups, -1)
    y = np.empty((images, outputs, height, width), np.float32)
    step = max(_COLUMNS_BYTES // (4 * node.groups * weights.shape[2] * height * width), 1)
    for first in range(0, images, step):
        columns = windows[first : first + step].transpose(1, 4, 5, 0, 2, 3).reshape(node.groups, weights.shape[2], -1)
        sums = combine(weights, columns)
        y[first : first + step] = sums.reshape(outputs, -1, height, width).transpose(1, 0, 2, 3)
    return y if node.bias is None else y + node.bias.astype(np.float32)[:, None, None]


@_run.register
def _linear(node: Linear, x: np.ndarray) -> np.ndarray:
    y = x @ node.weight.astype(np.float32).T
    return y if node.bias is None else y + node.bias.astype(np.float32)


@_run.register
def _batch_norm(node: BatchNorm, x: np.ndarray) -> np.ndarray:
    shape = (-1, *(1,) * (x.ndim - 2))
    factor, addend = (values.reshape(shape) for values in node.factors())
    return x * factor + addend


@_run.register
def _activation(node: Activation, x: np.ndarray) -> np.ndarray:
    y = np.where(x >= 0, x, np.float32(node.slope) * x)
    y = y if node.low is None else np.maximum(y, np.float32(node.low))
    return y if node.high is None else np.minimum(y, np.float32(node.high))


@_run.register
def _prelu(node: PRelu, x: np.ndarray) -> np.ndarray:
    return np.where(x >= 0, x, node.slope.astype(np.float32).reshape(-1, *(1,) * (x.ndim - 2)) * x)


@_run.register
def _pool(node: Pool, x: np.ndarray) -> np.ndarray:
    reduce = np.max if node.kind == "max" else np.mean
    if node.kernel is None:
        return np.asarray(reduce(x, axis=(2, 3), keepdims=True))
    filler = -np.inf if node.kind == "max" else 0.0
    y = np.asarray(reduce(_windows(x, node.kernel, node.stride, node.padding, filler=filler), axis=(4, 5)))
    if node.kind == "max" or node.count_padding:
        return y
    share = _windows(np.ones_like(x[:1, :1]), node.kernel, node.stride, node.padding).mean(axis=(4, 5))
    return y / share


@_run.register
def _add(node: Add, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if left.shape != right.shape:
        raise ValueError("both must have one shape")
    return left + right


@_run.register
def _concat(node: Concat, *parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts, axis=1)


@_run.register
def _select(node: Select, x: np.ndarray) -> np.ndarray:
    if node.channels.max() >= x.shape[1]:
        raise ValueError(f"channel {node.channels.max()} is selected of {x.shape[1]}")
    return x[:, node.channels]


@_run.register
def _pad(node: Pad, x: np.ndarray) -> np.ndarray:
    top, left, bottom, right = node.padding
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))


@_run.register
def _resize(node: Resize, x: np.ndarray) -> np.ndarray:
    return x.repeat(node.factor[0], axis=2).repeat(node.factor[1], axis=3)


@_run.register
def _local_response_norm(node: LocalResponseNorm, x: np.ndarray) -> np.ndarray:
    before = (node.size - 1) // 2
    squares = np.pad(x * x, ((0, 0), (before, node.size - 1 - before), *((0, 0),) * (x.ndim - 2)))
    power = sliding_window_view(squares, node.size, axis=1).sum(axis=-1)
    return x / (node.bias + node.alpha / node.size * power) ** node.beta


@_run.register
def _softmax(node: Softmax, x: np.ndarray) -> np.ndarray:
    exponentials = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


@_run.register
def _flatten(node: Flatten, x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)


def _windows(
    x: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int, int, int], dilation: tuple[int, int] = (1, 1), filler: float = 0.0
) -> np.ndarray:
    """A view of shape (N, C, oh, ow, kh, kw): the taps of every output pixel."""
    top, left, bottom, right = padding
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=filler)
    reach = ((kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1)
    if padded.shape[2] < reach[0] or padded.shape[3] < reach[1]:
        raise ValueError(f"windows of {reach[0]}x{reach[1]} are larger than the padded map of {padded.shape[2]}x{padded.shape[3]}")
    views = sliding_window_view(padded, reach, axis=(2, 3))  # type: ignore[call-overload]  # numpy's stub knows one axis only
    return views[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


def _negated_distances(weights: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """``y[g, o, p] = -sum_k |columns[g, k, p] - weights[g, o, k]|``, in pieces of the pixels that fit the cache."""
    groups, taps, pixels = columns.shape
    step = max(_PIECE_BYTES // (4 * taps), 16)
    y = np.empty((groups, weights.shape[1], pixels), np.float32)
    minus_ones = np.full(taps, -1, np.float32)
    for group, first in itertools.product(range(groups), range(0, pixels, step)):
        piece = np.ascontiguousarray(columns[group, :, first : first + step])
        difference = np.empty_like(piece)
        for output, filter_ in enumerate(weights[group]):
            np.abs(np.subtract(piece, filter_[:, None], out=difference), out=difference)
            y[group, output, first : first + step] = minus_ones @ difference
    return y
