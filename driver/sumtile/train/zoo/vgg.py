# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""VGG16 for ImageNet in PyTorch, with random weights; :mod:`sumtile.network.vgg16` has its source and its sizes."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from sumtile.network.vgg16 import CLASSES, HIDDEN, IMAGENET, STAGES
from sumtile.train.zoo.export import Model


def vgg16(seed: int = 0, narrow: int = 1) -> Model:
    """The network; its weights follow from the seed.

    It has the operations of a trained one, but classifies nothing. Weights are drawn so that activations keep their power from
    layer to layer (He et al., ICCV 2015).

    Args:
        narrow: how many times fewer channels its layers have, the scores excepted; 1 is the real network of 553 MB.
    """
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        module = VGG16(narrow)
    finally:
        torch.set_rng_state(state)
    return Model("vgg16", module.eval(), IMAGENET)


class VGG16(nn.Sequential):
    """float32 (N, 3, 224, 224) to (N, 1000)."""

    def __init__(self, narrow: int = 1) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        inputs = 3
        for stage, (count, channels) in enumerate(STAGES, start=1):
            for index in range(1, count + 1):
                layers[f"conv{stage}_{index}"] = _drawn(nn.Conv2d, inputs, channels // narrow, 3, padding=1)
                layers[f"relu{stage}_{index}"] = nn.ReLU()
                inputs = channels // narrow
            layers[f"pool{stage}"] = nn.MaxPool2d(2, 2)
        layers["flatten"] = nn.Flatten()
        inputs *= 7 * 7
        for name, outputs in HIDDEN:
            layers[name] = _drawn(nn.Linear, inputs, outputs // narrow)
            layers[f"relu{name[2:]}"] = nn.ReLU()
            inputs = outputs // narrow
        layers["fc8"] = _drawn(nn.Linear, inputs, CLASSES)
        super().__init__(layers)


def _drawn(kind: type[nn.Module], *sizes: int, **geometry: int) -> nn.Module:
    """A layer whose weights are drawn once, and whose biases are zero."""
    layer: nn.Module = nn.utils.skip_init(kind, *sizes, **geometry)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer
