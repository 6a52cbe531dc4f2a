# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Convolutional networks on Zynq boards with as few multipliers as possible. For example::

    with sumtile.Accelerator("adder") as accelerator:
        accelerator.load("model.tile")
        print(accelerator.classify("photo.jpg").labels)

Importing the package needs neither a board nor pynq; what a name needs is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sumtile.errors import SumtileError
from sumtile.version import __version__

if TYPE_CHECKING:
    from sumtile.api import Accelerator

__all__ = ["Accelerator", "SumtileError", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Accelerator":
        from sumtile.api import Accelerator

        return Accelerator
    raise AttributeError(f"module 'sumtile' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), "Accelerator"])
