# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A Zynq board on a PC: stock pynq drives it, and its programmable logic is the C simulation of the kernels. For example::

    device = open_board("zcu102")
    overlay = pynq.Overlay(str(overlay_files(Overlay.load("adder", "zcu102"))))

Importing this package changes nothing; :func:`open_board` does, and so does a ``SUMTILE_BOARD`` in the environment.
"""

from __future__ import annotations

from sumtile.emulated.device import EmulatedDevice
from sumtile.emulated.files import overlay_files
from sumtile.emulated.settings import Settings
from sumtile.overlay.host import on_real_board

__all__ = ["EmulatedDevice", "Settings", "on_real_board", "open_board", "overlay_files"]


def open_board(board: str | None = None, *, schedule: str | None = None, cache: str | None = None, seed: int | None = None, hang_s: float | None = None) -> EmulatedDevice:
    """Makes an emulated board pynq's active device, until its ``close()``.

    Every argument that is None is taken from the environment (see :class:`Settings`), or else has its default: a ZCU102
    with an eager schedule and a board's caches.

    Args:
        board: name of a board description.
        schedule: when the logic moves: ``eager``, ``lazy`` or ``random``.
        cache: which buffers the CPU caches: ``coherent``, ``board`` or ``strict``.
        seed: of the random schedule.
        hang_s: seconds of fruitless polling after which a hang is reported.

    Raises:
        SumtileError: an unknown board, schedule or cache.
    """
    device = EmulatedDevice(Settings.resolve(board=board, schedule=schedule, cache=cache, seed=seed, hang_s=hang_s))
    device.activate()
    return device
