# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""From a trained torch model to the plain network that the compiler reads."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import nn

from sumtile.errors import SumtileError
from sumtile.network.graph import INPUT, Activation, BatchNorm, Conv, Flatten, Linear, Network, Node, Pool, Preprocess
from sumtile.train.adder import AdderConv2d


def to_network(model: nn.Sequential, name: str, preprocess: Preprocess, classes: tuple[str, ...] = ()) -> Network:
    """Copies a chain of layers with their weights; what acts only in training (dropout) is left out.

    Args:
        model: layers one after the other; each layer's name becomes the node's.
        name, preprocess, classes: of the network.

    Raises:
        SumtileError: a layer that has no node in :mod:`sumtile.network`.
    """
    nodes: list[Node] = []
    for layer_name, layer in model.named_children():
        if isinstance(layer, (nn.Dropout, nn.Identity)):
            continue
        nodes.append(_node(layer, layer_name, (nodes[-1].name if nodes else INPUT,)))
    network = Network(name, preprocess, nodes, classes)
    network.check()
    return network


@functools.singledispatch
def _node(layer: nn.Module, name: str, inputs: tuple[str, ...]) -> Node:
    known = "Conv2d, AdderConv2d, Linear, BatchNorm2d, ReLU, MaxPool2d and Flatten"
    raise SumtileError(f"layer '{name}' is a {type(layer).__name__}, which cannot be exported; build the model from {known}.")


@_node.register
def _conv(layer: nn.Conv2d, name: str, inputs: tuple[str, ...]) -> Node:
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise SumtileError(f"layer '{name}' pads by '{layer.padding_mode}' and {layer.padding}; pad with zeros by numbers.")
    padding, dilation = _four_sides(layer.padding), _pair(layer.dilation)
    return Conv(name, inputs, _array(layer.weight), "mac", _optional(layer.bias), _pair(layer.stride), padding, dilation, layer.groups)


@_node.register
def _adder(layer: AdderConv2d, name: str, inputs: tuple[str, ...]) -> Node:
    return Conv(name, inputs, _array(layer.weight), "adder", None, layer.stride, _four_sides(layer.padding), layer.dilation)


@_node.register
def _linear(layer: nn.Linear, name: str, inputs: tuple[str, ...]) -> Node:
    return Linear(name, inputs, _array(layer.weight), _optional(layer.bias))


@_node.register
def _batch_norm(layer: nn.BatchNorm2d, name: str, inputs: tuple[str, ...]) -> Node:
    mean, variance = layer.running_mean, layer.running_var
    if not layer.affine or mean is None or variance is None:
        raise SumtileError(f"layer '{name}' is batch normalization without its factors or statistics; build it with affine and track_running_stats.")
    return BatchNorm(name, inputs, _array(layer.weight), _array(layer.bias), _array(mean), _array(variance), layer.eps)


@_node.register
def _relu(layer: nn.ReLU, name: str, inputs: tuple[str, ...]) -> Node:
    return Activation(name, inputs)


@_node.register
def _max_pool(layer: nn.MaxPool2d, name: str, inputs: tuple[str, ...]) -> Node:
    if layer.ceil_mode or _pair(layer.dilation) != (1, 1):
        raise SumtileError(f"layer '{name}' pools with ceil_mode or dilation, which cannot be exported; use neither.")
    return Pool(name, inputs, "max", _pair(layer.kernel_size), _pair(layer.stride), _four_sides(layer.padding))


@_node.register
def _flatten(layer: nn.Flatten, name: str, inputs: tuple[str, ...]) -> Node:
    return Flatten(name, inputs)


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().contiguous().numpy().astype(np.float32)


def _optional(tensor: torch.Tensor | None) -> np.ndarray | None:
    return None if tensor is None else _array(tensor)


def _pair(value: int | tuple[int, ...]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _four_sides(padding: int | tuple[int, ...]) -> tuple[int, int, int, int]:
    vertical, horizontal = _pair(padding)
    return vertical, horizontal, vertical, horizontal
