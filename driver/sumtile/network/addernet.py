# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The authors' AdderNet ResNet-20 for CIFAR-10: from the arrays of their checkpoint to a network.

Source: Chen et al., "AdderNet: Do We Really Need Multiplications in Deep Learning?", CVPR 2020. The first convolution
and the classifier multiply, everything between them adds; batch normalization follows every convolution.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network.graph import INPUT, Activation, Add, BatchNorm, Conv, Network, Node, Pool, Preprocess

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR10_PREPROCESS = Preprocess(32, 32, mean=(0.4914, 0.4822, 0.4465), std=(0.2023, 0.1994, 0.2010))

STAGES, BLOCKS = 3, 3


def load_addernet_resnet20(path: str | Path) -> Network:
    """Reads an ``.npz`` with the arrays of the official checkpoint (named as its state dict) and builds the network.

    Raises:
        SumtileError: the file cannot be read, or it lacks an array of ResNet-20.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise SumtileError(f"{path} cannot be read as an npz archive of arrays ({error}); give the AdderNet ResNet-20 weights.") from None
    try:
        return build_addernet_resnet20(arrays)
    except KeyError as error:
        raise SumtileError(f"{path} has no array {error}, which the AdderNet ResNet-20 needs; give the official CIFAR-10 weights.") from None


def build_addernet_resnet20(arrays: Mapping[str, np.ndarray]) -> Network:
    """The network of 3 stages of 3 residual blocks with 16, 32 and 64 channels; KeyError when an array is missing."""
    nodes: list[Node] = [
        Conv("conv1", (INPUT,), arrays["conv1.weight"], padding=(1, 1, 1, 1)),
        _batch_norm(arrays, "bn1", "conv1"),
        Activation("relu1", ("bn1",)),
    ]
    for stage in range(1, STAGES + 1):
        for block in range(BLOCKS):
            nodes += _residual_block(arrays, f"layer{stage}.{block}", nodes[-1].name, stride=2 if stage > 1 and block == 0 else 1)
    nodes += [
        Pool("avgpool", (nodes[-1].name,), kind="average"),
        Conv("fc", ("avgpool",), arrays["fc.weight"]),
        _batch_norm(arrays, "bn2", "fc"),
    ]
    return Network("addernet-resnet20", CIFAR10_PREPROCESS, nodes, CIFAR10_CLASSES)


def _residual_block(arrays: Mapping[str, np.ndarray], name: str, source: str, stride: int) -> list[Node]:
    """Two 3x3 adder convolutions, and a 1x1 adder convolution beside them where the shape changes."""
    nodes: list[Node] = []
    shortcut = source
    if f"{name}.downsample.0.adder" in arrays:
        shortcut = f"{name}.downsample.1"
        nodes += [
            Conv(f"{name}.downsample.0", (source,), arrays[f"{name}.downsample.0.adder"], "adder", stride=(stride, stride)),
            _batch_norm(arrays, shortcut, f"{name}.downsample.0"),
        ]
    nodes += [
        Conv(f"{name}.conv1", (source,), arrays[f"{name}.conv1.adder"], "adder", stride=(stride, stride), padding=(1, 1, 1, 1)),
        _batch_norm(arrays, f"{name}.bn1", f"{name}.conv1"),
        Activation(f"{name}.relu1", (f"{name}.bn1",)),
        Conv(f"{name}.conv2", (f"{name}.relu1",), arrays[f"{name}.conv2.adder"], "adder", padding=(1, 1, 1, 1)),
        _batch_norm(arrays, f"{name}.bn2", f"{name}.conv2"),
        Add(f"{name}.add", (f"{name}.bn2", shortcut)),
        Activation(name, (f"{name}.add",)),
    ]
    return nodes


def _batch_norm(arrays: Mapping[str, np.ndarray], name: str, source: str) -> BatchNorm:
    gamma, beta, mean, variance = (arrays[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var"))
    return BatchNorm(name, (source,), gamma, beta, mean, variance)
