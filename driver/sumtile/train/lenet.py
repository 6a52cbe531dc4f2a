# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""LeNet-5, with adder layers or with ordinary ones: a first convolution and a classifier around two convolutions of either kind.

Channel counts are multiples of 16, the lanes of the arrays. Every adder layer reads a ReLU's output, so that the
quantized network may use unsigned numbers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from torch import nn

from sumtile.network.graph import Preprocess
from sumtile.train.adder import AdderConv2d

PREPROCESS = Preprocess(28, 28, (0.0,), (1.0,))
"""Grey images of 28 x 28 pixels, scaled to [0, 1]."""


def lenet5_adder(classes: int = 10) -> nn.Sequential:
    """A fresh network with adder layers and random weights, float32 (N, 1, 28, 28) to (N, classes)."""
    return _lenet5(lambda inputs, outputs: AdderConv2d(inputs, outputs, 3, padding=1), classes)


def lenet5(classes: int = 10) -> nn.Sequential:
    """The same network with ordinary convolutions."""
    return _lenet5(lambda inputs, outputs: nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), classes)


def _lenet5(convolution: Callable[[int, int], nn.Module], classes: int) -> nn.Sequential:
    """Three times convolution, batch normalization, ReLU and, but for the last, 2x2 max pooling; layers draw their weights in order.

    Args:
        convolution: makes a 3x3 layer that keeps the map's size from its input and output channels.
    """
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 16, 5, padding=2, bias=False),
            bn1=nn.BatchNorm2d(16),
            relu1=nn.ReLU(inplace=True),
            pool1=nn.MaxPool2d(2),
            conv2=convolution(16, 32),
            bn2=nn.BatchNorm2d(32),
            relu2=nn.ReLU(inplace=True),
            pool2=nn.MaxPool2d(2),
            conv3=convolution(32, 64),
            bn3=nn.BatchNorm2d(64),
            relu3=nn.ReLU(inplace=True),
            flatten=nn.Flatten(),
            fc=nn.Linear(64 * 7 * 7, classes),
        )
    )
