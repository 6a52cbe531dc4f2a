# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The one call that opens an overlay wherever the program runs: on the Zynq board if this is one, else on an emulated one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pynq

from sumtile import runtime
from sumtile.emulated import EmulatedDevice, Settings, on_real_board, open_board, overlay_files
from sumtile.errors import SumtileError
from sumtile.overlay import Overlay, board_names
from sumtile.overlay.resources import overlays_folder

_DEVICE_TREE_NAME = Path("/proc/device-tree/chosen/pynq_board")


class Accelerator(runtime.Accelerator):
    """An overlay, ready to run programs; see :class:`sumtile.runtime.Accelerator` for what it does.

    Args:
        overlay: name of the overlay.
        board: name of the board to emulate, ``zcu102`` by default; on a real board its own name, which may be left out.
        device: pynq device to use instead of the one that is found.
        timeout: seconds that one layer may take.

    Raises:
        SumtileError: unknown overlay or board, missing files, or no compiler for the emulated board's logic.
    """

    def __init__(self, overlay: str = "adder", *, board: str | None = None, device: Any = None, timeout: float = 10.0) -> None:
        self._opened: EmulatedDevice | None = None
        try:
            if device is None:
                device = _own_device() if on_real_board() else self._emulate(overlay, board)
            if isinstance(device, EmulatedDevice):
                described, where = Overlay.load(overlay, device.board.name), None
                bitfile = overlay_files(described)
            else:
                described = Overlay.load(overlay, _board_name(board))
                bitfile = overlays_folder() / described.board.name / f"{overlay}.bit"
                where = f"{described.board.title} board (bitstream {bitfile.name})"
            if board not in (None, described.board.name):
                raise SumtileError(
                    f"board '{board}' was asked for, but the device is a {described.board.name}; leave the board out, or pass device=sumtile.emulated.open_board('{board}')."
                )
            super().__init__(described, device=device, bitfile=bitfile, where=where, timeout=timeout)
        except BaseException:
            self._close_board()
            raise

    def close(self) -> None:
        """Stops the DMAs, frees all buffers, and ends the emulated board that was opened for this accelerator."""
        super().close()
        self._close_board()

    def _emulate(self, overlay: str, board: str | None) -> EmulatedDevice:
        Overlay.load(overlay, Settings.resolve(board=board).board)  # a wrong name is told before anything is opened
        self._opened = open_board(board)
        return self._opened

    def _close_board(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def _own_device() -> Any:
    """The device of the board that this runs on."""
    try:
        return pynq.Device.active_device
    except RuntimeError as error:
        raise SumtileError(f"this is a Zynq board, but pynq sees no device ({error}); run as root, with XRT's and pynq's environment (/etc/profile.d) sourced.") from None


def _board_name(asked: str | None) -> str:
    """Name of the board that this runs on, as the descriptions spell it; what the user asked for where the image does not say."""
    name = os.environ.get("BOARD", "")
    with suppress(OSError):
        name = _DEVICE_TREE_NAME.read_text().strip("\0\n ") or name
    name = name.lower() or asked or ""
    if name not in board_names():
        raise SumtileError(f"this board calls itself '{name}', but only {', '.join(board_names())} are described; pass board=, or add overlays/boards/<name>.json.")
    return name
