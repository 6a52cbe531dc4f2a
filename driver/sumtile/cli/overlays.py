# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The overlay that a user means: the name of one that is known, or a JSON file that describes another one."""

from __future__ import annotations

from pathlib import Path

from sumtile.overlay import Overlay

_SUFFIX = ".json"


def load_overlay(name: str, board: str) -> Overlay:
    """Reads an overlay by its name, or from a file with its board in ``boards/`` beside it.

    Raises:
        SumtileError: as from :meth:`Overlay.load`.
    """
    folder = own_folder(name)
    return Overlay.load(name, board) if folder is None else Overlay.load(Path(name).stem, board, folder)


def own_folder(name: str) -> Path | None:
    """The folder of the file that describes the overlay; None where it is named."""
    return Path(name).expanduser().parent if name.endswith(_SUFFIX) else None
