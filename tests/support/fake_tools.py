# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Small shell scripts in the place of Vitis HLS and Vivado: they behave as processes do, and leave the files that a build of ``adder`` needs."""

from __future__ import annotations

from pathlib import Path

from tests.support.reports import csynth_xml, timing, utilization

DRIVER = Path(__file__).resolve().parents[2] / "driver"

KERNEL = """
echo "INFO: [HLS 200-1510] Running: csynth_design"
echo "WARNING: [HLS 207-5292] unused parameter 'last'"
mkdir -p "$SUMTILE_BUILD/adder_conv/solution/syn/report" "$SUMTILE_BUILD/adder_conv/solution/impl/ip"
cp "$here/csynth.xml" "$SUMTILE_BUILD/adder_conv/solution/syn/report/adder_conv_csynth.xml"
echo "INFO: [HLS 200-1510] Running: export_design -format ip_catalog"
touch "$SUMTILE_BUILD/adder_conv/solution/impl/ip/component.xml"
"""
"""What Vitis HLS does for the steps csynth and export."""

DESIGN = f"""
echo "[Tue Jan  9 13:00:00 2024] Launched impl_1..."
echo "Command: place_design"
echo "CRITICAL WARNING: [Vivado 12-4739] set_clock_groups: no valid object found" >&2
mkdir -p "$SUMTILE_BUILD/reports" "$SUMTILE_OUT/$SUMTILE_BOARD"
cp "$here/utilization.rpt" "$here/timing.rpt" "$SUMTILE_BUILD/reports"
echo bits > "$SUMTILE_OUT/$SUMTILE_BOARD/$SUMTILE_OVERLAY.bit"
echo blocks > "$SUMTILE_OUT/$SUMTILE_BOARD/$SUMTILE_OVERLAY.hwh"
PYTHONPATH={DRIVER} "$SUMTILE_PYTHON" -m sumtile.overlay.build_report "$SUMTILE_OVERLAY" "$SUMTILE_BOARD" \\
  "$SUMTILE_BUILD" "$SUMTILE_OUT/$SUMTILE_BOARD/$SUMTILE_OVERLAY.report.json"
"""
"""What Vivado does for the step bitstream."""

_SCRIPT = """#!/bin/sh
here=$(dirname "$0")
case "$*" in -version|--version) echo "$(basename "$0") v2023.2 (64-bit)"; exit;; esac
set -u
echo "$0 $@" >> "$here/calls"
env | grep ^SUMTILE_ | sort > "$here/$(basename "$0").env"
echo "****** $(basename "$0") v2023.2 (64-bit)"
%s
"""


def install(folder: Path, kernel: str = KERNEL, design: str = DESIGN, program: str = "vitis_hls") -> Path:
    """An installation with both tools in ``bin/``; returns its folder. Each call is written to ``bin/calls``, its options to ``bin/<program>.env``."""
    bin_ = folder / "bin"
    bin_.mkdir(parents=True)
    (bin_ / "csynth.xml").write_text(csynth_xml())
    (bin_ / "utilization.rpt").write_text(utilization())
    (bin_ / "timing.rpt").write_text(timing())
    for name, body in ((program, kernel), ("vivado", design)):
        (bin_ / name).write_text(_SCRIPT % body)
        (bin_ / name).chmod(0o755)
    return folder


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
