# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Known networks for ImageNet in PyTorch, and their way into an ONNX file that the compiler reads."""

from __future__ import annotations

from collections.abc import Callable

from sumtile.train.zoo.efficientnet import efficientnet_lite0
from sumtile.train.zoo.export import Model, export_model
from sumtile.train.zoo.resnet import resnet18
from sumtile.train.zoo.vgg import vgg16

MODELS: dict[str, Callable[[], Model]] = {"resnet18": resnet18, "efficientnet-lite0": efficientnet_lite0, "vgg16": vgg16}
"""What makes each network, by its name."""

__all__ = ["MODELS", "Model", "efficientnet_lite0", "export_model", "resnet18", "vgg16"]
