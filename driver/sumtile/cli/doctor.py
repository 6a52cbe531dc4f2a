# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile doctor``: what is here, what is missing, and what to do about it."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from sumtile.report import open_screen

if TYPE_CHECKING:
    from sumtile.cli.checks import Check

_STYLES = {"ok": "green", "missing": "bold red", "optional": "yellow"}

_EPILOG = """\
examples:
  sumtile doctor
  sumtile doctor --json | jq '.checks[] | select(.state != "ok")'

The exit status is 0 when 'sumtile demo' can run here, and 1 when something that it needs is missing."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "doctor",
        help="show what is installed and what is missing",
        description="Looks for everything that sumtile uses: packages, compiler, board, vendor headers, overlays, cache, data sets.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    from sumtile.cli.checks import all_checks

    checks = all_checks()
    missing = [check.name for check in checks if check.state == "missing"]
    if arguments.json:
        print(json.dumps({"demo": not missing, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        _show(checks, missing)
    return 1 if missing else 0


def _show(checks: list[Check], missing: list[str]) -> None:
    screen = open_screen(sys.stdout)
    width = max(len(check.name) for check in checks)
    for check in checks:
        mark = {"ok": "ok", "missing": "MISSING", "optional": "-"}[check.state]
        screen.line(f"{mark:>7}  {check.name.ljust(width)}  {check.found}", style=_STYLES[check.state] if check.state != "ok" else "")
        if check.todo:
            screen.line(f"{'':>7}  {'':{width}}  to do: {check.todo}", style="dim")
    screen.line()
    if missing:
        screen.line(f"'sumtile demo' cannot run here yet; it needs: {', '.join(missing)}.", style="bold red")
    else:
        screen.line("'sumtile demo' can run here.", style="bold green")
