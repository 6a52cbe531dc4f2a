# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The authors' AdderNet ResNet-20 for CIFAR-10: from the arrays of their checkpoint to a network.

Source: Chen et al., "AdderNet: Do We Really Need Multiplications in Deep Learning?", CVPR 2020. The first convolution
and the classifier multiply, everything between them adds; batch normalization follows every convolution.
"""

from __future__ import annotations

from pathlib import Path

from sumtile.network.graph import Conv, Network, Node, Preprocess
from sumtile.network.resnet20 import CIFAR10_CLASSES, Arrays, batch_norm, load_checkpoint, residual_network

CIFAR10_PREPROCESS = Preprocess(32, 32, mean=(0.4914, 0.4822, 0.4465), std=(0.2023, 0.1994, 0.2010))


def load_addernet_resnet20(path: str | Path) -> Network:
    """Reads an ``.npz`` with the arrays of the official checkpoint (named as its state dict) and builds the network.

    Raises:
        SumtileError: the file cannot be read, or it lacks an array of ResNet-20.
    """
    return load_checkpoint(path, build_addernet_resnet20, "AdderNet ResNet-20")


def build_addernet_resnet20(arrays: Arrays) -> Network:
    """ResNet-20 with adder convolutions; KeyError when an array is missing."""
    nodes = residual_network(arrays, "adder", "adder", _adder_shortcut)
    nodes += [
        Conv("fc", (nodes[-1].name,), arrays["fc.weight"]),
        batch_norm(arrays, "bn2", "fc"),
    ]
    return Network("addernet-resnet20", CIFAR10_PREPROCESS, nodes, CIFAR10_CLASSES)


def _adder_shortcut(arrays: Arrays, name: str, source: str, stride: int) -> list[Node]:
    """A 1x1 adder convolution where the checkpoint has one, instead of option A."""
    conv, norm = f"{name}.downsample.0", f"{name}.downsample.1"
    if f"{conv}.adder" not in arrays:
        return []
    return [Conv(conv, (source,), arrays[f"{conv}.adder"], "adder", stride=(stride, stride)), batch_norm(arrays, norm, conv)]
