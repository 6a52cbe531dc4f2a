# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A network file as a torch module, to train it further, and back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from sumtile.errors import SumtileError
from sumtile.network.compression import with_bases
from sumtile.network.graph import INPUT, Activation, Add, BatchNorm, Concat, Conv, Flatten, Linear, Network, Node, Pad, Pool, Select
from sumtile.train.penni.layer import BasisConv2d


class GraphModule(nn.Module):
    """Computes what a network computes; weights, biases and batch normalizations are parameters and buffers.

    Args:
        network: with ordinary layers; convolutions that have bases become :class:`~sumtile.train.penni.layer.BasisConv2d`.

    Raises:
        SumtileError: a node that cannot be trained here; the sentence names it.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        network.check()
        self._network = network
        self.layers = nn.ModuleDict({_key(node): _module(node, network) for node in network.nodes})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float32 (N, C, H, W) to the network's output."""
        tensors = {INPUT: x}
        for node in self._network.nodes:
            tensors[node.name] = self.layers[_key(node)](*(tensors[name] for name in node.inputs))
        return tensors[self._network.output]

    def basis_layers(self) -> list[BasisConv2d]:
        """The convolutions with shared kernels, in the network's order."""
        return [module for module in self.modules() if isinstance(module, BasisConv2d)]

    def network(self) -> Network:
        """The network with what the module has learned."""
        bases = {node.name: self.layers[_key(node)].kernels.bases() for node in self._network.nodes if node.name in self._network.bases}
        nodes = [_learned(node, self.layers[_key(node)]) for node in self._network.nodes]
        return with_bases(replace(self._network, nodes=nodes), bases)


class _Convolution(nn.Module):
    def __init__(self, node: Conv, kernels: nn.Module) -> None:
        super().__init__()
        self.kernels, self.node = kernels, node
        self.bias = None if node.bias is None else _parameter(node.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        top, left, bottom, right = self.node.padding
        padding = (top, left)
        if padding != (bottom, right):
            x, padding = F.pad(x, (left, right, top, bottom)), (0, 0)
        return F.conv2d(x, self.kernels(), self.bias, self.node.stride, padding, self.node.dilation, self.node.groups)


class _Kernels(nn.Module):
    def __init__(self, weight: np.ndarray) -> None:
        super().__init__()
        self.weight = _parameter(weight)

    def forward(self) -> torch.Tensor:
        return self.weight


class _BatchNorm(nn.BatchNorm2d):
    """Of maps and of flat tensors."""

    def _check_input_dim(self, x: torch.Tensor) -> None: ...


class _Function(nn.Module):
    """A node without anything to learn."""

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self._function = function

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        return self._function(*tensors)


def _key(node: Node) -> str:
    """The node's name as torch allows it."""
    return node.name.replace(".", "/")


@functools.singledispatch
def _module(node: Node, network: Network) -> nn.Module:
    raise SumtileError(f"node '{node.name}' is a {type(node).__name__}, which cannot be trained further; give a network of ordinary convolutions, pools and additions.")


@_module.register
def _convolution(node: Conv, network: Network) -> nn.Module:
    if node.operator != "mac":
        raise SumtileError(f"node '{node.name}' is an adder layer, which cannot be trained further; give a network of ordinary convolutions.")
    return _Convolution(node, BasisConv2d(network.bases[node.name]) if node.name in network.bases else _Kernels(node.weight))


@_module.register
def _linear(node: Linear, network: Network) -> nn.Module:
    layer = nn.Linear(node.weight.shape[1], len(node.weight), bias=node.bias is not None)
    layer.weight = _parameter(node.weight)
    if node.bias is not None:
        layer.bias = _parameter(node.bias)
    return layer


@_module.register
def _batch_norm(node: BatchNorm, network: Network) -> nn.Module:
    layer = _BatchNorm(len(node.gamma), eps=node.epsilon)
    layer.weight, layer.bias = _parameter(node.gamma), _parameter(node.beta)
    layer.running_mean, layer.running_var = _tensor(node.mean), _tensor(node.variance)
    return layer


@_module.register
def _activation(node: Activation, network: Network) -> nn.Module:
    if (node.slope, node.low, node.high) == (0, None, None):
        return nn.ReLU()
    return _Function(lambda x: torch.clamp(F.leaky_relu(x, node.slope), node.low, node.high) if (node.low, node.high) != (None, None) else F.leaky_relu(x, node.slope))


@_module.register
def _pool(node: Pool, network: Network) -> nn.Module:
    top, left, bottom, right = node.padding
    if node.kernel is None:
        return _Function(lambda x: x.amax((2, 3), keepdim=True) if node.kind == "max" else x.mean((2, 3), keepdim=True))
    if (top, left) != (bottom, right):
        raise SumtileError(f"node '{node.name}' pools with padding {node.padding}, which cannot be trained further; pad both sides alike.")
    if node.kind == "max":
        return nn.MaxPool2d(node.kernel, node.stride, (top, left))
    return nn.AvgPool2d(node.kernel, node.stride, (top, left), count_include_pad=node.count_padding)


@_module.register
def _add(node: Add, network: Network) -> nn.Module:
    return _Function(torch.add)


@_module.register
def _concat(node: Concat, network: Network) -> nn.Module:
    return _Function(lambda *parts: torch.cat(parts, 1))


@_module.register
def _select(node: Select, network: Network) -> nn.Module:
    return _Function(lambda x: x[:, torch.from_numpy(node.channels.astype(np.int64))])


@_module.register
def _pad(node: Pad, network: Network) -> nn.Module:
    top, left, bottom, right = node.padding
    return _Function(lambda x: F.pad(x, (left, right, top, bottom)))


@_module.register
def _flatten(node: Flatten, network: Network) -> nn.Module:
    return nn.Flatten()


def _learned(node: Node, layer: nn.Module) -> Node:
    """The node with the arrays of its layer."""
    if isinstance(node, Conv) and isinstance(layer, _Convolution):
        bias = None if layer.bias is None else _array(layer.bias)
        return replace(node, bias=bias, weight=_array(layer.kernels.weight) if isinstance(layer.kernels, _Kernels) else node.weight)
    if isinstance(node, Linear) and isinstance(layer, nn.Linear):
        return replace(node, weight=_array(layer.weight), bias=None if node.bias is None else _array(layer.bias))
    if isinstance(node, BatchNorm) and isinstance(layer, nn.BatchNorm2d):
        return replace(node, gamma=_array(layer.weight), beta=_array(layer.bias), mean=_array(layer.running_mean), variance=_array(layer.running_var))
    return node


def _parameter(array: np.ndarray) -> nn.Parameter:
    return nn.Parameter(_tensor(array))


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.astype(np.float32))


def _array(tensor: torch.Tensor | None) -> np.ndarray:
    assert tensor is not None
    return tensor.detach().contiguous().numpy().copy()
