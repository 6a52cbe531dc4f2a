# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""All checks of the sources, and of one kernel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hls_lint.finding import Finding
from hls_lint.kernel import Kernel
from hls_lint.placement import check_placement
from hls_lint.ports import Port, read_ports
from hls_lint.pragmas import Pragma, read_pragmas
from hls_lint.synthesis import check_synthesis


def read_sources(hls: Path) -> tuple[list[Pragma], set[Finding]]:
    """The pragmas of the files that an HLS tool gets to see, which are not those that simulate and test them; and what is wrong in the pragmas themselves.

    Args:
        hls: folder with ``include`` and ``kernels``.
    """
    pragmas: list[Pragma] = []
    findings: set[Finding] = set()
    for path in sorted(path for folder in ("include", "kernels") for path in (hls / folder).rglob("*") if path.suffix in (".cpp", ".hpp", ".h")):
        right, wrong = read_pragmas(path)
        pragmas += right
        findings.update(wrong)
    return pragmas, findings


def check_kernel(kernel: Kernel, pragmas: Sequence[Pragma]) -> tuple[list[Port], set[Finding]]:
    """The ports of a kernel, and what is wrong with it."""
    ports, findings = read_ports(kernel, pragmas)
    return ports, {*findings, *check_synthesis(kernel), *check_placement(kernel, pragmas)}
