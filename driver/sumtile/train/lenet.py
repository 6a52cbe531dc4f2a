# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""LeNet-5, with adder layers or with ordinary ones, and a wide one: a first convolution and a classifier around two convolutions.

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


def lenet5_wide(classes: int = 10) -> nn.Sequential:
    """Ordinary convolutions of twice the channels behind a first one of 3x3: 96 % of the products lie in the two middle layers."""
    return _lenet5(lambda inputs, outputs: nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), classes, channels=(32, 64, 128), first=3)


def _lenet5(convolution: Callable[[int, int], nn.Module], classes: int, channels: tuple[int, int, int] = (16, 32, 64), first: int = 5) -> nn.Sequential:
    """Three times convolution, batch normalization, ReLU and, but for the last, 2x2 max pooling; layers draw their weights in order.

    Args:
        convolution: makes a 3x3 layer that keeps the map's size from its input and output channels.
        channels: outputs of the three convolutions.
        first: height and width of the first convolution's filters.
    """
    one, two, three = channels
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, one, first, padding=first // 2, bias=False),
            bn1=nn.BatchNorm2d(one),
            relu1=nn.ReLU(inplace=True),
            pool1=nn.MaxPool2d(2),
            conv2=convolution(one, two),
            bn2=nn.BatchNorm2d(two),
            relu2=nn.ReLU(inplace=True),
            pool2=nn.MaxPool2d(2),
            conv3=convolution(two, three),
            bn3=nn.BatchNorm2d(three),
            relu3=nn.ReLU(inplace=True),
            flatten=nn.Flatten(),
            fc=nn.Linear(three * 7 * 7, classes),
        )
    )
