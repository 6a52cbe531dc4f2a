# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile plan``: what a network takes on a board, before any work."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sumtile.cli.factoring import add_svd_options
from sumtile.cli.picture import save_picture
from sumtile.cli.quantization import add_scheme_options
from sumtile.errors import SumtileError
from sumtile.report import open_screen

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sumtile.compiler.plan import Plan

_EPILOG = """\
examples:
  sumtile plan model.onnx --overlay msq --board pynq-z2
  sumtile plan model.onnx --scheme msq --ends 4 --board zc706 --picture plan.png
  sumtile plan vgg16.onnx --scheme dynamic --bits 16 --board zc706 --svd fc6=500
  sumtile plan model.tile --json | jq '.layers[] | select(.bound == "weights") | .name'

SOURCE is a float network (.onnx or .npz), which is planned for a scheme before it is quantized; a
quantized network (.q); or a compiled program (.tile), which is planned for its own overlay.

A line is a step: what computes it ('host': the processor; 'fc' and 'svd': the engine for fully
connected layers, with one factor or two); the kernel, with d where it is depthwise and its stride
behind a slash; the shape of the result; in how many stripes of rows it is cut, with w where all
weights stay in the engine, or i where the inputs of a stripe stay and the weights are sent again
for each; and KiB that move. 'cycles' are those of the timing model, checked against the simulation;
'lanes' is the share of all its engine's lanes that do useful work in that time; 'bound' is what
takes the time: compute, a port (weights, features, residual, result), memory behind all ports,
another stage of the engine, or the host.

LUTs, flip-flops, block RAMs and DSPs are estimates. The times of the memory and of the host rest
on rates that the board's file assumes. The exit status is 2 when something cannot run."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "plan",
        help="show cycles, bytes, lanes and the device's budget of a network",
        description="Shows layer by layer what a network takes on an overlay of a board: where it runs, cycles, bytes, lanes in use, what bounds it; and what the overlay takes of the device.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="SOURCE", help="a network (.onnx, .npz), a quantized network (.q) or a program (.tile)")
    parser.add_argument(
        "--overlay", metavar="NAME", help="overlay to plan for: its name, or the JSON file that describes it (default: the one that suits network and scheme, or the program's own)"
    )
    parser.add_argument("--board", metavar="NAME", help="board to plan for (default: zcu102, or the program's own)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--picture", metavar="FILE", help="draw bars and roofline into a PNG, PDF or SVG file; needs matplotlib")
    add_scheme_options(parser)
    add_svd_options(parser, validates=False)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    from sumtile.report.plan import show_plan

    plan = _plan(arguments)
    if arguments.json:
        print(json.dumps(plan.as_dict(), indent=2))
    else:
        show_plan(open_screen(sys.stdout), plan)
    if arguments.picture:
        save_picture(lambda: _figure(plan), Path(arguments.picture))
    return 2 if plan.problems else 0


def _plan(arguments: argparse.Namespace) -> Plan:
    from sumtile.cli.factoring import factor_without_numbers, given_svd_options
    from sumtile.cli.networks import load_any_network
    from sumtile.cli.overlays import load_overlay
    from sumtile.cli.quantization import chosen_scheme, default_overlay, given_options, overlay_for
    from sumtile.compiler import blank_network
    from sumtile.compiler.plan import plan_network, plan_program
    from sumtile.program import read_program
    from sumtile.program.file import PROGRAM
    from sumtile.quantize.file import QUANTIZED, read_quantized

    source, board = Path(arguments.source), arguments.board or "zcu102"
    is_program, is_quantized = PROGRAM.holds(source), QUANTIZED.holds(source)
    given = [*given_options(arguments), *given_svd_options(arguments)] if is_program or is_quantized else []
    if given:
        raise SumtileError(f"{source} is quantized already, so {given[0]} has no meaning; leave it out, or give the float network.")
    if is_program:
        program = read_program(source)
        overlay = load_overlay(arguments.overlay or program.overlay, arguments.board or program.board)
        if overlay.stamp != program.stamp:
            raise SumtileError(
                f"program {source} was compiled for overlay '{program.overlay}' on {program.board}, not for '{overlay.name}' on {overlay.board.name}; plan the network or the quantized network instead."
            )
        return plan_program(program, overlay)
    if is_quantized:
        quantized = read_quantized(source)
        return plan_network(quantized, load_overlay(arguments.overlay or overlay_for(quantized), board))
    network, factored = factor_without_numbers(arguments, load_any_network(source))
    overlay = load_overlay(arguments.overlay or default_overlay(arguments, network), board)
    blank = blank_network(network, chosen_scheme(arguments, network, overlay))
    return plan_network(replace(blank, scheme="; ".join([blank.scheme, *map(str, factored)])), overlay)


def _figure(plan: Plan) -> Figure:
    from sumtile.report.plan_plots import plan_figure

    return plan_figure(plan)
