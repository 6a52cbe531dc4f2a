# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile demo``: the whole way from a float network to class names, with nothing to prepare."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from sumtile.report import Column, Screen, open_screen
from sumtile.report.text import duration, percent

if TYPE_CHECKING:
    from sumtile.evaluation.samples import Sample
    from sumtile.runtime import Classification

_EPILOG = """\
examples:
  sumtile demo
  sumtile demo --board pynq-z2

The network is an AdderNet for Fashion-MNIST that comes with sumtile: its middle layers add where
others multiply. It is quantized to 8 bits with the sample images, compiled for the board, and run
on the board if this is one, on an emulated one otherwise. The first run compiles the kernels.
The exit status is 0 when every image's expected class comes first, and 1 otherwise."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "demo",
        help="classify the sample images with the sample network",
        description="Compiles the network that comes with sumtile and classifies the sample images.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--board", metavar="NAME", help="board to emulate (default: zcu102)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    from sumtile import Accelerator
    from sumtile.evaluation.samples import load_samples, sample_program

    screen = open_screen(sys.stdout)
    _, samples = load_samples()
    screen.line("opening overlay adder; the first time, an emulated board compiles its kernels ...", style="dim")
    sys.stdout.flush()
    with Accelerator("adder", board=arguments.board) as accelerator:
        begin = time.monotonic()
        program = sample_program(accelerator.overlay)
        accelerator.load(program)
        screen.line(
            f"network '{program.name}': {len(program.layers)} layers at 8 bits for {program.board}, quantized and compiled in {duration(time.monotonic() - begin)}", style="dim"
        )
        results = [accelerator.classify(sample.path, top=1) for sample in samples]
        where = accelerator.where
    screen.line()
    _show(screen, samples, results)
    screen.line()
    right = sum(sample.shows(result.labels[0][0]) for sample, result in zip(samples, results))
    mean = sum(sum(result.seconds.values()) for result in results) / len(results)
    screen.line(f"ran on: {where}; {duration(mean)} an image", style="dim")
    screen.line(f"{len(samples)} images, the expected class first in {right}", style="bold green" if right == len(samples) else "bold red")
    return 0 if right == len(samples) else 1


def _show(screen: Screen, samples: list[Sample], results: list[Classification]) -> None:
    columns = [Column("image"), Column("expected"), Column("found", style="bold"), Column(""), Column("probability", right=True), Column("", style="cyan")]
    rows = []
    for sample, result in zip(samples, results):
        name, probability = result.labels[0]
        rows.append((sample.path.name, sample.label, name, "" if sample.shows(name) else "WRONG", percent(probability), screen.bar(probability, 12)))
    screen.table(columns, rows)
