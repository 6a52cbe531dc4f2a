# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``python -m sumtile.emulated host.py ...`` runs an unmodified pynq script on an emulated board."""

from __future__ import annotations

import argparse
import os
import runpy
import sys

from sumtile.emulated import Settings, on_real_board, open_board, overlay_files
from sumtile.emulated.memory import CACHES
from sumtile.emulated.schedule import SCHEDULES
from sumtile.errors import SumtileError
from sumtile.overlay import Overlay


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sumtile.emulated", description=__doc__)
    parser.add_argument("--board", help="name of the board (default: SUMTILE_BOARD, or zcu102)")
    parser.add_argument("--schedule", choices=SCHEDULES, help="when the logic moves (default: SUMTILE_SCHEDULE, or eager)")
    parser.add_argument("--cache", choices=CACHES, help="what the CPU caches (default: SUMTILE_CACHE, or board)")
    parser.add_argument("--seed", type=int, help="of the random schedule (default: SUMTILE_SEED, or 0)")
    parser.add_argument("--files", metavar="OVERLAY", help="print the path of this overlay's .bit for the board, and do nothing else")
    parser.add_argument("script", nargs="?", help="the host script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    options = parser.parse_args(arguments)
    try:
        if on_real_board() and not options.board:
            raise SumtileError("this machine is a board itself, so nothing was emulated; run the script with python as it is, or name a board with --board.")
        if options.files:
            print(overlay_files(Overlay.load(options.files, Settings.resolve(board=options.board).board)))
            return 0
        if options.script is None or not os.path.isfile(options.script):
            raise SumtileError(f"the host script {options.script or '(none)'} is not there; give the path of a Python file after the options.")
        open_board(options.board, schedule=options.schedule, cache=options.cache, seed=options.seed)
    except SumtileError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    sys.argv = [options.script, *options.arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(options.script)))
    runpy.run_path(options.script, run_name="__main__")  # its errors keep their traceback, which names the line
    return 0


if __name__ == "__main__":
    sys.exit(main())
