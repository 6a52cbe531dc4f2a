# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Looks through the kernel sources for what a C++ compiler for a PC accepts and an HLS tool does not.

    lint_hls.py                               all overlays on all boards that they are described for
    lint_hls.py --overlay adder --board zcu102
    lint_hls.py --json                        prints the kernels' ports as well, as JSON on standard output

Findings go to standard error, ``file:line: sentence``; the exit status is 1 when there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path

from sumtile.errors import SumtileError
from sumtile.overlay import Overlay, board_names, overlay_names
from sumtile.overlay.config_header import config_header
from sumtile.overlay.design import ENGINE, ENGINE_CONTROL, REGISTERS, dmas
from sumtile.overlay.hls_project import HlsProject, hls_projects

try:
    from hls_lint.checks import check_kernel, read_sources
    from hls_lint.finding import Finding
    from hls_lint.kernel import Kernel
    from hls_lint.ports import Port, compare
    from hls_lint.pragmas import Pragma
except ImportError as error:
    if error.name != "clang":
        raise
    sys.exit("libclang is not installed, but the kernel sources are parsed with it; pip install 'sumtile[lint]'.")

ROOT = Path(__file__).resolve().parents[1]
REGISTER_BITS = 32


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the checks; returns the exit status."""
    parser = argparse.ArgumentParser(description="Checks the kernel sources for an HLS tool.")
    parser.add_argument("--overlay", choices=overlay_names(), help="only this one")
    parser.add_argument("--board", choices=board_names(), help="only this one")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that has hls/")
    parser.add_argument("--json", action="store_true", help="print the ports of the kernels")
    options = parser.parse_args(arguments)
    try:
        kernels, findings = lint(options.root.resolve(), list(_overlays(options.overlay, options.board)))
    except SumtileError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps({"kernels": kernels}, indent=2))
    for finding in findings:
        path = finding.path.relative_to(ROOT) if ROOT in finding.path.parents else finding.path
        print(f"{path}:{finding.line}: {finding.sentence}", file=sys.stderr)
    return 1 if findings else 0


def lint(root: Path, overlays: Sequence[Overlay]) -> tuple[list[dict[str, object]], list[Finding]]:
    """Checks the sources in ``root/hls`` for each overlay.

    Returns:
        The kernels with their ports, and the findings in the order of the sources, each once.

    Raises:
        SumtileError: a source does not compile.
    """
    pragmas, findings = read_sources(root / "hls")
    kernels = []
    workers = min(len(overlays), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers) if workers > 1 else nullcontext() as pool:
        check = partial(_lint_overlay, root, pragmas)
        for found_kernels, found in pool.map(check, overlays) if pool else map(check, overlays):
            kernels += found_kernels
            findings.update(found)
    return kernels, sorted(findings)


def _lint_overlay(root: Path, pragmas: Sequence[Pragma], overlay: Overlay) -> tuple[list[dict[str, object]], set[Finding]]:
    kernels: list[dict[str, object]] = []
    findings: set[Finding] = set()
    with tempfile.TemporaryDirectory() as build:
        config = Path(build) / "include" / "sumtile_config.hpp"
        config.parent.mkdir()
        config.write_text(config_header(overlay), encoding="utf-8")
        for project in hls_projects(overlay, str(root), build):
            source = Path(project.source)
            kernel = Kernel(project.top, source, project.flags.split())
            ports, wrong = check_kernel(kernel, pragmas)
            findings |= wrong
            design = compare(ports, expected_ports(overlay, project))
            findings |= {Finding(source, kernel.top.location.line, f"{overlay.name} on {overlay.board.name}: {sentence}") for sentence in design}
            names = {"overlay": overlay.name, "board": overlay.board.name, "instance": project.instance, "top": project.top}
            kernels.append({**names, "ports": [asdict(port) for port in ports]})
    return kernels, findings


def expected_ports(overlay: Overlay, project: HlsProject) -> list[Port]:
    """The ports of a kernel that the block design connects, and its registers in their order."""
    bits = (overlay.engine if project.instance == ENGINE else overlay.fully_connected).stream_bits
    ports = []
    for dma in dmas(overlay.engine, overlay.fc):
        if dma.engine == project.instance:
            ports.append(Port(dma.sends_to, "axis", "in", bits))
            ports += [Port(dma.receives_from, "axis", "out", bits)] if dma.receives_from else []
    bundle = ENGINE_CONTROL.removeprefix("s_axi_")
    return [*ports, *(Port(name, "s_axilite", "out", REGISTER_BITS, bundle) for name in REGISTERS)]


def _overlays(only_overlay: str | None, only_board: str | None) -> Iterator[Overlay]:
    for name in overlay_names():
        for board in board_names():
            if only_overlay in (None, name) and only_board in (None, board):
                yield Overlay.load(name, board)


if __name__ == "__main__":
    sys.exit(main())
