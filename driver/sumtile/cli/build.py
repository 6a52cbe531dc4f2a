# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile build``: an overlay's bitstream with Vitis HLS and Vivado."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sumtile.cli.arguments import positive
from sumtile.errors import SumtileError
from sumtile.report import open_screen

if TYPE_CHECKING:
    from sumtile.cli.build_job import BuildJob
    from sumtile.overlay import Overlay
    from sumtile.report import Screen

_EPILOG = """\
examples:
  sumtile build adder --board pynq-z2                       kernel, design, bitstream
  sumtile build adder --board pynq-z2 --dry-run             what that would run, and where
  sumtile build msq --board zc706 --steps csynth            synthesize the kernel only
  sumtile build msq --board zc706 --steps bitstream         go on from an exported kernel
  sumtile build adder --tool /tools/Xilinx/2025.1           with this installation
  sumtile build adder --board pynq-z2 --report              resources and timing of the last build

Steps, in this order; 'all' is every one:
  csim       compile and run the C++ testbench on golden vectors      Vitis HLS
  csynth     C++ to RTL, with an estimate of area and clock           Vitis HLS
  cosim      the testbench against the RTL; slow                      Vitis HLS
  export     pack the kernel as an IP                                 Vitis HLS
  bitstream  block design, implementation, timing check, .bit, .hwh   Vivado

Vitis HLS is vitis_hls or, where that is gone, vitis-run. Both tools are looked for in the path, in
$XILINX_HLS, $XILINX_VITIS and $XILINX_VIVADO, and below Xilinx or AMDDesignTools in /tools and
/opt, where the newest counts. Results go to build/hls/BOARD/OVERLAY or to $SUMTILE_BUILD, the tool's whole output
to logs/ in it.

A design that by estimate does not fit is refused with the figures, and one that misses its clock is
not delivered. Ctrl-C ends the tool with all its processes. The exit status is 2 when something is
missing or a step fails."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "build",
        help="build an overlay's bitstream with Vitis HLS and Vivado",
        description="Builds an overlay for a board with the vendor's tools: shows the plan, follows the tools, and puts their reports beside the estimate.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("overlay", metavar="OVERLAY", nargs="?", default="adder", help="overlay to build: its name, or the JSON file that describes it (default: adder)")
    parser.add_argument("--board", metavar="NAME", default="zcu102", help="board to build for (default: zcu102)")
    parser.add_argument("--steps", metavar="STEPS", default="csynth,export,bitstream", help="what to do, with commas (default: csynth,export,bitstream)")
    parser.add_argument("--tool", metavar="PATH", type=Path, action="append", default=[], help="a program of the vendor, or the folder of an installation; may be repeated")
    parser.add_argument("--jobs", metavar="N", type=positive, default=4, help="processes of Vivado (default: 4)")
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder that gets BOARD/OVERLAY.bit, .hwh and .report.json (default: the overlays' own)")
    parser.add_argument("--force", action="store_true", help="build although the estimate says that it does not fit")
    parser.add_argument("--quiet-timeout", metavar="MINUTES", type=_minutes, default=60.0, help="end a tool that shows no sign of life for so long (default: 60)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="show the plan and run nothing")
    what.add_argument("--report", action="store_true", help="show what the last build has come to and run nothing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    from sumtile.cli.build_job import BuildJob, parse_steps
    from sumtile.cli.overlays import load_overlay, own_folder
    from sumtile.overlay.resources import build_folder, overlays_folder

    screen = open_screen(sys.stdout)
    overlay, own = load_overlay(arguments.overlay, arguments.board), own_folder(arguments.overlay)
    job = BuildJob(
        overlay=overlay,
        steps=parse_steps(arguments.steps),
        build=build_folder(arguments.board, overlay.name),
        out=(arguments.out or own or overlays_folder()).absolute(),
        jobs=arguments.jobs,
        force=arguments.force,
        silence=60 * arguments.quiet_timeout,
        descriptions=own,
    )
    if arguments.report:
        if not _show_results(screen, job):
            raise SumtileError(f"overlay '{overlay.name}' was not built for board '{overlay.board.name}': {job.build} has no report; run 'sumtile build' without --report first.")
        return 0
    _build(screen, job, arguments.tool, arguments.dry_run)
    return 0


def _build(screen: Screen, job: BuildJob, named: list[Path], dry: bool) -> None:
    """Shows the plan and, unless ``dry``, does it."""
    from sumtile.cli.vendor_tools import check_named

    check_named(named)
    job.check()
    stages, missing = job.stages(named)
    _show_plan(screen, job)
    for stage in stages:
        screen.line(f"{stage.title}  {' '.join(stage.steps)}", style="bold")
        screen.line(f"  runs   {' '.join(stage.call.command) if stage.tool else 'nothing: it was not found'}")
        if stage.tool:
            screen.line(f"  log    {stage.call.log}")
        for made in stage.makes:
            screen.line(f"  makes  {made}")
    versions = {stage.tool.version for stage in stages if stage.tool}
    if len(versions) > 1:
        screen.line(f"hint: the tools are of different versions ({', '.join(sorted(versions))}); an older Vivado may refuse the kernel of a newer Vitis HLS.", style="yellow")
    screen.line()
    if missing:
        sys.stdout.flush()
        raise missing
    if dry:
        return
    for stage in stages:
        job.run(stage, screen)
    screen.line()
    _show_results(screen, job)
    if "bitstream" in job.steps:
        screen.line("built " + ", ".join(map(str, job.deliveries)), style="bold green")


def _show_plan(screen: Screen, job: BuildJob) -> None:
    from sumtile.overlay.estimate import budget
    from sumtile.report.plan import RESOURCES

    overlay, engine = job.overlay, job.overlay.engine
    uses = ", ".join(f"{use.used / use.available:.0%} of {RESOURCES[use.resource]}" for use in budget(overlay))
    screen.line(
        f"overlay {overlay.name} for {overlay.board.title}: {overlay.board.part}, {overlay.clock_mhz:g} MHz, {engine.top} with {engine.ti} x {engine.to} x {engine.tp} lanes"
    )
    screen.line(f"by estimate it takes {uses}")
    screen.line(f"folder {job.build}")
    screen.line()


def _show_results(screen: Screen, job: BuildJob) -> bool:
    """Shows resources and timing as far as there are reports; False when there are none."""
    from sumtile.report.build import show_resources, show_timing

    csynth, implementation = job.results()
    if csynth is None and implementation is None:
        return False
    resources, timing = implementation or (None, None)
    show_resources(screen, job.overlay, csynth, resources)
    show_timing(screen, job.overlay, csynth, timing)
    _warn_of_age(screen, job.overlay, job.deliveries[-1])
    return True


def _warn_of_age(screen: Screen, overlay: Overlay, path: Path) -> None:
    """A bitstream of another description would be refused when it is loaded."""
    from sumtile.overlay.build_report import load_report

    if path.exists():
        built = load_report(path).stamp
        if built != f"0x{overlay.stamp:08X}":
            screen.line(f"hint: {path} is of another description (stamp {built}, now 0x{overlay.stamp:08X}); build the bitstream again.", style="yellow")


def _minutes(text: str) -> float:
    """Minutes above zero, fractions included."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of minutes above zero")
    return value
