# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Which board this program runs on, if any."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path

from sumtile.errors import SumtileError
from sumtile.overlay.description import board_names

_DEVICE_TREE_NAME = Path("/proc/device-tree/chosen/pynq_board")


def on_real_board() -> bool:
    """True on a Zynq that can be configured; nothing is emulated there unless someone asks for it by name."""
    managers = Path("/sys/class/fpga_manager")
    return platform.machine() in ("armv7l", "aarch64") and managers.is_dir() and any(managers.iterdir())


def own_board(asked: str | None = None) -> str:
    """Name of the board that this runs on, as the descriptions spell it.

    Args:
        asked: what the user calls it; counts where the board's image does not say, or says a name that is not described.

    Raises:
        SumtileError: neither name is described.
    """
    name = os.environ.get("BOARD", "")
    with suppress(OSError):
        name = _DEVICE_TREE_NAME.read_text().strip("\0\n ") or name
    for candidate in (name.lower(), asked):
        if candidate in board_names():
            return candidate
    found = f"calls itself '{name}'" if name else "does not say its name"
    also = f" and you call it '{asked}'" if asked else ""
    raise SumtileError(f"this board {found}{also}, but only {', '.join(board_names())} are described; pass board=, or add overlays/boards/<name>.json.")
