# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a picture that a command draws."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sumtile.errors import SumtileError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_picture(draw: Callable[[], Figure], path: Path) -> None:
    """Draws a figure and writes it; the file's suffix says as what.

    Raises:
        SumtileError: matplotlib is missing, or the file cannot be written.
    """
    try:
        figure = draw()
    except ImportError:
        raise SumtileError("matplotlib is missing, which draws the picture; pip install matplotlib, or leave --picture away.") from None
    try:
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise SumtileError(f"the picture cannot be written to {path} ({error}); name a .png, .pdf or .svg file in a folder that is there.") from None
