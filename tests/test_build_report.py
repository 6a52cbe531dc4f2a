# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The reports of Vitis HLS and Vivado in the forms of several versions, and the report of an overlay that comes of them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sumtile.errors import SumtileError
from sumtile.overlay import Overlay
from sumtile.overlay.build_report import load_report, read_synthesis, write_report
from sumtile.overlay.estimate import Resources
from sumtile.overlay.vendor_reports import Synthesis, is_about, read_csynth, read_header, read_timing, read_utilization
from tests.support.reports import csynth_xml, timing, utilization

DRIVER = Path(__file__).resolve().parents[1] / "driver"


def written(folder: Path, text: str) -> Path:
    path = folder / "report"
    path.write_text(text)
    return path


@pytest.mark.parametrize("dsp_tag", ["DSP", "DSP48E"])
def test_csynth_is_read_of_the_top_function(tmp_path: Path, dsp_tag: str) -> None:
    path = written(tmp_path, csynth_xml(lut=1, ff=2, bram18=3, dsp=4, clock="7.300", dsp_tag=dsp_tag))
    assert read_csynth(path, "adder_conv") == Synthesis(lut=1, ff=2, bram18=3, dsp=4, clock_ns=7.3)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (csynth_xml(top="mac_conv"), "is about the top function 'mac_conv', but this overlay has 'adder_conv'; run the step csynth again"),
        (csynth_xml(dsp_tag="DSPs"), "no AreaEstimates/Resources/DSP and no AreaEstimates/Resources/DSP48E, but the csynth report"),
        (csynth_xml(lut="~0"), "'~0' as AreaEstimates/Resources/LUT, but a number"),
        (csynth_xml(clock="nan"), "'nan' as PerformanceEstimates"),
        ("<profile><AreaEstimates>", "no XML"),
        ("", "no XML"),
    ],
)
def test_another_csynth_report_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SumtileError) as caught:
        read_csynth(written(tmp_path, text), "adder_conv")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("ultrascale", [False, True])
@pytest.mark.parametrize("version", ["2019.1", "2020.2", "2021.1", "2021.2", "2022.2", "2023.2", "2024.1"])
def test_utilization_is_read_of_every_version(tmp_path: Path, version: str, ultrascale: bool) -> None:
    path = written(tmp_path, utilization(version, ultrascale=ultrascale, lut=39876, ff=51234, ramb36=61, ramb18=5, dsp=24))
    assert ("Prohibited" in path.read_text()) == (version >= "2021.2")
    assert read_utilization(path) == Resources(lut=39876, ff=51234, bram36=63.5, dsp=24)
    head = read_header(path)
    assert (head.tool, head.date, head.device) == (f"Vivado {version}", "2024-01-09T13:14:30", "xc7z020clg400-1")


@pytest.mark.parametrize(("ramb36", "ramb18", "tiles"), [(0, 0, 0), (0, 1, 0.5), (3, 2, 4), (139, 0, 139)])
def test_a_small_block_ram_is_half_a_large_one(tmp_path: Path, ramb36: int, ramb18: int, tiles: float) -> None:
    assert read_utilization(written(tmp_path, utilization(ramb36=ramb36, ramb18=ramb18))).bram36 == tiles


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (utilization().replace("| Slice LUTs", "| Logic cells"), "no row 'Slice LUTs or CLB LUTs', but a report of report_utilization"),
        (utilization().replace("DSPs ", "MULT "), "no row 'DSPs'"),
        (utilization().replace(" Used ", " Gone "), "no row 'Slice LUTs or CLB LUTs'"),
        (utilization(lut="many"), "'many' as Slice LUTs"),
        (timing(), "no row"),
        ("", "no row"),
    ],
)
def test_another_utilization_report_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SumtileError) as caught:
        read_utilization(written(tmp_path, text))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(("wns", "whs"), [(0.123, 0.021), (-1.25, 0.0), (12.5, -0.003)])
def test_timing_is_read_of_the_design_and_not_of_a_clock(tmp_path: Path, wns: float, whs: float) -> None:
    assert read_timing(written(tmp_path, timing(wns, whs))) == (wns, whs)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (timing(wns="NA", whs="NA"), "has no WNS(ns), so the design has no timed path"),
        (timing().replace("Design Timing Summary", "Summary"), "no table 'Design Timing Summary'"),
        (timing().replace("WHS(ns)", "XHS(ns)"), "no column WHS(ns)"),
        (timing().split("All user")[0].replace("0.123", "").rstrip().rsplit("\n", 1)[0], "no table 'Design Timing Summary'"),
        (timing(wns="fast"), "'fast' as WNS(ns)"),
        (utilization(), "no table 'Design Timing Summary'"),
    ],
)
def test_another_timing_report_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SumtileError) as caught:
        read_timing(written(tmp_path, text))
    assert sentence in str(caught.value)


def test_a_missing_report_is_told(tmp_path: Path) -> None:
    for read in (read_utilization, read_timing, read_header):
        with pytest.raises(SumtileError, match="there is no report .*nothing; check the path"):
            read(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("device", "part", "same"),
    [
        ("7z020clg400-1", "xc7z020clg400-1", True),
        ("7z020-clg400", "xc7z020clg400-1", True),
        ("xczu9eg-ffvb1156", "xczu9eg-ffvb1156-2-e", True),
        ("xczu9egffvb1156-2", "xczu9eg-ffvb1156-2-e", True),
        ("xczu3eg-sbva484-1-e", "xczu9eg-ffvb1156-2-e", False),
        ("7z010clg400-1", "xc7z020clg400-1", False),
        ("", "xc7z020clg400-1", False),
    ],
)
def test_a_device_is_known_in_each_spelling(device: str, part: str, same: bool) -> None:
    assert is_about(device, part) == same


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """What a build of ``adder`` for the pynq-z2 leaves, and beside it the delivered pair in ``out``."""
    reports, synthesis, out = tmp_path / "build" / "reports", tmp_path / "build" / "adder_conv" / "solution" / "syn" / "report", tmp_path / "out"
    for folder in (reports, synthesis, out):
        folder.mkdir(parents=True)
    (reports / "utilization.rpt").write_text(utilization())
    (reports / "timing.rpt").write_text(timing())
    (synthesis / "csynth.xml").write_text(csynth_xml())
    (out / "adder.bit").write_bytes(b"bits")
    (out / "adder.hwh").write_bytes(b"blocks")
    return tmp_path / "build"


def test_the_report_holds_what_the_tools_told(build: Path) -> None:
    """In a Python process without site packages, as that of build.tcl may be: nothing but the standard library is imported."""
    path = build.parent / "out" / "adder.report.json"
    command = [sys.executable, "-S", "-m", "sumtile.overlay.build_report", "adder", "pynq-z2", str(build), str(path)]
    result = subprocess.run(command, env={"PYTHONPATH": str(DRIVER)}, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr, result.stdout) == (0, "", f"wrote {path}\n")
    overlay = Overlay.load("adder", "pynq-z2")
    assert json.loads(path.read_text()) == {
        "overlay": "adder",
        "board": "pynq-z2",
        "part": "xc7z020clg400-1",
        "stamp": f"0x{overlay.stamp:08X}",
        "clock_mhz": 100.0,
        "tool": "Vivado 2023.2",
        "date": "2024-01-09T13:14:30",
        "files": {"bit": hashlib.sha256(b"bits").hexdigest(), "hwh": hashlib.sha256(b"blocks").hexdigest()},
        "resources": {"lut": 39876, "ff": 51234, "bram36": 63.5, "dsp": 24},
        "timing": {"wns_ns": 0.123, "whs_ns": 0.021},
        "csynth": {"lut": 31234, "ff": 45678, "bram18": 93, "dsp": 24, "clock_ns": 7.3},
    }
    assert load_report(path).resources.bram36 == 63.5


def test_the_report_of_the_kernel_may_be_gone(build: Path) -> None:
    (build / "adder_conv" / "solution" / "syn" / "report" / "csynth.xml").unlink()
    path = build.parent / "out" / "adder.report.json"
    overlay = Overlay.load("adder", "pynq-z2")
    assert read_synthesis(overlay, build) is None
    write_report(overlay, str(build), str(path))
    assert "csynth" not in json.loads(path.read_text()) and load_report(path).csynth is None


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("reports/timing.rpt", timing(wns=-0.25), "the worst slack is -0.25 ns at 100 MHz"),
        ("reports/timing.rpt", timing(whs=-0.001), "the worst slack is -0.001 ns at 100 MHz"),
        ("reports/utilization.rpt", utilization(device="xczu9eg-ffvb1156-2-e"), "is about the device xczu9eg-ffvb1156-2-e, but board 'pynq-z2' has xc7z020clg400-1"),
        ("adder_conv/solution/syn/report/adder_conv_csynth.xml", csynth_xml(top="other"), "is about the top function 'other'"),
    ],
)
def test_a_build_that_is_not_of_this_overlay_has_no_report(build: Path, file: str, text: str, sentence: str) -> None:
    (build / file).write_text(text)
    path = build.parent / "out" / "adder.report.json"
    with pytest.raises(SumtileError) as caught:
        write_report(Overlay.load("adder", "pynq-z2"), str(build), str(path))
    assert sentence in str(caught.value)
    assert not path.exists()


def test_the_pair_must_be_there(build: Path) -> None:
    (build.parent / "out" / "adder.hwh").unlink()
    with pytest.raises(SumtileError, match="there is no file of the bitstream .*adder.hwh"):
        write_report(Overlay.load("adder", "pynq-z2"), str(build), str(build.parent / "out" / "adder.report.json"))


@pytest.mark.parametrize(("text", "sentence"), [("{", "cannot be read"), ("[]", "holds no JSON object"), ('{"overlay": "adder"}', "the report lacks 'board'")])
def test_a_damaged_report_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SumtileError, match=sentence):
        load_report(written(tmp_path, text))
