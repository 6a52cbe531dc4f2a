# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""ResNet-20 for CIFAR-10: from the arrays of a checkpoint to a network.

Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2: 3 stages of 3 residual blocks
with 16, 32 and 64 channels. Where the shape changes, a shortcut takes every other pixel and fills up channels with
zeros (option A).
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from sumtile.errors import SumtileError
from sumtile.network.graph import INPUT, Activation, Add, BatchNorm, Conv, Flatten, Linear, Network, Node, Pool, Preprocess

Arrays = Mapping[str, np.ndarray]

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
IMAGENET_PREPROCESS = Preprocess(32, 32, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))

STAGES, BLOCKS = 3, 3


def load_resnet20(path: str | Path) -> Network:
    """Reads an ``.npz`` with the arrays of a PyTorch checkpoint (named as its state dict) and builds the network.

    The names are those of the CIFAR-10 models of akamaster/pytorch_resnet_cifar10, trained on images that are
    normalized by ImageNet's mean and deviation.

    Raises:
        SumtileError: the file cannot be read, or it lacks an array of ResNet-20.
    """
    return load_checkpoint(path, build_resnet20, "ResNet-20")


def build_resnet20(arrays: Arrays) -> Network:
    """The network with ordinary convolutions; KeyError when an array is missing."""
    nodes = residual_network(arrays, "weight", "mac", _padded_shortcut)
    nodes += [
        Flatten("flat", (nodes[-1].name,)),
        Linear("linear", ("flat",), arrays["linear.weight"], arrays["linear.bias"]),
    ]
    return Network("resnet20", IMAGENET_PREPROCESS, nodes, CIFAR10_CLASSES)


def load_checkpoint(path: str | Path, build: Callable[[Arrays], Network], what: str) -> Network:
    """Reads the arrays of an ``.npz`` and builds a network of them.

    Args:
        build: from arrays to a network; KeyError when one is missing, ValueError when one has another number of axes.
        what: name of the network, for the sentences.

    Raises:
        SumtileError: the file cannot be read, it lacks an array, or an array has another number of axes.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ValueError("it holds one array without a name")
        with loaded as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise SumtileError(f"{path} cannot be read as an npz archive of arrays ({error}); give the {what} weights.") from None
    try:
        return build(arrays)
    except KeyError as error:
        raise SumtileError(f"{path} has no array {error}, which the {what} needs; give its CIFAR-10 weights.") from None
    except ValueError as error:
        raise SumtileError(f"{path} has an array of another shape than the {what} needs ({error}); give its CIFAR-10 weights.") from None


def residual_network(arrays: Arrays, weights: str, operator: str, shortcut: Callable[[Arrays, str, str, int], list[Node]]) -> list[Node]:
    """From the input to the average pool before the classifier; the first convolution always multiplies.

    Args:
        arrays: of the checkpoint; KeyError when one is missing.
        weights: what the weights of a block's convolutions are called.
        operator: of the block's convolutions.
        shortcut: makes the nodes beside a block, from the arrays, the name of the block, the tensor it reads and its stride.
    """
    nodes: list[Node] = [
        Conv("conv1", (INPUT,), arrays["conv1.weight"], padding=(1, 1, 1, 1)),
        batch_norm(arrays, "bn1", "conv1"),
        Activation("relu1", ("bn1",)),
    ]
    for stage in range(1, STAGES + 1):
        for block in range(BLOCKS):
            name, source, stride = f"layer{stage}.{block}", nodes[-1].name, 2 if stage > 1 and block == 0 else 1
            beside = shortcut(arrays, name, source, stride)
            nodes += [
                *beside,
                Conv(f"{name}.conv1", (source,), arrays[f"{name}.conv1.{weights}"], operator, stride=(stride, stride), padding=(1, 1, 1, 1)),
                batch_norm(arrays, f"{name}.bn1", f"{name}.conv1"),
                Activation(f"{name}.relu1", (f"{name}.bn1",)),
                Conv(f"{name}.conv2", (f"{name}.relu1",), arrays[f"{name}.conv2.{weights}"], operator, padding=(1, 1, 1, 1)),
                batch_norm(arrays, f"{name}.bn2", f"{name}.conv2"),
                Add(f"{name}.add", (f"{name}.bn2", beside[-1].name if beside else source)),
                Activation(name, (f"{name}.add",)),
            ]
    return [*nodes, Pool("avgpool", (nodes[-1].name,), kind="average")]


def batch_norm(arrays: Arrays, name: str, source: str) -> BatchNorm:
    """The batch normalization of that name in a PyTorch checkpoint."""
    gamma, beta, mean, variance = (arrays[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var"))
    return BatchNorm(name, (source,), gamma, beta, mean, variance)


def _padded_shortcut(arrays: Arrays, name: str, source: str, stride: int) -> list[Node]:
    """Option A as a 1x1 convolution: an identity between as many zero channels before the old ones as behind them."""
    outputs, inputs = arrays[f"{name}.conv1.weight"].shape[:2]
    if stride == 1 and outputs == inputs:
        return []
    weight = np.eye(outputs, inputs, -((outputs - inputs) // 2), dtype=np.float32)[:, :, None, None]
    return [Conv(f"{name}.shortcut", (source,), weight, stride=(stride, stride))]
