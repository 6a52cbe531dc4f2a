# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The stages of a compression, each from a network to a network, so that every one can be looked at, saved and measured."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from sumtile.datasets import Dataset
from sumtile.errors import SumtileError
from sumtile.network.bases import prune
from sumtile.network.compression import decompose_network, map_bases
from sumtile.network.graph import Network
from sumtile.network.shrink import shrink
from sumtile.train.graph import GraphModule
from sumtile.train.penni.layer import BasisConv2d
from sumtile.train.settings import Epoch, Settings
from sumtile.train.training import Method, train


@dataclass(frozen=True)
class Compression:
    """How to compress; the defaults made the network in ``models/``.

    Attributes:
        rank: kernels that a layer shares.
        retrain: epochs with the L1 norm, in which coefficients and basis learn in turns.
        turn: epochs of a turn; coefficients first.
        gamma: weight of the L1 norm of all coefficients in the loss.
        deviations: coefficients below so many standard deviations of their layer become zero.
        tune: epochs after that, with the zeros kept.
        ternary: epochs with ternary coefficients and a basis of 8 bits.
    """

    rank: int = 4
    retrain: int = 4
    turn: int = 2
    gamma: float = 1e-4
    deviations: float = 1.0
    tune: int = 1
    ternary: int = 3

    def __post_init__(self) -> None:
        for name in ("rank", "turn"):
            if getattr(self, name) < 1:
                raise SumtileError(f"a compression with {name}={getattr(self, name)} was asked for; give at least 1.")
        for name in ("retrain", "gamma", "deviations", "tune", "ternary"):
            if getattr(self, name) < 0:
                raise SumtileError(f"a compression with {name}={getattr(self, name)} was asked for; give 0 or more.")


@dataclass(frozen=True)
class Stage:
    """A stage that is done: what it did in a few words, and the network then."""

    words: str
    network: Network


def compress(
    network: Network,
    data: Dataset,
    how: Compression,
    settings: Settings,
    report: Callable[[Epoch], None] | None = None,
    done: Callable[[Stage], None] | None = None,
) -> Network:
    """Compresses a trained network: its composed kernels have ternary coefficients and a basis of 8 bits.

    Args:
        network: with ordinary layers, trained in floating point.
        data: training images, of the size that the network takes.
        how: what to do.
        settings: of the training; the epochs are those of ``how``.
        report: called after each epoch.
        done: called after each stage.

    Raises:
        SumtileError: a network without a convolution to decompose, one that cannot be trained, or what :func:`sumtile.train.train` refuses.
    """
    learn = functools.partial(_learn, data=data, settings=settings, report=report)
    after = done or (lambda stage: None)
    network = decompose_network(replace(network, bases={}), how.rank)
    if not network.bases:
        raise SumtileError(f"network '{network.name}' has no ordinary convolution with more than one tap and enough inputs; there is nothing to decompose.")
    after(Stage(f"decomposed into {how.rank} shared kernels a layer", network))
    network = learn(network, how.retrain, Method(functools.partial(_take_turns, how.turn), functools.partial(_l1, how.gamma)))
    after(Stage("retrained", network))
    network = shrink(map_bases(network, functools.partial(prune, deviations=how.deviations)), approximate_borders=True)
    after(Stage(f"pruned below {how.deviations:g} deviations and shrunk", network))
    network = learn(network, how.tune, Method())
    after(Stage("tuned", network))
    network = shrink(learn(network, how.ternary, Method(_quantized)))
    after(Stage("made ternary and shrunk", network))
    return network


def _learn(network: Network, epochs: int, method: Method, *, data: Dataset, settings: Settings, report: Callable[[Epoch], None] | None) -> Network:
    """The network after so many epochs of a method, which is prepared even where there are none."""
    module = GraphModule(network)
    if epochs:
        train(lambda: module, data, network.preprocess, replace(settings, epochs=epochs), report, method)
    elif method.begin:
        method.begin(module, 1)
    return module.network()


def _take_turns(turn: int, model: nn.Module, epoch: int) -> None:
    """Coefficients learn in the first turn, the basis in the second, and so on (PENNI, section 3.2)."""
    coefficients = (epoch - 1) // turn % 2 == 0
    for layer in _layers(model):
        layer.coefficients.requires_grad_(coefficients)
        layer.basis.requires_grad_(not coefficients)


def _quantized(model: nn.Module, epoch: int) -> None:
    """The rule is fitted once, before the first epoch."""
    if epoch == 1:
        for layer in _layers(model):
            layer.quantize()


def _l1(gamma: float, model: nn.Module) -> torch.Tensor:
    return gamma * torch.stack([layer.magnitude() for layer in _layers(model)]).sum()


def _layers(model: nn.Module) -> list[BasisConv2d]:
    assert isinstance(model, GraphModule)
    return model.basis_layers()
