# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile classify``: names what is on images, on the board or on an emulated one."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from sumtile.cli.arguments import positive
from sumtile.report import Column, Screen, open_screen
from sumtile.report.text import duration, percent

if TYPE_CHECKING:
    from sumtile.runtime import Classification

_EPILOG = """\
examples:
  sumtile classify model.tile photo.jpg
  sumtile classify model.tile photos/*.jpg --top 1
  sumtile classify model.tile photo.jpg --json | jq '.images[0].classes[0]'

On a Zynq board with pynq the program runs on the board; anywhere else it runs on an emulated
board, whose logic is the C simulation of the same kernels. The last line says which it was."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "classify",
        help="classify images with a compiled program",
        description="Classifies images and shows the most probable classes, the time of each stage and where it ran.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("program", metavar="PROGRAM", help="a compiled network, from 'sumtile compile'")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="image files in any format that pillow reads")
    parser.add_argument("--board", metavar="NAME", help="board to emulate (default: the one that the program was compiled for)")
    parser.add_argument("--top", metavar="N", type=positive, default=5, help="how many classes to show (default: 5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    from sumtile.evaluation.targets import open_accelerator
    from sumtile.program import read_program

    program = read_program(arguments.program)
    screen = open_screen(sys.stdout)
    results = []
    with open_accelerator(program, arguments.board) as accelerator:
        for image in arguments.images:
            result = accelerator.classify(image, top=arguments.top)
            results.append((image, result))
            if not arguments.json:
                _show(screen, image, result)
        where = accelerator.where
    if arguments.json:
        print(json.dumps({"program": arguments.program, "where": where, "images": [_as_dict(image, result) for image, result in results]}, indent=2))
    else:
        screen.line(f"ran on: {where}", style="dim")
    return 0


def _show(screen: Screen, image: str, result: Classification) -> None:
    screen.line(image, style="bold")
    columns = [Column(""), Column("", right=True), Column("", style="cyan")]
    screen.table(columns, [(name, percent(probability), screen.bar(probability)) for name, probability in result.labels], indent=2)
    stages = ", ".join(f"{stage} {duration(seconds)}" for stage, seconds in result.seconds.items())
    screen.line(f"  {stages}; {duration(sum(result.seconds.values()))} in all", style="dim")
    screen.line()


def _as_dict(image: str, result: Classification) -> dict[str, object]:
    classes = [{"class": name, "probability": probability} for name, probability in result.labels]
    return {"image": image, "classes": classes, "seconds": result.seconds}
