# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Reads the reports of Vitis HLS and Vivado: ``csynth.xml``, and what ``report_utilization`` and ``report_timing_summary`` write.

The forms are those of 2019 to 2024: a table of utilization has a column "Prohibited" from 2021 on; Zynq-7000 counts slices where
UltraScale+ counts CLBs; titles may carry the star of a footnote; Vivado HLS calls DSPs ``DSP48E``.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sumtile.errors import SumtileError
from sumtile.files import regular_file
from sumtile.overlay.estimate import Resources

_ROWS = {
    "lut": ("Slice LUTs", "CLB LUTs"),
    "ff": ("Slice Registers", "CLB Registers"),
    "bram36": ("Block RAM Tile",),
    "dsp": ("DSPs",),
}
"""Rows of the utilization report by resource, as they are called on Zynq-7000 and on UltraScale+."""

_SUMMARY = "| Design Timing Summary"


@dataclass(frozen=True)
class Synthesis:
    """What Vitis HLS estimates of a kernel.

    Attributes:
        bram18: block RAMs of 18 Kib.
        clock_ns: shortest period that it expects to reach.
    """

    lut: int
    ff: int
    bram18: int
    dsp: int
    clock_ns: float


@dataclass(frozen=True)
class Header:
    """The head of a report of Vivado; a field is empty where the report does not tell.

    Attributes:
        tool: program and version.
        date: when it was written, ISO 8601 where it is readable.
        device: device and package, spelled as the report does.
    """

    tool: str
    date: str
    device: str


def read_csynth(path: Path, top: str) -> Synthesis:
    """Reads ``<top>_csynth.xml`` or ``csynth.xml``.

    Raises:
        SumtileError: no such file, another form, or a report of another top function.
    """
    try:
        profile = ElementTree.fromstring(_text(path))
    except ElementTree.ParseError as error:
        raise _unreadable(path, f"no XML ({error})", "the csynth report of Vitis HLS") from None
    name = (profile.findtext("UserAssignments/TopModelName") or top).strip()
    if name != top:
        raise SumtileError(f"{path} is about the top function '{name}', but this overlay has '{top}'; run the step csynth again.")

    def number(*places: str) -> float:
        texts = [text for text in map(profile.findtext, places) if text is not None]
        if not texts:
            raise _unreadable(path, "no " + " and no ".join(places), "the csynth report of Vitis HLS")
        return _number(path, places[0], texts[0])

    area = "AreaEstimates/Resources/"
    return Synthesis(
        lut=int(number(area + "LUT")),
        ff=int(number(area + "FF")),
        bram18=int(number(area + "BRAM_18K")),
        dsp=int(number(area + "DSP", area + "DSP48E")),
        clock_ns=number("PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod"),
    )


def read_utilization(path: Path) -> Resources:
    """Reads the used resources of the whole design from a report of ``report_utilization``. A block RAM of 18 Kib is half a ``bram36``.

    Raises:
        SumtileError: no such file, or another form.
    """
    used = _used(path)
    found = {}
    for resource, titles in _ROWS.items():
        present = [title for title in titles if title in used]
        if not present:
            raise _unreadable(path, f"no row '{' or '.join(titles)}'", "a report of report_utilization without -hierarchical")
        found[resource] = _number(path, present[0], used[present[0]])
    return Resources(**found)


def read_timing(path: Path) -> tuple[float, float]:
    """Reads the worst slack of setup and of hold, ns, from a report of ``report_timing_summary``; a negative one misses the clock.

    Raises:
        SumtileError: no such file, another form, or a design without a clock, which has no slack.
    """
    lines = _text(path).splitlines()
    begin = next((index for index, line in enumerate(lines) if line.strip() == _SUMMARY), len(lines))
    titles: list[str] = []
    for line in lines[begin:]:
        words = line.split()
        if "WNS(ns)" in words:
            titles = re.split(r"\s{2,}", line.strip())
        elif titles and words and not set(line) <= {"-", " "}:
            return _slack(path, titles, words, "WNS(ns)"), _slack(path, titles, words, "WHS(ns)")
    raise _unreadable(path, "no table 'Design Timing Summary'", "a report of report_timing_summary")


def read_header(path: Path) -> Header:
    """Reads the head of a report of Vivado; SumtileError when there is no such file."""
    fields = dict(re.findall(r"^\| ([A-Z][A-Za-z ]*?) *: (.*?) *$", _text(path)[:10_000], re.MULTILINE))
    tool = re.match(r"(\w+) v\.?(\S+)", fields.get("Tool Version", ""))
    return Header(f"{tool[1]} {tool[2]}" if tool else "", _iso(fields.get("Date", "")), fields.get("Device", ""))


def is_about(device: str, part: str) -> bool:
    """Whether the device of a report is this part: reports leave out ``xc``, hyphens, the speed grade or the temperature range."""
    shorter, longer = sorted((_bare(device), _bare(part)), key=len)
    return bool(shorter) and longer.startswith(shorter)


def _bare(part: str) -> str:
    return part.lower().removeprefix("xc").replace("-", "")


def _used(path: Path) -> dict[str, str]:
    """The column "Used" of all tables of sites, by title without footnote star; a title counts where it comes first."""
    used: dict[str, str] = {}
    column = 0
    for line in _text(path).splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if cells[0] == "Site Type":
                column = cells.index("Used") if "Used" in cells else 0
            elif column and column < len(cells):
                used.setdefault(cells[0].rstrip("*").strip(), cells[column])
        elif not line.startswith("+"):
            column = 0
    return used


def _slack(path: Path, titles: list[str], words: list[str], title: str) -> float:
    if title not in titles or titles.index(title) >= len(words):
        raise _unreadable(path, f"no column {title}", "a report of report_timing_summary")
    text = words[titles.index(title)]
    if text == "NA":
        raise SumtileError(f"{path} has no {title}, so the design has no timed path, but its clock must reach all blocks; see the warnings of the tool.")
    return _number(path, title, text)


def _number(path: Path, what: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _unreadable(path, f"'{text.strip()}' as {what}", "a number there")
    return value


def _iso(date: str) -> str:
    """``Tue Jan  9 13:14:30 2024`` as ``2024-01-09T13:14:30``; another text as it is."""
    try:
        return datetime.strptime(date, "%a %b %d %H:%M:%S %Y").isoformat()
    except ValueError:
        return date


def _text(path: Path) -> str:
    try:
        return regular_file(path, "report").read_text("utf-8", "replace")
    except OSError as error:
        raise SumtileError(f"report {path} cannot be read ({error.strerror or error}); check its permissions.") from None


def _unreadable(path: Path, found: str, expected: str) -> SumtileError:
    return SumtileError(f"report {path} has {found}, but {expected} is expected; build again with a version of the tools that docs/build.md names, or report the new form.")
