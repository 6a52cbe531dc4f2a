# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Training with PyTorch: adder layers, a LeNet-5 with or without them, and the way to a network that the compiler reads.

Needs torch (``pip install sumtile[train]``), imported when a name is first used, and for adder layers a C++ compiler.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sumtile.errors import SumtileError
from sumtile.train.settings import Epoch, Settings

if TYPE_CHECKING:
    from sumtile.train.adder import AdderConv2d, adapt_learning_rates, adder_conv2d
    from sumtile.train.export import to_network
    from sumtile.train.lenet import lenet5, lenet5_adder, lenet5_wide
    from sumtile.train.training import predict, train

__all__ = ["AdderConv2d", "Epoch", "Settings", "adapt_learning_rates", "adder_conv2d", "lenet5", "lenet5_adder", "lenet5_wide", "predict", "to_network", "train"]

_MODULES = {
    "AdderConv2d": "adder",
    "adapt_learning_rates": "adder",
    "adder_conv2d": "adder",
    "lenet5": "lenet",
    "lenet5_adder": "lenet",
    "lenet5_wide": "lenet",
    "predict": "training",
    "to_network": "export",
    "train": "training",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'sumtile.train' has no attribute '{name}'")
    try:
        module = importlib.import_module(f"sumtile.train.{_MODULES[name]}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise SumtileError("training needs torch, which is not installed; run 'pip install sumtile[train]'.") from error
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
