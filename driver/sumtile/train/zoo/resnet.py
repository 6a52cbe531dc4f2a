# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 for ImageNet, with random weights.

Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, table 1; a shortcut is a 1x1 convolution
where the shape changes (option B).
"""

from __future__ import annotations

import torch
from torch import nn

from sumtile.network.graph import Preprocess
from sumtile.train.zoo.export import Model

STAGES = (64, 128, 256, 512)
BLOCKS = 2

IMAGENET = Preprocess(224, 224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def resnet18(seed: int = 0) -> Model:
    """The network; weights and the statistics of its batch normalizations follow from the seed.

    It has the operations of a trained one, but classifies nothing. The statistics are those of its layers on random
    images, so that activations have the ranges of a trained network's.
    """
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        module = ResNet18()
        _settle(module, torch.rand(4, 3, 64, 64))
    finally:
        torch.set_rng_state(state)
    return Model("resnet18", module.eval(), IMAGENET)


class ResNet18(nn.Module):
    """float32 (N, 3, height, width) to (N, 1000)."""

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        channels = STAGES[0]
        for stage, outputs in enumerate(STAGES):
            for block in range(BLOCKS):
                blocks.append(_Block(channels, outputs, 2 if stage > 0 and block == 0 else 1))
                channels = outputs
        self.conv1 = nn.Conv2d(3, STAGES[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(STAGES[0])
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(channels, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(torch.relu(self.bn1(self.conv1(x))))
        x = nn.functional.adaptive_avg_pool2d(self.blocks(x), 1)
        scores: torch.Tensor = self.fc(torch.flatten(x, 1))
        return scores


class _Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        self.shortcut: nn.Module = nn.Identity() if same else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def _settle(module: nn.Module, images: torch.Tensor) -> None:
    """Sets the running statistics of every batch normalization to those of the images."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # the plain mean of what it sees
    with torch.no_grad():
        module.train()(2 * images - 1)
