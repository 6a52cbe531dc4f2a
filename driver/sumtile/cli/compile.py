# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile compile``: from a network to a program for an overlay; a float network is quantized with calibration images before."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sumtile.cli.factoring import SVD_HELP
from sumtile.cli.layer_settings import LAYERS_HELP
from sumtile.cli.quantization import SCHEMES_HELP
from sumtile.cli.quantize import add_quantization_options, check_output, quantized_network, show_errors
from sumtile.errors import SumtileError
from sumtile.report import open_screen
from sumtile.report.text import duration

if TYPE_CHECKING:
    from sumtile.overlay import Overlay
    from sumtile.quantize import QuantizedNetwork

_EPILOG = f"""\
examples:
  sumtile compile network.npz --calibrate photos/ -o model.tile
  sumtile compile network.onnx --calibrate photos/ -o model.tile
  sumtile compile network.q --board zc706 -o model.tile
  sumtile compile network.npz --calibrate fashion-mnist --bits 6 --board pynq-z2 -o small.tile
  sumtile compile network.npz --calibrate photos/ --scheme dynamic --bits 16 -o precise.tile
  sumtile compile network.npz --calibrate photos/ --scheme msq --board zc706 -o mixed.tile

{SCHEMES_HELP}

{LAYERS_HELP}

{SVD_HELP}

Quantization needs no training, only images like those that the network will see: a folder of
images, a data set, or an .npz file with an array x. Labels are not used.

The first table is that of 'sumtile plan', whose help explains it. The second one shows, for each
layer, the formats of its weights and of its result (u: unsigned; fl: fractional bits) and what they
cost: the signal-to-noise ratio of the weights; that of the result on these images, which carries
the errors of the layers before; and the share of the result that saturates."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "compile",
        help="quantize a network and compile it for an overlay",
        description="Compiles a network to a program for an overlay of a board; a float network is quantized before.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", metavar="NETWORK", help="a float network (an ONNX file, or an .npz that sumtile.network.storage wrote), or what 'sumtile quantize' wrote")
    parser.add_argument("-o", "--output", metavar="PROGRAM", required=True, help="file to write, such as model.tile")
    add_quantization_options(parser, required=False)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    from sumtile.compiler import compile_network, plan_program
    from sumtile.program import write_program
    from sumtile.program.file import PROGRAM
    from sumtile.quantize.file import QUANTIZED
    from sumtile.report.plan import show_steps

    begin = time.monotonic()
    check_output(Path(arguments.output), "program", "model.tile")
    screen = open_screen(sys.stdout)
    if QUANTIZED.holds(Path(arguments.network)):
        quantized, overlay = _read(arguments)
        words = quantized.scheme
    else:
        if PROGRAM.holds(Path(arguments.network)):
            raise SumtileError(f"{arguments.network} is a compiled program already; classify with it, or give the network that it was made from.")
        if arguments.calibrate is None:
            raise SumtileError(f"{arguments.network} is to be quantized, which needs images like those that the network will see; name some with --calibrate.")
        quantized, overlay, images = quantized_network(arguments, screen)
        words = f"{quantized.scheme}; calibrated with {images} images"
    program = compile_network(quantized, overlay)
    write_program(program, arguments.output)
    show_steps(screen, plan_program(program, overlay))
    screen.line()
    show_errors(screen, quantized)
    screen.line()
    screen.line(words, style="dim")
    screen.line(f"{arguments.output} runs '{program.name}' on overlay {overlay.name} of {overlay.board.name}; compiled in {duration(time.monotonic() - begin)}", style="bold")
    return 0


def _read(arguments: argparse.Namespace) -> tuple[QuantizedNetwork, Overlay]:
    """A network that is quantized already, and the overlay that suits it."""
    from sumtile.cli.factoring import given_svd_options
    from sumtile.cli.quantization import given_options, overlay_for
    from sumtile.overlay import Overlay
    from sumtile.quantize import read_quantized

    given = [
        *(["--calibrate"] if arguments.calibrate is not None else []),
        *(["--images"] if arguments.images is not None else []),
        *given_options(arguments),
        *given_svd_options(arguments),
    ]
    if given:
        raise SumtileError(f"{arguments.network} is quantized already, so {given[0]} has no meaning; leave it out, or give the float network.")
    quantized = read_quantized(arguments.network)
    return quantized, Overlay.load(arguments.overlay or overlay_for(quantized), arguments.board)
