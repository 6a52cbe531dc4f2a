# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Files of a bitstream that do not belong together are refused by one sentence before pynq has loaded anything."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pynq.pl_server.embedded_device import parse_bit_header
from tests.support.bitstreams import bit_file, write_pair

from sumtile import SumtileError, runtime
from sumtile.emulated import open_board
from sumtile.emulated.hwh import hardware_handoff
from sumtile.overlay import Overlay
from sumtile.overlay.bit_header import BitHeader, read_bit_header
from sumtile.overlay.build_report import BuildReport, Timing, file_digest
from sumtile.overlay.estimate import Resources
from sumtile.overlay.pair import check_pair

OVERLAY = Overlay.load("adder", "pynq-z2")


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A pair of one build; path of the .bit."""
    return write_pair(OVERLAY, tmp_path)


def write_report(bitfile: Path, **changes: object) -> None:
    """The report of the build that made a pair."""
    report = {
        "overlay": OVERLAY.name,
        "board": OVERLAY.board.name,
        "part": OVERLAY.board.part,
        "stamp": f"0x{OVERLAY.stamp:08X}",
        "clock_mhz": OVERLAY.clock_mhz,
        "tool": "Vivado v.2023.2",
        "date": "2024-01-09T13:14:30",
        "files": {suffix: file_digest(bitfile.with_suffix(f".{suffix}")) for suffix in ("bit", "hwh")},
        "resources": {"lut": 1, "ff": 1, "bram36": 0.5, "dsp": 1},
        "timing": {"wns_ns": 0.1, "whs_ns": 0.01},
    }
    bitfile.with_suffix(".report.json").write_text(json.dumps({**report, **changes}))


def refused(bitfile: Path, sentence: str) -> None:
    with pytest.raises(SumtileError, match=sentence) as refusal:
        check_pair(OVERLAY, bitfile)
    assert "\n" not in str(refusal.value) and str(refusal.value).endswith(".")


def test_header_is_the_one_that_pynq_reads(pair: Path) -> None:
    assert read_bit_header(pair) == BitHeader("adder_wrapper", "7z020clg400", "2024/01/09 13:14:30", 0)
    theirs = parse_bit_header(pair.read_bytes())
    assert (theirs["design"], theirs["part"], f"{theirs['date']} {theirs['time']}") == ("adder_wrapper", "7z020clg400", "2024/01/09 13:14:30")


def test_every_beginning_of_a_header_is_none(pair: Path) -> None:
    whole = pair.read_bytes()
    end = whole.index(b"13:14:30") + len(b"13:14:30") + 6
    for length in range(end):
        pair.write_bytes(whole[:length])
        assert read_bit_header(pair) is None
    pair.write_bytes(whole[:end])
    assert read_bit_header(pair) == BitHeader("adder_wrapper", "7z020clg400", "2024/01/09 13:14:30", len(whole) - end)


@pytest.mark.parametrize("spelling", ["7z020clg400", "xc7z020clg400-1", "xc7z020-clg400"])
def test_a_pair_of_one_build_passes_with_and_without_its_report(pair: Path, spelling: str) -> None:
    pair.write_bytes(bit_file("adder_wrapper", spelling))
    check_pair(OVERLAY, pair)
    write_report(pair)
    check_pair(OVERLAY, pair)
    pair.write_bytes(b"no header, as on the emulated board")
    write_report(pair)
    check_pair(OVERLAY, pair)


def test_a_design_of_a_top_module_of_ones_own_passes(pair: Path) -> None:
    pair.write_bytes(bit_file("my_top", "7z020clg400"))
    check_pair(OVERLAY, pair)


@pytest.mark.parametrize("missing", [".bit", ".hwh"])
def test_missing_file(pair: Path, missing: str) -> None:
    pair.with_suffix(missing).unlink()
    refused(pair, rf"adder\{missing} is missing; a bitstream needs its \.bit and \.hwh of one stem")


def test_bitstream_for_another_part(pair: Path) -> None:
    pair.write_bytes(bit_file("adder_wrapper", "7z045ffg900"))
    refused(pair, r"adder\.bit is for the part 7z045ffg900, but board 'pynq-z2' has xc7z020clg400-1; build overlay 'adder' for this board")


def test_handoff_of_another_part(pair: Path) -> None:
    pair.with_suffix(".hwh").write_bytes(hardware_handoff(Overlay.load("adder", "zcu102")))
    refused(pair, r"adder\.hwh is for the part xczu9egffvb1156, but board 'pynq-z2' has xc7z020clg400-1")


def test_the_package_counts(pair: Path) -> None:
    handoff = pair.with_suffix(".hwh")
    text = handoff.read_text()
    assert 'PACKAGE="clg400"' in text
    handoff.write_text(text.replace('PACKAGE="clg400"', 'PACKAGE="clg484"'))
    refused(pair, r"adder\.hwh is for the part 7z020clg484, but")


def test_handoff_of_another_overlay(pair: Path) -> None:
    pair.with_suffix(".hwh").write_bytes(hardware_handoff(Overlay.load("fixed8", "pynq-z2")))
    refused(pair, r"adder\.bit holds the design 'adder', but adder\.hwh beside it describes 'fixed8'; copy the \.bit and \.hwh of one build")


@pytest.mark.parametrize("cut, sentence", [(-5, r"adder\.bit lacks 5 of the bytes that its header announces; copy it again"), (0, "has 3 bytes more than those that its header")])
def test_bitstream_that_was_not_copied_whole(pair: Path, cut: int, sentence: str) -> None:
    whole = pair.read_bytes()
    pair.write_bytes(whole[:cut] if cut else whole + b"abc")
    refused(pair, sentence)


def test_text_that_is_no_handoff(pair: Path) -> None:
    pair.with_suffix(".hwh").write_text("<EDKSYSTEM")
    refused(pair, r"adder\.hwh is no hardware handoff file .*export it again")


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"overlay": "msq"}, r"adder\.report\.json is about overlay 'msq' on pynq-z2, but overlay 'adder' on pynq-z2 is opened; copy all three files"),
        ({"board": "zc706"}, r"is about overlay 'adder' on zc706, but"),
        ({"stamp": "0x00000001"}, r"adder\.bit was built with configuration stamp 0x00000001, but the description of overlay 'adder' for pynq-z2 has 0x[0-9A-F]{8}; build"),
        ({"files": {"bit": "ab" * 32, "hwh": "cd" * 32}}, r"adder\.bit has SHA-256 \w{12}\.\.\., but adder\.report\.json tells of a build whose \.bit has abababababab"),
        ({"files": {}}, r"tells of a build whose \.bit has none"),
        ({"timing": 3}, "timing"),
    ],
)
def test_report_of_another_build(pair: Path, changes: dict[str, object], sentence: str) -> None:
    write_report(pair, **changes)
    refused(pair, sentence)


def test_handoff_that_was_exchanged_after_the_build(pair: Path) -> None:
    write_report(pair)
    handoff = pair.with_suffix(".hwh")
    handoff.write_text(handoff.read_text().replace("2022.2", "2023.1"))
    refused(pair, r"adder\.hwh has SHA-256 .* copy all three files of one build")


def test_the_report_that_a_build_writes_is_the_one_that_is_checked(pair: Path) -> None:
    """The fields of the test's report are those of the class that the writer uses."""
    write_report(pair)
    written = json.loads(pair.with_suffix(".report.json").read_text())
    assert set(written) == set(BuildReport.__dataclass_fields__) - {"csynth"}
    assert set(written["timing"]) == set(Timing.__dataclass_fields__) and set(written["resources"]) == set(Resources.__dataclass_fields__)


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("", "", r"adder\.bit is for the part 7z045ffg900"),
        (
            'c_m_axis_mm2s_tdata_width" VALUE="64"',
            'c_m_axis_mm2s_tdata_width" VALUE="32"',
            r"c_m_axis_mm2s_tdata_width of 'dma_features' in adder\.hwh is 32, but port 'features' of overlay 'adder' has 64 bits; build",
        ),
        (
            'c_s_axis_s2mm_tdata_width" VALUE="64"',
            'c_s_axis_s2mm_tdata_width" VALUE="128"',
            r"c_s_axis_s2mm_tdata_width of 'dma_features' in adder\.hwh is 128, but port 'result' of overlay 'adder' has 64 bits",
        ),
        ('VLNV="xilinx.com:hls:adder_conv:1.0"', 'VLNV="xilinx.com:hls:mac_conv:1.0"', r"adder\.hwh has a xilinx.com:hls:mac_conv:1.0 at 'engine_0', but overlay 'adder' needs"),
    ],
)
def test_nothing_is_downloaded(pair: Path, old: str, new: str, sentence: str) -> None:
    handoff = pair.with_suffix(".hwh")
    assert old in handoff.read_text()
    handoff.write_text(handoff.read_text().replace(old, new))
    if not old:
        pair.write_bytes(bit_file("adder_wrapper", "7z045ffg900"))
    device = open_board("pynq-z2")
    try:
        with pytest.raises(SumtileError, match=sentence):
            runtime.Accelerator(OVERLAY, device=device, bitfile=pair)
        assert device.where == "emulated pynq-z2 (no overlay loaded)"
    finally:
        device.close()


def test_stamps_differ_between_descriptions(pair: Path) -> None:
    write_report(pair)
    other = replace(OVERLAY, engines=(replace(OVERLAY.engine, pool_beats=512),))
    with pytest.raises(SumtileError, match=re.escape(f"has 0x{other.stamp:08X}")):
        check_pair(other, pair)
