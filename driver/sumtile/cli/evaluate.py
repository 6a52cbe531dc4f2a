# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile evaluate``: the accuracy of a program over a labelled data set."""

from __future__ import annotations

import argparse
import json
import os
import sys

from sumtile.cli.arguments import positive
from sumtile.report import open_screen
from sumtile.report.text import duration

_EPILOG = """\
examples:
  sumtile evaluate model.tile fashion-mnist
  sumtile evaluate model.tile fashion-mnist --limit 500 --on emulated
  sumtile evaluate model.tile photos/ --processes 8       a folder with one folder of images for each class
  sumtile evaluate model.tile images.npz --json           arrays x (images) and y (labels)

The result does not depend on --on or on --processes: all targets compute the same integers."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a program's accuracy over a data set",
        description="Runs every image of a labelled data set and counts how often the most probable class is the right one.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("program", metavar="PROGRAM", help="a compiled network, from 'sumtile compile'")
    parser.add_argument("dataset", metavar="DATASET", help="'fashion-mnist', a folder of class folders, a folder of IDX files, or an .npz file")
    parser.add_argument("--on", choices=("board", "emulated", "csim", "golden"), help="what runs it (default: the board if there is one, the C simulation otherwise)")
    parser.add_argument("--processes", metavar="N", type=positive, help="processes that share the images (default: one a processor core, one on a board)")
    parser.add_argument("--limit", metavar="N", type=positive, help="only N images, spread evenly over the data set")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    from sumtile.datasets import open_dataset
    from sumtile.evaluation import evaluate, prepare
    from sumtile.evaluation.targets import default_target
    from sumtile.program import read_program

    program = read_program(arguments.program)
    dataset = open_dataset(arguments.dataset)
    if arguments.limit is not None:
        dataset = dataset.spread(arguments.limit)
    target = arguments.on or default_target()
    processes = arguments.processes or (1 if target == "board" else len(os.sched_getaffinity(0)))
    where = prepare(program, target)
    with open_screen(sys.stderr).progress("evaluating", len(dataset), "images") as advance:
        result = evaluate(program, dataset, target, processes, advance)
    summary = {
        "program": arguments.program,
        "dataset": dataset.name,
        "images": len(dataset),
        "correct": result.correct,
        "accuracy": result.accuracy,
        "where": where,
        "processes": processes,
        "seconds": result.seconds,
    }
    if arguments.json:
        print(json.dumps(summary, indent=2))
        return 0
    screen = open_screen(sys.stdout)
    screen.line(f"accuracy {100 * result.accuracy:.2f} %: {result.correct} of {len(dataset)} images of {dataset.name}", style="bold")
    screen.line(f"{where}; {processes} process{'es' if processes > 1 else ''}, {duration(result.seconds)}, {len(dataset) / result.seconds:.1f} images/s", style="dim")
    return 0
