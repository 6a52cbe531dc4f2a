# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The lint of the kernel sources: they are clean, and mistakes planted in them and in small kernels are found."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.overlays import FC_ENGINES

from sumtile.errors import SumtileError
from sumtile.overlay import Overlay, overlay_names
from sumtile.overlay.design import ENGINE, FC_ENGINE

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("clang.cindex", reason="libclang is not installed (pip install 'sumtile[lint]')")
sys.path.insert(0, str(ROOT / "tools"))

import lint_hls  # noqa: E402
from hls_lint.checks import check_kernel  # noqa: E402
from hls_lint.kernel import Kernel  # noqa: E402
from hls_lint.pragmas import read_pragmas  # noqa: E402

FLAGS = ["-std=c++14", "-Wno-unknown-pragmas"]

KERNEL = """
#include <ap_axi_sdata.h>
#include <hls_stream.h>
#include <cstdlib>
using Axis = hls::stream<ap_axiu<64, 0, 0, 0>>;
using Words = hls::stream<ap_uint<64>, 16>;
%s
void top(Axis& features, Axis& result, ap_uint<32>& status) {
#pragma HLS interface axis port=features
#pragma HLS interface axis port=result
#pragma HLS interface s_axilite port=status bundle=control
#pragma HLS interface s_axilite port=return bundle=control
  ap_axiu<64, 0, 0, 0> beat = features.read();
%s
  result.write(beat);
  status = 1;
}
"""

LOOP = """
copy_beats:
  while (beat.last == 0) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=1 max=100
    beat = features.read();
%s
  }
"""


def kernel_sentences(tmp_path: Path, text: str) -> list[str]:
    """Everything that is found in a kernel of one file."""
    source = tmp_path / "kernels" / "top.cpp"
    source.parent.mkdir(exist_ok=True)
    source.write_text(text)
    pragmas, findings = read_pragmas(source)
    _, wrong = check_kernel(Kernel("top", source, FLAGS), pragmas)
    return [finding.sentence for finding in sorted({*findings, *wrong})]


def copy_sources(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "hls", tmp_path / "hls")
    return tmp_path / "hls"


def replace(path: Path, old: str, new: str) -> int:
    """Plants a mistake, and returns the line."""
    text = path.read_text()
    assert old in text, f"{path.name} has no '{old}' any more"
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def line_of(path: Path, text: str) -> int:
    return path.read_text().partition(text)[0].count("\n") + 1


def test_sources_are_clean_for_every_overlay() -> None:
    """On one board; `make lint` takes all of them."""
    result = subprocess.run([sys.executable, str(ROOT / "tools" / "lint_hls.py"), "--board", "zc706", "--json"], capture_output=True, text=True, timeout=240)
    assert (result.returncode, result.stderr) == (0, "")
    kernels = json.loads(result.stdout)["kernels"]
    assert {kernel["overlay"] for kernel in kernels} == set(overlay_names())
    for kernel in kernels:
        overlay = Overlay.load(kernel["overlay"], kernel["board"])
        engine = overlay.engine if kernel["instance"] == ENGINE else overlay.fully_connected
        streams = {port["name"]: (port["direction"], port["bits"]) for port in kernel["ports"] if port["mode"] == "axis"}
        assert streams["result"] == ("out", engine.stream_bits)
        assert len([name for name in streams if name.startswith("weights_")]) == engine.weight_streams


def test_a_small_kernel_is_clean(tmp_path: Path) -> None:
    assert kernel_sentences(tmp_path, KERNEL % ("", LOOP % "")) == []


@pytest.mark.parametrize(
    ("before", "body", "sentence"),
    [
        ("", "int* p = new int; *p = 1;", "'new' takes memory"),
        ("", "int* p = &count; delete p;", "'delete' gives memory back"),
        ("", "status = std::rand();", "calls 'rand', which is not part of the kernel"),
        ("", "void* p = std::malloc(4); status = p != nullptr;", "calls 'malloc'"),
        ("int sum(int n) { return n == 0 ? 0 : n + sum(n - 1); }", "status = sum(beat.data);", "'sum' calls itself"),
        ("int odd(int n);\nint even(int n) { return n == 0 ? 1 : odd(n - 1); }\nint odd(int n) { return n == 0 ? 0 : even(n - 1); }", "status = odd(beat.data);", "calls itself"),
        ("constexpr int log(int n) { return n < 2 ? 0 : 1 + log(n / 2); }", "status = log(beat.data);", "'log' calls itself"),
        ("", "if (beat.last != 0) throw 1;", "an exception cannot leave"),
        ("", "try { status = 1; } catch (...) { status = 2; }", "an exception cannot be caught"),
        ("struct Shape { virtual int area() { return 1; } };", "Shape shape; status = shape.area();", "'area' is virtual"),
        ("int one() { return 1; }\nint two() { return 2; }", "int (*f)() = beat.last != 0 ? one : two; status = f();", "calls a function through a pointer"),
        ("", "while (true) { beat = features.read(); }", "no condition that ends it"),
        ("", "for (;;) { beat = features.read(); }", "no condition that ends it"),
        ("", "do { beat = features.read(); } while (1);", "no condition that ends it"),
        ("", "while (beat.last == 0) { beat = features.read(); }", "add loop_tripcount"),
        (
            "",
            "int n = beat.data; int sum = 0; for (int i = 0; i < n; ++i) {\n#pragma HLS unroll\n sum += i; }\n status = sum;",
            "is unrolled, but the number of its iterations is not constant",
        ),
        ("", "int n = beat.data; int a[n]; a[0] = 1; status = a[0];", "the size of 'a' is not known"),
        ("", "status = 7 / int(beat.data);", "makes a divider"),
        ("", "int x = 9; x %= int(beat.data); status = x;", "makes a divider"),
        ("", "float x = 1; status = x;", "'x' is float"),
        ("", "status = beat.data > 1.5;", "kernels compute with integers"),
        ("", "static int calls = 0; status = ++calls;", "'calls' is static"),
        ("int calls = 0;", "status = ++calls;", "'calls' is a global variable"),
        ("", "again: beat = features.read(); if (beat.last == 0) goto again;", "'goto' makes loops"),
        ("", "status = *reinterpret_cast<int*>(&count);", "memory cannot be taken for another type"),
        ("", "for (int i = 0; i < 4; ++i) {\n#pragma HLS pipeline II=1\n beat = features.read(); }", "a pipelined loop needs a label"),
        ("", LOOP % "    for (int i = 0; i < count; ++i) {\n#pragma HLS loop_tripcount min=1 max=9\n beat.data += i; }", "so it cannot be unrolled"),
        ("", LOOP % "#pragma HLS pipeline II=2", "has pipeline twice"),
        ("", LOOP % "#pragma HLS loop_flatten", "stands behind a statement"),
        ("", "if (beat.last != 0) {\n#pragma HLS pipeline II=1\n beat.data = 0; }", "stands in a block of its own"),
        ("", "\n#pragma HLS unroll\n", "unroll stands in no loop's body"),
        ("", "\n#pragma HLS array_partition variable=words complete\n int words[4]; words[0] = 1; status = words[0];", "no such variable is declared before it"),
        (
            "",
            "int words[4];\n#pragma HLS array_partition variable=word complete\n words[0] = 1; status = words[0];",
            "names 'word', but the file has no such name; 'words' is meant",
        ),
        ("", "int words[4];\n#pragma HLS array_partition variable=words complete dim=2\n words[0] = 1; status = words[0];", "but 'words' has 1 dimension"),
        ("", "\n#pragma HLS bind_storage variable=count type=ram_1p impl=bram\n status = count;", "is for arrays, but 'count' is none"),
        ("struct Pair { int x[2]; };", "Pair pair;\n#pragma HLS array_partition variable=pair.y complete\n status = pair.x[0];", "there is no member 'y'"),
        ("", "\n#pragma HLS stream variable=count depth=4\n status = count;", "stream is for streams and arrays"),
        ("void stage(int& x) {\n#pragma HLS interface s_axilite port=x\n x = 1; }", "stage(count);", "a function that is not the top one"),
    ],
)
def test_what_no_logic_can_be_made_of(tmp_path: Path, before: str, body: str, sentence: str) -> None:
    found = kernel_sentences(tmp_path, KERNEL % (before, "  int count = beat.data;\n" + body))
    assert any(sentence in one for one in found), found
    assert kernel_sentences(tmp_path, KERNEL % ("", "")) == []


@pytest.mark.parametrize(
    "body",
    [
        "status = log(16);",
        "int a[log(16)]; a[0] = 1;",
        "for (int i = 0; i < 1 << 4; ++i) beat.data += i % 3;",
        "for (int i = 0; i < log(16); ++i) {\n#pragma HLS unroll\n beat.data += i; }",
    ],
)
def test_what_the_compiler_knows_is_no_finding(tmp_path: Path, body: str) -> None:
    assert kernel_sentences(tmp_path, KERNEL % ("constexpr int log(int n) { return n < 2 ? 0 : 1 + log(n / 2); }", body)) == []


STAGES = """
void take(Axis& port, Words& words) { words.write(port.read().data); }
void both(Axis& port, Words& words, Words& others) { words.write(port.read().data); others.write(1); }
void copy(Words& words, Words& others) { others.write(words.read()); }
void give(Words& words, Axis& port) { ap_axiu<64, 0, 0, 0> beat; beat.data = words.read(); port.write(beat); }
void count(Words& words, Axis& port, int beats) { give(words, port); }
void region(Axis& features, Axis& result, int words) {
#pragma HLS dataflow
  Words first("first"), second("second");
%s
}
"""


@pytest.mark.parametrize(
    ("stages", "sentences"),
    [
        ("take(features, first); copy(first, second); give(second, result);", []),
        ("take(features, first); give(first, result);", ["no stage writes the stream 'second'", "no stage reads the stream 'second'"]),
        ("both(features, first, second); copy(first, second); give(second, result);", ["2 stages write the stream 'second'"]),
        ("take(features, first); copy(first, second); give(second, result); give(first, result);", ["2 stages read the stream 'first'"]),
        ("take(features, first); copy(first, second); count(second, result, words * 2);", ["an argument of 'count' is computed in a dataflow region"]),
        ("take(features, first); copy(first, second); if (true) give(second, result);", ["declarations and calls of its stages only", "no stage reads the stream 'second'"]),
    ],
)
def test_dataflow_regions(tmp_path: Path, stages: str, sentences: list[str]) -> None:
    found = kernel_sentences(tmp_path, KERNEL % (STAGES % stages, "region(features, result, 2);"))
    assert len(found) == len(sentences)
    assert all(any(sentence in one for one in found) for sentence in sentences), found


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("#pragma HLS interface axis port=result\n", "", "the argument 'result' has no interface"),
        ("axis port=result", "axis port=results", "interface names 'results', but the file has no such name"),
        ("axis port=result", "axis port=beat", "names the port 'beat', but the top function has no such argument"),
        ("axis port=result", "s_axilite port=result", "'result' is a stream, so its mode cannot be s_axilite"),
        ("s_axilite port=status bundle=control", "axis port=status", "'status' is no stream, so its mode cannot be axis"),
        ("s_axilite port=return bundle=control", "s_axilite port=status bundle=control", "port 'status' has an interface twice"),
        ("#pragma HLS interface s_axilite port=return bundle=control\n", "", "no interface for port=return"),
        ("result.write(beat);", "features.write(beat);", "reads and writes 'features'"),
        ("result.write(beat);", "", "does nothing with 'result'"),
        ("ap_uint<32>& status", "short& status", "no port of known width"),
    ],
)
def test_ports_of_the_top_function(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = KERNEL % ("", "")
    assert old in text
    found = kernel_sentences(tmp_path, text.replace(old, new))
    assert any(sentence in one for one in found), found


def test_mistakes_in_the_real_sources(tmp_path: Path) -> None:
    """All at once, since each run parses the whole engine: file, line and sentence of every one."""
    hls = copy_sources(tmp_path)
    include = hls / "include" / "sumtile"
    planted = {
        ("pool.hpp", replace(include / "pool.hpp", "variable=tap_beats complete", "variable=tap_beat complete")): "names 'tap_beat'",
        ("window.hpp", replace(include / "window.hpp", "variable=ring complete dim=1", "variable=ring complete dim=3")): "'ring' has 2 dimensions",
        ("scale.hpp", replace(include / "scale.hpp", "loop_tripcount min=16", "loop_tripcont min=16")): "no directive 'loop_tripcont'",
        ("scale.hpp", line_of(include / "scale.hpp", "while (!walk.done) {")): "add loop_tripcount",
        ("replay.hpp", replace(include / "replay.hpp", "replay_steps:\n", "\n") + 1): "a pipelined loop needs a label",
        ("combine.hpp", replace(include / "combine.hpp", "part = word_ends ? 0 : int(part) + 1;", "part = (int(part) + 1) % int(d.groups);")): "makes a divider",
    }
    replace(include / "engine.hpp", "load<Config>(residual, residual_beats,", "load<Config>(residual, feature_beats,")
    planted["engine.hpp", line_of(include / "engine.hpp", 'residual_beats("residual_beats")')] = "2 stages write the stream 'feature_beats'"
    _, findings = lint_hls.lint(tmp_path, [Overlay.load("msq", "zcu102")])
    found: dict[tuple[str, int], str] = {}
    for finding in findings:
        place = finding.path.name, finding.line
        found[place] = found.get(place, "") + finding.sentence
    assert found.keys() == planted.keys()
    for place, sentence in planted.items():
        assert sentence in found[place]


@pytest.mark.parametrize("name", sorted(FC_ENGINES))
def test_the_fully_connected_engine_is_clean(name: str) -> None:
    kernels, findings = lint_hls.lint(ROOT, [FC_ENGINES[name]])
    assert findings == []
    assert [kernel["instance"] for kernel in kernels] == [ENGINE, FC_ENGINE]


def test_ports_that_the_design_does_not_have(tmp_path: Path) -> None:
    hls = copy_sources(tmp_path)
    replace(hls / "include/sumtile/ports.hpp", "using Beat = ap_axiu<kStreamBits, 0, 0, 0>;", "using Beat = ap_axiu<2 * kStreamBits, 0, 0, 0>;")
    replace(hls / "include/sumtile/ports.hpp", "using WeightPorts = Axis[kWeightStreams];", "using WeightPorts = Axis[4];")
    source = hls / "kernels" / "conv.cpp"
    replace(source, "port=layers bundle=control", "port=layers bundle=registers")
    replace(source, "Register& stamp, Register& status", "Register& status, Register& stamp")
    _, findings = lint_hls.lint(tmp_path, [Overlay.load("adder", "pynq-z2")])
    sentences = " ".join(finding.sentence for finding in findings)
    assert "adder on pynq-z2: port 'features' has bits 128 in the kernel, but 64 in the block design." in sentences
    assert "the kernel has a port 'weights_3', which the block design does not connect." in sentences
    assert "port 'layers' has bundle registers in the kernel, but control in the block design." in sentences
    assert "the registers come in the order status, stamp" in sentences


def test_a_source_that_does_not_compile_is_a_sentence(tmp_path: Path) -> None:
    source = tmp_path / "top.cpp"
    source.write_text("void top() { missing(); }\n")
    with pytest.raises(SumtileError, match=r"top\.cpp:1: .*does not compile for 'top'.*missing"):
        Kernel("top", source, FLAGS)
    source.write_text("void other() {}\n")
    with pytest.raises(SumtileError, match="does not define the top function 'top'"):
        Kernel("top", source, FLAGS)
