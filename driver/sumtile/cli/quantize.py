# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile quantize``: from a float network to integers, in a file that ``sumtile compile`` takes."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sumtile.cli.arguments import positive
from sumtile.cli.factoring import SVD_HELP, add_svd_options
from sumtile.cli.layer_settings import LAYERS_HELP
from sumtile.cli.quantization import SCHEMES_HELP, add_scheme_options
from sumtile.errors import SumtileError
from sumtile.report import Column, Screen, open_screen
from sumtile.report.text import duration

if TYPE_CHECKING:
    from sumtile.network import Preprocess
    from sumtile.overlay import Overlay
    from sumtile.quantize import QuantizedNetwork

_EPILOG = f"""\
examples:
  sumtile quantize network.onnx --calibrate photos/ -o network.q
  sumtile quantize network.onnx --calibrate photos/ --scheme dynamic --images 32 -o network.q
  sumtile quantize network.npz --calibrate fashion-mnist --scheme msq --board zc706 -o mixed.q
  sumtile quantize network.npz --calibrate photos/ --layers layers.ini -o network.q
  sumtile quantize network.onnx --calibrate photos/ --svd fc6=500 --svd fc7=energy:0.9 -o network.q
  sumtile compile network.q --board zc706 -o model.tile

{SCHEMES_HELP}

{LAYERS_HELP}

{SVD_HELP}

Quantization needs no training, only images like those that the network will see: a folder of
images, a data set, or an .npz file with an array x. Labels are not used. The board and the overlay
tell what the lanes can compute, and the ratio of their rows for msq.

The table shows the formats of each layer's weights and of its result (u: unsigned; fl: fractional
bits) and what they cost: the signal-to-noise ratio of the weights; that of the result on these
images, which carries the errors of the layers before; and the share of the result that saturates."""

_ERROR_COLUMNS = (
    Column("layer", style="bold"),
    Column("weights"),
    Column("SNR dB", right=True),
    Column("result", right=True),
    Column("fl", right=True),
    Column("SNR dB", right=True),
    Column("saturated", right=True),
)


IMAGES_MAX = 256
"""Calibration images unless the user says how many; fewer where they are large."""

_PIXELS = 1 << 21


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "quantize",
        help="quantize a network with calibration images",
        description="Turns a float network into integers by a scheme, and writes them with what they cost.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", metavar="NETWORK", help="a float network: an ONNX file, or an .npz that sumtile.network.storage wrote")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="file to write, such as network.q")
    add_quantization_options(parser, required=True)
    parser.set_defaults(run=run)


def add_quantization_options(parser: argparse.ArgumentParser, required: bool) -> None:
    """Adds what :func:`quantized_network` takes."""
    parser.add_argument("--calibrate", metavar="IMAGES", required=required, help="a folder of images, 'fashion-mnist', a folder of class folders, or an .npz file")
    parser.add_argument(
        "--images", metavar="N", type=positive, help=f"calibration images to use, spread over all that there are (default: {IMAGES_MAX}, fewer where images are large)"
    )
    parser.add_argument("--overlay", metavar="NAME", help="overlay to run on (default: the one that suits network and scheme)")
    parser.add_argument("--board", metavar="NAME", default="zcu102", help="board to run on (default: zcu102)")
    add_scheme_options(parser)
    add_svd_options(parser, validates=True)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    from sumtile.quantize import write_quantized

    begin = time.monotonic()
    check_output(Path(arguments.output), "quantized network", "network.q")
    screen = open_screen(sys.stdout)
    quantized, overlay, count = quantized_network(arguments, screen)
    write_quantized(quantized, arguments.output)
    show_errors(screen, quantized)
    screen.line()
    screen.line(f"{quantized.scheme}; calibrated with {count} images", style="dim")
    screen.line(f"{arguments.output} holds '{quantized.name}' in integers for overlay {overlay.name}; quantized in {duration(time.monotonic() - begin)}", style="bold")
    return 0


def quantized_network(arguments: argparse.Namespace, screen: Screen) -> tuple[QuantizedNetwork, Overlay, int]:
    """The network in integers, the overlay that it is for, and the number of images that calibrated it."""
    from sumtile.cli.calibration import calibration_images
    from sumtile.cli.factoring import factor_network
    from sumtile.cli.networks import load_any_network
    from sumtile.cli.quantization import chosen_scheme, default_overlay
    from sumtile.compiler import check_scheme
    from sumtile.overlay import Overlay
    from sumtile.quantize import fuse, quantize_network

    network, factored = factor_network(arguments, load_any_network(arguments.network), screen)
    overlay = Overlay.load(arguments.overlay or default_overlay(arguments, network), arguments.board)
    scheme = chosen_scheme(arguments, network, overlay)
    check_scheme(network, scheme, overlay)
    images = calibration_images(arguments.calibrate, network.preprocess, arguments.images or default_images(network.preprocess))
    with screen.progress("quantizing", len(fuse(network, scheme.on_grids)), "layers") as advance:
        quantized = quantize_network(network, images, scheme, advance)
    return replace(quantized, scheme="; ".join([quantized.scheme, *map(str, factored)])), overlay, len(images)


def default_images(preprocess: Preprocess) -> int:
    """As many images as keep a network's tensors small in memory, at least 16."""
    return max(16, min(IMAGES_MAX, _PIXELS // (preprocess.height * preprocess.width)))


def check_output(path: Path, what: str, example: str) -> None:
    """Refuses a place that no file can be written to before minutes go into its content."""
    if path.is_dir():
        raise SumtileError(f"{path} is a folder, but the {what} is written to a file; name one, such as {path / example}.")
    if not path.parent.is_dir():
        raise SumtileError(f"{what} file {path} cannot be written, since there is no folder {path.parent}; make it or choose another one.")


def show_errors(screen: Screen, quantized: QuantizedNetwork) -> None:
    """Prints what the number formats of each layer cost."""
    rows = []
    for error in quantized.errors:
        result = f"{'' if error.format.signed else 'u'}{error.format.bits}"
        rows.append((error.name, error.weights, f"{error.weight_snr:.1f}", result, str(error.format.fl), f"{error.snr:.1f}", f"{error.saturated:.2%}"))
    screen.table(_ERROR_COLUMNS, rows)
