# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What is known of a built overlay: ``overlays/<board>/<name>.report.json``, gathered from the reports of the vendor's tools.

``python -m sumtile.overlay.build_report OVERLAY BOARD BUILD OUTPUT`` writes it for the build in the folder ``BUILD``, beside the
``.bit`` and the ``.hwh``; ``build.tcl`` does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sumtile.errors import SumtileError
from sumtile.fields import from_json
from sumtile.files import regular_file, write_whole
from sumtile.overlay.command import print_about
from sumtile.overlay.description import Overlay
from sumtile.overlay.estimate import Resources
from sumtile.overlay.hls_project import hls_projects
from sumtile.overlay.vendor_reports import Synthesis, is_about, read_csynth, read_header, read_timing, read_utilization


@dataclass(frozen=True)
class Timing:
    """Worst slack of setup and of hold of the implemented design, ns; the clock is met where neither is negative."""

    wns_ns: float
    whs_ns: float

    @property
    def met(self) -> bool:
        """The design works at its clock."""
        return min(self.wns_ns, self.whs_ns) >= 0


@dataclass(frozen=True)
class BuildReport:
    """A built overlay.

    Attributes:
        stamp: the overlay's stamp, ``0x%08X``.
        tool: Vivado and its version; ``date`` when it reported, ISO 8601.
        files: SHA-256 of the ``bit`` and the ``hwh``.
        resources: what the whole implemented design takes.
        csynth: what Vitis HLS estimated of the kernels, their sum and their slowest clock.
    """

    overlay: str
    board: str
    part: str
    stamp: str
    clock_mhz: float
    tool: str
    date: str
    files: dict[str, str]
    resources: Resources
    timing: Timing
    csynth: Synthesis | None = None


def write_report(overlay: Overlay, build: str, output: str) -> str:
    """Writes the report of a build, and returns a line that names it.

    Args:
        overlay: the overlay on its board.
        build: folder of the results.
        output: ``<name>.report.json`` beside ``<name>.bit`` and ``<name>.hwh``.

    Raises:
        SumtileError: a file is missing, a report has another form, is of another device, or misses the clock.
    """
    path = Path(output)
    resources, timing = read_implementation(overlay, Path(build))
    if not timing.met:
        raise SumtileError(
            f"the worst slack is {min(timing.wns_ns, timing.whs_ns):g} ns at {overlay.clock_mhz:g} MHz, but it must not be negative; lower clock_mhz in the overlay's file."
        )
    header = read_header(timing_path(Path(build)))
    report = BuildReport(
        overlay=overlay.name,
        board=overlay.board.name,
        part=overlay.board.part,
        stamp=f"0x{overlay.stamp:08X}",
        clock_mhz=overlay.clock_mhz,
        tool=header.tool,
        date=header.date,
        files={kind: file_digest(path.parent / f"{overlay.name}.{kind}") for kind in ("bit", "hwh")},
        resources=resources,
        timing=timing,
        csynth=read_synthesis(overlay, Path(build)),
    )
    entries = {key: value for key, value in asdict(report).items() if value is not None}
    entries["resources"] = {name: int(used) if used == int(used) else used for name, used in entries["resources"].items()}
    try:
        write_whole(path, (json.dumps(entries, indent=2) + "\n").encode())
    except OSError as error:
        raise SumtileError(f"the report cannot be written to {path} ({error.strerror or error}); check the folder.") from None
    return f"wrote {path}\n"


def load_report(path: Path) -> BuildReport:
    """Reads what :func:`write_report` has written; SumtileError when there is none or it is damaged."""
    try:
        raw: Any = json.loads(regular_file(path, "report").read_bytes())
    except (ValueError, RecursionError, OSError) as error:
        raise SumtileError(f"report {path} cannot be read ({error}); build the overlay again.") from None
    if not isinstance(raw, dict):
        raise SumtileError(f"report {path} holds no JSON object; build the overlay again.")
    try:
        return from_json(BuildReport, raw, "the report")
    except SumtileError as error:
        raise SumtileError(f"{path}: {error}") from None


def file_digest(path: Path) -> str:
    """SHA-256 of a file of the bitstream, as ``BuildReport.files`` has it; SumtileError when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with regular_file(path, "file of the bitstream").open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        raise SumtileError(f"{path} cannot be read ({error.strerror or error}); check its permissions.") from None
    return digest.hexdigest()


def read_synthesis(overlay: Overlay, build: Path) -> Synthesis | None:
    """What Vitis HLS estimates of all kernels of a build; None when one of them was not synthesized.

    Raises:
        SumtileError: a report is there, and has another form or another top function.
    """
    kernels = []
    for project in hls_projects(overlay, "", ""):
        folder = build / project.top / "solution" / "syn" / "report"
        present = [path for path in (folder / f"{project.top}_csynth.xml", folder / "csynth.xml") if path.exists()]
        if not present:
            return None
        kernels.append(read_csynth(present[0], project.top))
    sums = {name: sum(getattr(kernel, name) for kernel in kernels) for name in ("lut", "ff", "bram18", "dsp")}
    return Synthesis(**sums, clock_ns=max(kernel.clock_ns for kernel in kernels))


def read_implementation(overlay: Overlay, build: Path) -> tuple[Resources, Timing]:
    """Resources and slack of the implemented design.

    Raises:
        SumtileError: a report is missing, has another form, or is of another device.
    """
    utilization, timing = utilization_path(build), timing_path(build)
    for path in (utilization, timing):
        device = read_header(path).device
        if device and not is_about(device, overlay.board.part):
            raise SumtileError(f"{path} is about the device {device}, but board '{overlay.board.name}' has {overlay.board.part}; build again.")
    return read_utilization(utilization), Timing(*read_timing(timing))


def utilization_path(build: Path) -> Path:
    """Where ``build.tcl`` has Vivado write what the design takes."""
    return build / "reports" / "utilization.rpt"


def timing_path(build: Path) -> Path:
    """Where ``build.tcl`` has Vivado write the slack."""
    return build / "reports" / "timing.rpt"


if __name__ == "__main__":
    raise SystemExit(print_about("sumtile.overlay.build_report", write_report, also=("BUILD", "OUTPUT")))
