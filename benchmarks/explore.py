# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Which overlays ``sumtile explore`` finds for ResNet-18 in MSQ, and whether its models come to the ratios of the paper.

    python benchmarks/explore.py                      all parts
    python benchmarks/explore.py ratio                SP2 lanes added to the paper's fixed ones until the LUTs are full
    python benchmarks/explore.py front                the search on the pynq-z2 and the zc706; --picture FILE draws that of the pynq-z2
    python benchmarks/explore.py front --board zc706  on one board

The paper is Chang et al., HPCA'21 (arXiv 2012.04240): with 16 fixed output lanes, 1 : 1.5 of fixed to SP2 on the XC7Z020 (77 % of the LUTs,
45 % without SP2 lanes) and 1 : 2 on the XC7Z045 (72 %, 24 %), where SP2 lanes are added until 70 to 80 % of the LUTs are taken. Weights have 4
bits in all layers; features have 4 in the paper and 8 here. The weights of ResNet-18 are random, which changes no time; it needs 'make train-env'.

The exit status is 1 when the paper's own cost of a lane does not lead to its ratios, or when the search finds nothing within a tenth of the time of
the project's overlay msq.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from sumtile.report import Column, Screen, open_screen
from sumtile.report.text import duration

if TYPE_CHECKING:
    from sumtile.explore import Point
    from sumtile.explore.group import Field
    from sumtile.network import Network

FULL = 0.80
"""Share of the LUTs up to which the paper adds SP2 lanes."""

SLOWER = 1.1
"""How much slower than the project's overlay the fastest design may be, which has to leave 15 % of the device free."""

FIXED, BLOCK_IN = 16, 16
"""Fixed output lanes and input lanes of the paper's array."""


@dataclass(frozen=True)
class Paper:
    """What the paper tells about a device.

    Attributes:
        columns: its batch of output columns.
        without, luts: share of the LUTs without SP2 lanes and with its best ratio.
        sp2: SP2 output lanes of that.
    """

    columns: int
    without: float
    luts: float
    sp2: int

    def lane_luts(self, available: int) -> float:
        """LUTs of an SP2 lane: what was added, by the lanes that were."""
        return (self.luts - self.without) * available / (self.sp2 * BLOCK_IN * self.columns)

    def share(self, sp2: int) -> float:
        """Share of the LUTs with other numbers of lanes."""
        return self.without + (self.luts - self.without) * sp2 / self.sp2


PAPERS = {"pynq-z2": Paper(1, 0.45, 0.77, 24), "zc706": Paper(4, 0.24, 0.72, 32)}

_RATIO_COLUMNS = (
    Column("board", style="bold"),
    Column("fixed:SP2"),
    Column("LUTs, paper's lanes", right=True),
    Column("LUTs, ours", right=True),
    Column("DSPs", right=True),
    Column("engine ms", right=True),
    Column("lanes", right=True),
)

_FASTEST_COLUMNS = (
    Column("fastest", style="bold"),
    Column("lanes"),
    Column("fixed:SP2"),
    Column("engine ms", right=True),
    Column("with host", right=True),
    Column("LUT", right=True),
    Column("DSP", right=True),
    Column("BRAM", right=True),
)


def main(argv: list[str] | None = None) -> int:
    """Runs the parts that were asked for and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="ratio or front (default: both)")
    parser.add_argument("--board", choices=PAPERS, action="append", help="only this board")
    parser.add_argument("--picture", metavar="FILE", help="draw the front of the first board into a PNG, PDF or SVG file; needs matplotlib")
    arguments = parser.parse_args(argv)
    known = {"ratio": ratio, "front": lambda screen, network, boards: front(screen, network, boards, arguments.picture)}
    parts = arguments.parts or list(known)
    if unknown := [part for part in parts if part not in known]:
        parser.error(f"there is no part '{unknown[0]}'; choose among {', '.join(known)}")
    screen, network = open_screen(sys.stdout), resnet()
    met = [known[part](screen, network, arguments.board or list(PAPERS)) for part in parts]
    return 0 if all(met) else 1


def ratio(screen: Screen, network: Network, boards: list[str]) -> bool:
    """Prints a table of each board; true when the paper's costs lead to the paper's ratios."""
    rows, sentences, met = [], [], True
    for board in boards:
        paper, field = PAPERS[board], make_field(network, board)
        available = field.base.board.budget["lut"]
        points = {sp2: planned(field, paper, sp2) for sp2 in range(8, 49, 8)}
        for sp2, point in points.items():
            shares = [f"{paper.share(sp2):.0%}", f"{point.share('lut'):.0%}", f"{point.share('dsp'):.0%}"]
            rows.append((board, f"{FIXED}:{sp2} (1:{sp2 / FIXED:g})", *shares, f"{1e3 * point.engine_seconds:.1f}", f"{BLOCK_IN * (FIXED + sp2) * paper.columns}"))
        theirs = max(sp2 for sp2 in points if paper.share(sp2) <= FULL)
        ours = max((sp2 for sp2, point in points.items() if point.share("lut") <= FULL), default=0)
        slope = (points[40].share("lut") - points[8].share("lut")) * available / (32 * BLOCK_IN * paper.columns)
        rest = points[8].share("lut") * available - 8 * slope * BLOCK_IN * paper.columns
        met = met and theirs == paper.sp2
        sentences.append(
            f"{board}: below {FULL:.0%} of the LUTs, 1:{theirs / FIXED:g} by the paper's {paper.lane_luts(available):.1f} LUTs a lane beside {paper.without:.0%} for the rest, and "
            f"1:{ours / FIXED:g} by our {slope:.1f} LUTs a lane (multiplier, tree, accumulator and its share of what follows) beside {rest / available:.0%}"
        )
    screen.table(_RATIO_COLUMNS, rows)
    screen.line()
    for sentence in sentences:
        screen.line(sentence)
    return met


def front(screen: Screen, network: Network, boards: list[str], picture: str | None) -> bool:
    """Searches each board and prints its front, and the fastest design of each ratio; true when the fastest of all is within a tenth of the project's overlay."""
    from sumtile.explore import explore, group_count
    from sumtile.explore.overlays import lanes_text, overlays_of, ratio_text
    from sumtile.explore.picture import exploration_figure
    from sumtile.explore.show import show_exploration

    met, processes = True, len(os.sched_getaffinity(0))
    for index, board in enumerate(boards):
        begin, own, field = time.monotonic(), project_point(network, board), make_field(network, board)
        with open_screen(sys.stderr).progress(f"searching {board}", group_count([field]), "combinations of lanes") as advance:
            found = explore([field], processes, advance)
        seconds = time.monotonic() - begin
        show_exploration(screen, found, 12)
        screen.line()
        rows = []
        for share in field.shares:
            overlay, point = next((overlay, point) for overlay, point in zip(overlays_of(found), found.points) if point.design.fixed == share)
            used = [f"{point.share(resource):.0%}" for resource in ("lut", "dsp", "bram36")]
            rows.append((overlay.name, lanes_text(point), ratio_text(point), f"{1e3 * point.engine_seconds:.2f}", f"{1e3 * point.seconds:.2f}", *used))
        screen.table(_FASTEST_COLUMNS, rows)
        best = found.points[0]
        screen.line()
        screen.line(f"searched in {duration(seconds)} with {processes} processes")
        screen.line(
            f"overlay msq: {1e3 * own.engine_seconds:.2f} ms of the engine with {own.fill:.0%} of its fullest resource; "
            f"fastest design: {1e3 * best.engine_seconds:.2f} ms with {best.fill:.0%}"
        )
        screen.line()
        met = met and best.engine_seconds <= SLOWER * own.engine_seconds
        if picture and index == 0:
            exploration_figure(found).savefig(picture, dpi=80)
    return met


def resnet() -> Network:
    """ResNet-18 at 224 x 224 with random weights."""
    from sumtile.frontend import import_onnx
    from sumtile.train.zoo import export_model, resnet18

    with tempfile.TemporaryDirectory() as folder:
        export_model(resnet18(), Path(folder) / "resnet18.onnx")
        return import_onnx(Path(folder) / "resnet18.onnx")


def make_field(network: Network, board: str) -> Field:
    """MSQ with 4 bits in all layers, on a board."""
    from sumtile.explore import Arithmetic
    from sumtile.explore import make_field as make

    return make(network, board, Arithmetic("msq", ends=4))


def planned(field: Field, paper: Paper, sp2: int) -> Point:
    """The paper's array with so many SP2 lanes, fed as the project's overlay is."""
    from sumtile.explore import Design, Lanes, Point, Supply

    engine, to = field.base.engine, FIXED + sp2
    supply = Supply(4, engine.weight_streams, engine.feature_words, engine.weight_tiles, 1024, engine.pool_beats)
    design = Design(field.arithmetic, Lanes(BLOCK_IN, to, paper.columns), supply, Fraction(FIXED, to))
    plan = field.plan(design)
    return Point(design, plan.engine_seconds, plan.host_seconds, plan.budget)


def project_point(network: Network, board: str) -> Point:
    """The project's overlay msq as a point, with its small array."""
    from sumtile.compiler import blank_network, plan_network
    from sumtile.explore import Arithmetic, Design, Lanes, Point, Supply
    from sumtile.overlay import Overlay

    overlay = Overlay.load("msq", board)
    engine = overlay.engine
    share = Fraction(engine.arrays[0].fixed_lanes, engine.to)
    arithmetic = Arithmetic("msq", ends=4)
    plan = plan_network(blank_network(network, arithmetic.rules(share)), overlay)
    supply = Supply(engine.scale_fold, engine.weight_streams, engine.feature_words, engine.weight_tiles, engine.reorder_words, engine.pool_beats)
    return Point(Design(arithmetic, Lanes(engine.ti, engine.to, engine.tp), supply, share), plan.engine_seconds, plan.host_seconds, plan.budget)


if __name__ == "__main__":
    raise SystemExit(main())
