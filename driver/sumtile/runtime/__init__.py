# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The driver on the board: needs numpy, pillow and pynq, and runs unchanged on an emulated board."""

from sumtile.runtime.accelerator import Accelerator, Classification
from sumtile.runtime.execute import LayerProfile

__all__ = ["Accelerator", "Classification", "LayerProfile"]
