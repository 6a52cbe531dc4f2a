# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a module of this package does when it is run: it prints one text about an overlay, for ``build.tcl`` and for people."""

from __future__ import annotations

import sys
from collections.abc import Callable

from sumtile.errors import SumtileError
from sumtile.overlay.description import Overlay


def print_about(module: str, text: Callable[..., str], *, also: tuple[str, ...] = ()) -> int:
    """Prints ``text(overlay, *others)`` for the arguments ``OVERLAY BOARD`` and those named in ``also``; returns the exit status."""
    name, *arguments = sys.argv[1:] or [""]
    if len(arguments) != 1 + len(also):
        print(f"usage: python -m {module} {' '.join(('OVERLAY', 'BOARD', *also))}", file=sys.stderr)
        return 2
    board, *others = arguments
    try:
        print(text(Overlay.load(name, board), *others), end="")
    except SumtileError as error:
        print(error, file=sys.stderr)
        return 2
    return 0
