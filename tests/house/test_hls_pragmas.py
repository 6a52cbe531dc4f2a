# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Reading of ``#pragma HLS`` lines: what a compiler for a PC passes over is an error here."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from hls_lint.directives import DIRECTIVES  # noqa: E402
from hls_lint.pragmas import read_pragmas  # noqa: E402


def pragma_sentences(tmp_path: Path, text: str) -> list[str]:
    source = tmp_path / "source.hpp"
    source.write_text(text)
    return [finding.sentence for finding in read_pragmas(source)[1]]


def test_every_pragma_of_the_sources_is_read() -> None:
    for path in [*(ROOT / "hls" / "include").rglob("*.hpp"), *(ROOT / "hls" / "kernels").rglob("*.cpp")]:
        pragmas, _ = read_pragmas(path)
        assert len(pragmas) == len(re.findall(r"^\s*#pragma HLS", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    ("pragma", "sentence"),
    [
        ("HLS pipelin II=1", "no directive 'pipelin'; 'pipeline' is meant"),
        ("HSL pipeline II=1", "'#pragma HSL' is none"),
        ("hls pipeline II=1", "'#pragma hls' is none"),
        ("HLS", "has no directive"),
        ("HLS pipeline I=1", "pipeline has no option 'i'; 'ii' is meant"),
        ("HLS pipeline II=0", "must be at least 1"),
        ("HLS pipeline II=one", "the file has no 'one'"),
        ("HLS pipeline II=", "needs a value behind 'ii='"),
        ("HLS pipeline II", "needs a value behind 'ii='"),
        ("HLS pipeline II=1 II=2", "has 'ii' twice"),
        ("HLS pipeline rewnd", "does not take the word 'rewnd'; 'rewind' is meant"),
        ("HLS pipeline style=frb", "must be one of flp, frp, stp"),
        ("HLS unroll facto=4", "unroll has no option 'facto'; 'factor' is meant"),
        ("HLS unroll off=true factor=2", "off has no factor"),
        ("HLS array_partition complete", "array_partition needs variable="),
        ("HLS array_partition variable=x complet", "does not take the word 'complet'; 'complete' is meant"),
        ("HLS array_partition variable=x complete factor=2", "a complete partition has no factor"),
        ("HLS array_partition variable=x cyclic", "a cyclic partition needs a factor"),
        ("HLS array_partition variable=y complete", "names 'y', but the file has no such name"),
        ("HLS array_partition variable=2x complete", "is no name"),
        ("HLS array_partition variable=x complete dim=-1", "must be at least 0"),
        ("HLS bind_storage variable=x impl=bram", "bind_storage needs type="),
        ("HLS bind_storage variable=x type=ram_s2 impl=bram", "must be one of"),
        ("HLS bind_storage variable=x type=ram_s2p impl=blockram", "ram_s2p is not made of blockram"),
        ("HLS bind_storage variable=x type=ram_t2p impl=lutram", "ram_t2p is not made of lutram"),
        ("HLS bind_op variable=x op=mult impl=dsp", "must be one of"),
        ("HLS bind_op variable=x op=mul impl=lut", "mul is not made of lut"),
        ("HLS dependence variable=x inter", "does not say whether"),
        ("HLS dependence inter false", "either a variable or a class"),
        ("HLS dependence variable=x intra direction=RAW false", "needs type inter"),
        ("HLS dependence variable=x inter distance=2 false", "false has no distance"),
        ("HLS dependence variable=x inter direction=WRA true", "must be one of raw, war, waw"),
        ("HLS loop_tripcount min=10 max=2", "min 10 is above max 2"),
        ("HLS loop_tripcount avg=10", "needs a min or a max"),
        ("HLS interface port=x", "interface needs mode="),
        ("HLS interface axi port=x", "does not take the word 'axi'; 'axis' is meant"),
        ("HLS interface axis", "mode axis needs a port"),
        ("HLS interface axis port=x bundle=control", "mode axis has no option 'bundle'"),
        ("HLS stream variable=x depth=4 type=fif0", "must be one of fifo"),
        ("HLS inline offf", "does not take the word 'offf'"),
    ],
)
def test_misspelt_pragmas(tmp_path: Path, pragma: str, sentence: str) -> None:
    (found,) = pragma_sentences(tmp_path, f"int x;\n  #pragma {pragma}\n")
    assert sentence in found


def test_pragmas_in_comments_and_over_several_lines(tmp_path: Path) -> None:
    assert pragma_sentences(tmp_path, "// #pragma HLS pipelin\n/* \n#pragma HLS pipelin\n*/\n#pragma HLS unroll \\\n  factor = 4\n") == []
    (found,) = pragma_sentences(tmp_path, '_Pragma("HLS pipelin")\n')
    assert "pipelin" in found
    assert pragma_sentences(tmp_path, "constexpr int kFactor = 2;\n#pragma HLS unroll factor=kFactor*2\n#pragma once\n") == []


def test_every_directive_can_be_written() -> None:
    """The table itself: what is needed, bare or a flag is known."""
    for directive in DIRECTIVES.values():
        assert set(directive.needs) | set(directive.bare) <= set(directive.options)
        assert all(isinstance(directive.options[option], frozenset) for option in directive.bare)
        assert directive.place in ("any", "loop", "function", "either")
