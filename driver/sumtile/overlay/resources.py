# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Where the overlay descriptions, the kernel sources, the trained networks and the notebooks lie: in a checkout, or inside the installed package."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parents[1]


def _folder(name: str) -> Path:
    in_checkout = _CHECKOUT / name
    return in_checkout if _PACKAGE == _CHECKOUT / "driver" / "sumtile" else _PACKAGE / "_data" / name


def overlays_folder() -> Path:
    """Folder of the overlay descriptions, of ``boards/`` and of the bitstreams, one folder a board: ``$SUMTILE_OVERLAYS``, or the project's own."""
    own = os.environ.get("SUMTILE_OVERLAYS")
    return Path(own) if own else _folder("overlays")


def models_folder() -> Path:
    """Folder of the trained networks and of the sample images."""
    return _folder("models")


def notebooks_folder() -> Path:
    """Folder of the notebooks."""
    return _folder("notebooks")


def hls_folder() -> Path:
    """Folder of the C++ kernel sources."""
    return _folder("hls")


def build_script() -> Path:
    """``build.tcl``, which the vendor's tools run; the kernel sources lie beside it."""
    return _folder("build.tcl")


def build_folder(board: str, overlay: str) -> Path:
    """Where the tools' results go: ``$SUMTILE_BUILD``, or a folder for the pair in ``build/hls`` of the checkout, or of the current folder without one."""
    own = os.environ.get("SUMTILE_BUILD")
    root = _CHECKOUT if build_script().parent == _CHECKOUT else Path.cwd()
    return Path(own).absolute() if own else root / "build" / "hls" / board / overlay
