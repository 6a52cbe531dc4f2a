# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile compare``: one image through the float network, the golden model, the C simulation and a board, layer by layer."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from sumtile.errors import SumtileError
from sumtile.report import Column, Screen, open_screen
from sumtile.report.text import size

if TYPE_CHECKING:
    import numpy as np

    from sumtile.evaluation.tracing import Difference, TracedTensor
    from sumtile.program import Program

_EPILOG = """\
examples:
  sumtile compare model.onnx model.q photo.jpg --overlay msq --board zc706
  sumtile compare model.onnx model.q photo.jpg --with csim vendor
  sumtile compare model.onnx model.q photo.jpg --json | jq '.layers[] | select(.snr_db < 10)'

The signal-to-noise ratio of a layer is the power of the float network's result over that of the
difference between it and the golden model's; the errors of the layers before it are part of it. A
layer with a much lower ratio than the one before it is where to give more bits, or another scheme.

Golden model, C simulation and board compute the same integers. Where one differs, the first
layer that does is named with the place and both values, and the exit status is 1."""

_COLUMNS = (
    Column("layer", style="bold"),
    Column("shape"),
    Column("format", right=True),
    Column("SNR dB", right=True),
    Column("memory", right=True),
)


TRACE_NAMES = ("csim", "vendor", "board")
"""The keys of :data:`sumtile.evaluation.tracing.TRACES`, which are known before anything heavy is imported."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "compare",
        help="trace one image through float, golden model, C simulation and board",
        description="Runs one image through everything that can run a network, and shows for each layer how far the integers are from the float network and whether all agree.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", metavar="NETWORK", help="the float network, .onnx or .npz")
    parser.add_argument("quantized", metavar="QUANTIZED", help="the same network from 'sumtile quantize'")
    parser.add_argument("image", metavar="IMAGE", help="an image in any format that pillow reads")
    parser.add_argument("--overlay", metavar="NAME", help="overlay to compile for (default: the one that suits the network's scheme)")
    parser.add_argument("--board", metavar="NAME", default="zcu102", help="board to compile for (default: zcu102)")
    parser.add_argument("--with", dest="traces", nargs="+", choices=TRACE_NAMES, default=["csim", "board"], help="what to hold against the golden model (default: csim board)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    from sumtile.cli.networks import load_any_network
    from sumtile.cli.quantization import overlay_for
    from sumtile.compiler import compile_network
    from sumtile.evaluation.tracing import TRACES, compare_traces, first_difference, float_tensors, trace_golden
    from sumtile.images import pixel_table, read_image, to_integers
    from sumtile.overlay import Overlay
    from sumtile.quantize import read_quantized

    network, quantized = load_any_network(arguments.network), read_quantized(arguments.quantized)
    program = compile_network(quantized, Overlay.load(arguments.overlay or overlay_for(quantized), arguments.board))
    pixels = read_image(arguments.image, program.preprocess)
    features = to_integers(pixels, pixel_table(program.preprocess, program.tensors[program.input].format))
    real = float_tensors(network, quantized.orders, pixels)
    _check_pair(arguments, program, real)
    golden = trace_golden(program, features)
    traces = {name: TRACES[name](program, features) for name in arguments.traces}
    differences = {name: first_difference(program, golden, tensors) for name, tensors in traces.items()}
    rows = compare_traces(program, real, golden, traces)
    if arguments.json:
        print(json.dumps({"layers": [asdict(row) for row in rows], "first_difference": {name: asdict(found) if found else None for name, found in differences.items()}}, indent=2))
    else:
        _show(open_screen(sys.stdout), rows, differences)
    return 1 if any(differences.values()) else 0


def _check_pair(arguments: argparse.Namespace, program: Program, real: dict[str, np.ndarray]) -> None:
    """Raises SumtileError for a quantized network that was not made from the float one, as far as names and shapes tell."""
    for name in (program.input, program.output, *program.tensors):
        tensor = program.tensors[name].shape
        absent = name not in real and name == program.output
        if absent or (name in real and real[name].size != tensor.pixels * tensor.channels):
            found = "no such tensor" if absent else f"{real[name].size} values there"
            raise SumtileError(
                f"{arguments.quantized} was not made from {arguments.network}: its tensor '{name}' is {tensor.height} x {tensor.width} x {tensor.channels}, but the float network has "
                f"{found}; give the network that was quantized."
            )


def _show(screen: Screen, rows: list[TracedTensor], differences: dict[str, Difference | None]) -> None:
    columns = [*_COLUMNS, *(Column(name) for name in differences)]
    cells = []
    for row in rows:
        format = f"{'' if row.signed else 'u'}{row.bits} fl {row.fl}"
        marks = ["equal" if row.equal[name] else "DIFFERS" for name in differences]
        cells.append((row.layer, "x".join(map(str, row.shape)), format, f"{row.snr_db:.1f}", size(row.bytes), *marks))
    screen.table(columns, cells)
    screen.line()
    for name, found in differences.items():
        if found is None:
            screen.line(f"{name}: every layer equals the golden model", style="green")
        else:
            screen.line(f"{name}: layer '{found.tensor}' is the first that differs, at {found.place}: {found.found} instead of {found.expected}", style="bold red")
