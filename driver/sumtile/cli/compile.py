# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile compile``: from a float network to a program for an overlay, quantized with calibration images."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sumtile.cli.arguments import positive
from sumtile.cli.quantization import SCHEMES_HELP, add_scheme_options
from sumtile.errors import SumtileError
from sumtile.report import Column, Screen, open_screen
from sumtile.report.text import duration, size

if TYPE_CHECKING:
    from sumtile.kernels.layer import MapShape
    from sumtile.overlay import Overlay
    from sumtile.program import Program
    from sumtile.quantize import QuantizedNetwork

_EPILOG = f"""\
examples:
  sumtile compile network.npz --calibrate photos/ -o model.tile
  sumtile compile network.onnx --calibrate photos/ -o model.tile
  sumtile compile network.npz --calibrate fashion-mnist --bits 6 --board pynq-z2 -o small.tile
  sumtile compile network.npz --calibrate photos/ --scheme dynamic --bits 16 -o precise.tile
  sumtile compile network.npz --calibrate photos/ --scheme msq --board zc706 -o mixed.tile

{SCHEMES_HELP}

Quantization needs no training, only images like those that the network will see: a folder of
images, a data set, or an .npz file with an array x. Labels are not used.

The first table shows, for each layer, its maps, the stripes it is computed in, the bytes of its
weight stream, the clock cycles of its slowest stage and which stage that is. The second one shows
the formats of its weights and of its result (u: unsigned; fl: fractional bits) and what they
cost: the signal-to-noise ratio of the weights; that of the result on these images, which carries
the errors of the layers before; and the share of the result that saturates."""

_COLUMNS = (
    Column("layer", style="bold"),
    Column("array"),
    Column("ifm"),
    Column("kernel"),
    Column("ofm"),
    Column("stripes", right=True),
    Column("weights", right=True),
    Column("cycles", right=True),
    Column("bound by"),
)

_ERROR_COLUMNS = (
    Column("layer", style="bold"),
    Column("weights"),
    Column("SNR dB", right=True),
    Column("result", right=True),
    Column("fl", right=True),
    Column("SNR dB", right=True),
    Column("saturated", right=True),
)


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "compile",
        help="quantize a network and compile it for an overlay",
        description="Quantizes a float network and compiles it to a program for an overlay of a board.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", metavar="NETWORK", help="a float network: an ONNX file, or an .npz that sumtile.network.storage wrote")
    parser.add_argument("-o", "--output", metavar="PROGRAM", required=True, help="file to write, such as model.tile")
    parser.add_argument("--calibrate", metavar="IMAGES", required=True, help="a folder of images, 'fashion-mnist', a folder of class folders, or an .npz file")
    parser.add_argument("--images", metavar="N", type=positive, default=256, help="calibration images to use, spread over all that there are (default: 256)")
    parser.add_argument("--overlay", metavar="NAME", help="overlay to compile for (default: the one that suits network and scheme)")
    parser.add_argument("--board", metavar="NAME", default="zcu102", help="board to compile for (default: zcu102)")
    add_scheme_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    from sumtile.cli.calibration import calibration_images
    from sumtile.cli.networks import load_any_network
    from sumtile.cli.quantization import chosen_scheme, default_overlay
    from sumtile.compiler import check_scheme, compile_network
    from sumtile.overlay import Overlay
    from sumtile.program import write_program
    from sumtile.quantize import quantize_network

    begin = time.monotonic()
    _check_output(Path(arguments.output))
    network = load_any_network(arguments.network)
    overlay = Overlay.load(arguments.overlay or default_overlay(arguments, network), arguments.board)
    scheme = chosen_scheme(arguments, network, overlay)
    check_scheme(network, scheme, overlay)
    images = calibration_images(arguments.calibrate, network.preprocess, arguments.images)
    quantized = quantize_network(network, images, scheme)
    program = compile_network(quantized, overlay)
    write_program(program, arguments.output)
    screen = open_screen(sys.stdout)
    cycles = _show_layers(screen, program, overlay)
    screen.line()
    _show_errors(screen, quantized)
    screen.line()
    screen.line(f"{quantized.scheme}; calibrated with {len(images)} images", style="dim")
    screen.line(f"{cycles} cycles an image, {duration(cycles / overlay.clock_mhz / 1e6)} at {overlay.clock_mhz:g} MHz, by the cycle model while the memory keeps up", style="dim")
    screen.line(f"{arguments.output} runs '{program.name}' on overlay {overlay.name} of {overlay.board.name}; compiled in {duration(time.monotonic() - begin)}", style="bold")
    return 0


def _check_output(path: Path) -> None:
    """Refuses a place that no file can be written to before minutes go into its content."""
    if path.is_dir():
        raise SumtileError(f"{path} is a folder, but the program is written to a file; name one, such as {path / 'model.tile'}.")
    if not path.parent.is_dir():
        raise SumtileError(f"program file {path} cannot be written, since there is no folder {path.parent}; make it or choose another one.")


def _show_layers(screen: Screen, program: Program, overlay: Overlay) -> int:
    """Prints a line a layer and gives the cycles of all of them."""
    from sumtile.kernels.cycles import stage_cycles
    from sumtile.kernels.packing import HEADER_BYTES
    from sumtile.kernels.tiling import tile
    from sumtile.program import HostStep

    engine = overlay.engine
    rows, total = [], 0
    for step in program.steps:
        if isinstance(step, HostStep):
            shapes = _shape(program.tensors[step.sources[0]].shape), "", _shape(program.tensors[step.target].shape)
            rows.append((step.name, "host", *shapes, "", "", "", type(step.operation).__name__))
            continue
        layer, tiling = step.layer, tile(engine, step.layer)
        stages = stage_cycles(engine, layer, tiling)
        slowest = max(stages, key=lambda stage: stages[stage])
        total += stages[slowest]
        stream = HEADER_BYTES + tiling.groups * engine.to * 8 + tiling.weight_tiles * tiling.weight_repeats * engine.tile_bytes
        shapes = _shape(layer.ifm), "x".join(map(str, layer.kernel)), _shape(layer.ofm)
        rows.append((step.name, layer.operator, *shapes, str(tiling.stripes), size(stream), f"{stages[slowest]}", slowest.removeprefix("load_")))
    screen.table(_COLUMNS, rows)
    return total


def _show_errors(screen: Screen, quantized: QuantizedNetwork) -> None:
    """Prints what the number formats of each layer cost."""
    rows = []
    for error in quantized.errors:
        result = f"{'' if error.format.signed else 'u'}{error.format.bits}"
        rows.append((error.name, error.weights, f"{error.weight_snr:.1f}", result, str(error.format.fl), f"{error.snr:.1f}", f"{error.saturated:.2%}"))
    screen.table(_ERROR_COLUMNS, rows)


def _shape(shape: MapShape) -> str:
    return f"{shape.height}x{shape.width}x{shape.channels}"
