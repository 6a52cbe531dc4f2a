# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The one call that opens an overlay wherever the program runs: on the Zynq board if this is one, else on an emulated one.

The emulated board leans on inner parts of pynq, so it is imported only where it is used: a real board does without.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pynq

from sumtile import runtime
from sumtile.errors import SumtileError
from sumtile.overlay import Board, Overlay
from sumtile.overlay.host import on_real_board, own_board
from sumtile.overlay.links import local_bitfile
from sumtile.runtime.arguments import pynq_device

if TYPE_CHECKING:
    from sumtile.emulated import EmulatedDevice


class Accelerator(runtime.Accelerator):
    """An overlay, ready to run programs; see :class:`sumtile.runtime.Accelerator` for what it does.

    Args:
        overlay: name of the overlay.
        board: name of the board to emulate, ``zcu102`` by default; on a real board its own name, which may be left out
            where the board's image says it.
        device: pynq device to use instead of the one that is found.
        timeout: seconds that one layer may take.

    Raises:
        SumtileError: an argument of a wrong kind, unknown overlay or board, missing files, or no compiler for the
            emulated board's logic.
    """

    def __init__(self, overlay: str = "adder", *, board: str | None = None, device: Any = None, timeout: float = 10.0) -> None:
        self._opened: EmulatedDevice | None = None
        try:
            if device is None:
                device = _own_device() if on_real_board() else self._emulate(overlay, board)
            emulated = _emulated_board(pynq_device(device))
            described = Overlay.load(overlay, emulated.name if emulated else own_board(board))
            if board not in (None, described.board.name):
                raise SumtileError(
                    f"board '{board}' was asked for, but the device is a {described.board.name}; leave the board out, or pass device=sumtile.emulated.open_board('{board}')."
                )
            bitfile, where = _emulated_files(described) if emulated else _board_files(described)
            super().__init__(described, device=device, bitfile=bitfile, where=where, timeout=timeout)
        except BaseException:
            self._close_board()
            raise

    def close(self) -> None:
        """Stops the DMAs, frees all buffers, and ends the emulated board that was opened for this accelerator."""
        super().close()
        self._close_board()

    def _emulate(self, overlay: str, board: str | None) -> EmulatedDevice:
        from sumtile.emulated import Settings, open_board

        Overlay.load(overlay, Settings.resolve(board=board).board)  # a wrong name is told before anything is opened
        self._opened = open_board(board)
        return self._opened

    def _close_board(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def _own_device() -> Any:
    """The device of the board that this runs on, also where an emulated one is active."""
    try:
        devices = [pynq.Device.active_device, *pynq.Device.devices]
    except RuntimeError as error:
        raise SumtileError(f"this is a Zynq board, but pynq sees no device ({error}); run as root, with XRT's and pynq's environment (/etc/profile.d) sourced.") from None
    real = [device for device in devices if _emulated_board(device) is None]
    if not real:
        raise SumtileError("this is a Zynq board, but pynq sees only emulated devices; run as root, with XRT's and pynq's environment (/etc/profile.d) sourced.")
    return real[0]


def _emulated_board(device: Any) -> Board | None:
    """The description that an emulated device carries; pynq's own devices have none."""
    board = getattr(device, "board", None)
    return board if isinstance(board, Board) else None


def _emulated_files(overlay: Overlay) -> tuple[Path, str | None]:
    """Path of the .bit; the device says itself where things run."""
    from sumtile.emulated import overlay_files

    return overlay_files(overlay), None


def _board_files(overlay: Overlay) -> tuple[Path, str | None]:
    """Path of the .bit on a real board, downloaded if only a link to it is there, and what it is."""
    bitfile = local_bitfile(overlay)
    return bitfile, f"{overlay.board.title} board (bitstream {bitfile.name})"
