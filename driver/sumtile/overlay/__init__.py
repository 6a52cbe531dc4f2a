# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Overlay and board descriptions: the one place where lanes, widths and depths are written."""

from sumtile.overlay.description import Board, Overlay, board_names, overlay_names
from sumtile.overlay.engine import Array, Engine
from sumtile.overlay.fc_engine import FcEngine

__all__ = ["Array", "Board", "Engine", "FcEngine", "Overlay", "board_names", "overlay_names"]
