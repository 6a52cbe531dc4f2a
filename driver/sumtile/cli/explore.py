# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile explore``: overlays that are worth building for a network on a board."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sumtile.cli.arguments import positive
from sumtile.cli.picture import save_picture
from sumtile.errors import SumtileError
from sumtile.report import Screen, open_screen

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sumtile.explore import Exploration
    from sumtile.explore.group import Field
    from sumtile.network import Network

_EPILOG = """\
examples:
  sumtile explore model.onnx --board pynq-z2
  sumtile explore model.onnx --board pynq-z2 --scheme msq --ends 4 --picture explore.png
  sumtile explore model.npz --board zc706 --scheme fixed sp2 msq --weights 4 8 \\
          --dataset fashion-mnist --calibrate fashion-mnist --limit 500
  sumtile explore model.onnx --board pynq-z2 --save designs
  sumtile plan model.onnx --overlay designs/msq_01.json --board pynq-z2 --scheme msq
  sumtile build designs/msq_01.json --board pynq-z2

Searched are lanes (input channels x output channels x output columns), the ratio of fixed to SP2
lanes where a scheme mixes them, multipliers of the requantization, weight ports and the depth of
buffers; how each layer is cut into stripes, the compiler chooses. The times are those of 'sumtile
plan', engine and processor one after the other, and resources are its estimates. A design is shown when no
other one is better in time, LUTs, DSPs, block RAMs and, where it is measured, accuracy. Resources
are counted in steps of 2 %, and gains of less than 2 % of the time are not looked for.

Accuracy is measured with --dataset and --calibrate, in the C simulation, once for each scheme, width
and ratio, on which alone it depends. Without, designs of different schemes and widths are not
compared, and several of them have a front each.

In the table 'small' are the lanes of a second array for wider weights, 'scale' is the share of the output lanes that have a multiplier for the requantization,
'ports' those for weights, 'rows' the depth of a feature bank in words. --json and --save
have the whole front. The folder that --save writes has the board as well: with SUMTILE_OVERLAYS=designs
all commands know its overlays by name."""

IMAGES = 200
"""Images that accuracy is measured on unless the user says how many."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "explore",
        help="search overlays for a network under a board's budget",
        description="Searches lanes, ratios, widths and buffers for the overlays that are worth building for one network on a board.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", metavar="NETWORK", help="a float network (.onnx or .npz)")
    parser.add_argument("--board", metavar="NAME", default="zcu102", help="board to build for (default: zcu102)")
    parser.add_argument("--budget", metavar="SHARE", type=float, default=0.85, help="share of each resource that a design may take (default: 0.85)")
    parser.add_argument("--scheme", metavar="NAME", nargs="+", help="schemes: covering, dynamic, static, fixed, sp2, msq, ternary (default: msq, or covering for adder networks)")
    parser.add_argument("--weights", metavar="N", type=positive, nargs="+", help="widths of weights (default: the scheme's)")
    parser.add_argument("--features", metavar="N", type=positive, nargs="+", default=[8], help="widths of features (default: 8)")
    parser.add_argument("--ends", metavar="N", type=positive, help="bits of the weights of the first and the last layer, for fixed, sp2, msq and ternary (default: 8)")
    measured = parser.add_argument_group("accuracy")
    measured.add_argument("--dataset", metavar="DATASET", help="labelled images, as of 'sumtile evaluate'")
    measured.add_argument("--calibrate", metavar="IMAGES", help="images that the quantizer sees, as of 'sumtile quantize'")
    measured.add_argument("--limit", metavar="N", type=positive, default=IMAGES, help=f"only N images, spread evenly over the data set (default: {IMAGES})")
    parser.add_argument("--top", metavar="N", type=positive, default=10, help="lines of the table (default: 10)")
    parser.add_argument("--picture", metavar="FILE", help="draw the front into a PNG, PDF or SVG file; needs matplotlib")
    parser.add_argument("--save", metavar="DIR", type=Path, help="write every design as an overlay to build into a folder")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--processes", metavar="N", type=positive, help="processes that share the work (default: one a processor core)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    from sumtile.cli.networks import load_any_network
    from sumtile.explore import explore, group_count
    from sumtile.explore.overlays import as_dict, save_overlays
    from sumtile.explore.show import show_exploration

    progress, processes = open_screen(sys.stderr), arguments.processes or len(os.sched_getaffinity(0))
    network = load_any_network(arguments.network)
    fields = _fields(arguments, network, progress, processes)
    with progress.progress("searching", group_count(fields), "combinations of lanes") as advance:
        exploration = explore(fields, processes, advance)
    if arguments.json:
        print(json.dumps(as_dict(exploration), indent=2))
    else:
        show_exploration(open_screen(sys.stdout), exploration, arguments.top)
    if arguments.picture:
        save_picture(lambda: _figure(exploration), Path(arguments.picture))
    if arguments.save:
        paths = save_overlays(exploration, arguments.save)
        progress.line(f"{len(paths)} overlays are in {arguments.save}; 'sumtile plan NETWORK --overlay {paths[0]} --board {exploration.board}' plans one")
    return 0


def _fields(arguments: argparse.Namespace, network: Network, screen: Screen, processes: int) -> list[Field]:
    """What is to be searched, with accuracies where they are wanted."""
    from sumtile.explore import Arithmetic, make_field
    from sumtile.explore.arithmetic import FITTED

    if (arguments.dataset is None) != (arguments.calibrate is None):
        missing = "--calibrate" if arguments.calibrate is None else "--dataset"
        raise SumtileError(f"accuracy needs labelled images and images that calibrate, but {missing} is missing; give both, or neither.")
    adder = any(getattr(node, "operator", None) == "adder" for node in network.nodes)
    schemes = arguments.scheme or ["covering" if adder else "msq"]
    fields = [
        make_field(network, arguments.board, Arithmetic(scheme, weights, features, arguments.ends if scheme in FITTED else None), limit=arguments.budget)
        for scheme in dict.fromkeys(schemes)
        for weights in dict.fromkeys(arguments.weights or [None])
        for features in dict.fromkeys(arguments.features)
    ]
    return fields if arguments.dataset is None else _measured(arguments, network, fields, screen, processes)


def _measured(arguments: argparse.Namespace, network: Network, fields: list[Field], screen: Screen, processes: int) -> list[Field]:
    from sumtile.cli.calibration import calibration_images
    from sumtile.cli.quantize import default_images
    from sumtile.datasets import open_dataset
    from sumtile.explore.accuracy import Measurement, measure_accuracy

    dataset = open_dataset(arguments.dataset).spread(arguments.limit)
    images = calibration_images(arguments.calibrate, network.preprocess, default_images(network.preprocess))
    measurement = Measurement(images, dataset, processes)
    count = sum(len(field.shares) for field in fields) * len(dataset)
    with screen.progress("measuring accuracy", count, "images") as advance:
        return [measure_accuracy(network, field, measurement, advance) for field in fields]


def _figure(exploration: Exploration) -> Figure:
    from sumtile.explore.picture import exploration_figure

    return exploration_figure(exploration)
