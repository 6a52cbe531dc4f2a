# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""LeNet-5 with adder layers: an ordinary first convolution and classifier around two adder convolutions.

Channel counts are multiples of 16, the lanes of the adder array. Every adder layer reads a ReLU's output, so that the
quantized network may use unsigned numbers.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from sumtile.network.graph import Preprocess
from sumtile.train.adder import AdderConv2d

PREPROCESS = Preprocess(28, 28, (0.0,), (1.0,))
"""Grey images of 28 x 28 pixels, scaled to [0, 1]."""


def lenet5_adder(classes: int = 10) -> nn.Sequential:
    """A fresh network with random weights, float32 (N, 1, 28, 28) to (N, classes).

    Three times convolution, batch normalization, ReLU and, but for the last, 2x2 max pooling.
    """
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 16, 5, padding=2, bias=False),
            bn1=nn.BatchNorm2d(16),
            relu1=nn.ReLU(inplace=True),
            pool1=nn.MaxPool2d(2),
            conv2=AdderConv2d(16, 32, 3, padding=1),
            bn2=nn.BatchNorm2d(32),
            relu2=nn.ReLU(inplace=True),
            pool2=nn.MaxPool2d(2),
            conv3=AdderConv2d(32, 64, 3, padding=1),
            bn3=nn.BatchNorm2d(64),
            relu3=nn.ReLU(inplace=True),
            flatten=nn.Flatten(),
            fc=nn.Linear(64 * 7 * 7, classes),
        )
    )
