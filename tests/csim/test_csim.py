# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The C simulation as an instrument: what it says when something is wrong, and that it is the same every time."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import numpy as np
import pytest
from tests.support.overlays import small_overlay

from sumtile.csim import Kernel, load_kernel, simulate_layer
from sumtile.csim.build import compile_library
from sumtile.csim.kernel import State
from sumtile.csim.simulator import run_call
from sumtile.errors import SumtileError
from sumtile.kernels.cases import Case, random_case
from sumtile.kernels.golden import run_layer
from sumtile.kernels.packing import FIELDS, HEADER_BYTES, by_weight_ports, feature_bytes, pack_features, pack_layer, pack_probe
from sumtile.kernels.tiling import tile
from sumtile.overlay import Overlay
from sumtile.overlay.resources import hls_folder


@pytest.fixture
def overlay() -> Overlay:
    return small_overlay("adder_conv", 8, weight_streams=2)


@pytest.fixture
def case(overlay: Overlay) -> Case:
    return next(case for case in (random_case(overlay.engine, "adder", seed) for seed in range(100)) if case.residual is not None and case.features.size > 200)


def _inputs(overlay: Overlay, case: Case) -> dict[str, np.ndarray]:
    assert case.layer.residual is not None and case.residual is not None
    packed = pack_layer(overlay.engine, overlay.stamp, case.layer, tile(overlay.engine, case.layer), case.weights, case.requantization)
    return {
        **by_weight_ports(overlay.engine, packed),
        "features": pack_features(overlay.engine, case.features, case.layer.ifm_unsigned),
        "residual": pack_features(overlay.engine, case.residual, case.layer.residual.unsigned),
    }


def _run_golden(overlay: Overlay, case: Case) -> np.ndarray:
    return run_layer(overlay.engine, case.layer, case.features, case.weights, case.requantization, case.residual)


def test_descriptor_lists_agree() -> None:
    header = (hls_folder() / "include" / "sumtile" / "descriptor.hpp").read_text()
    listed = [(name, f"{'u' if kind else 'i'}{bits}") for name, kind, bits in re.findall(r"FIELD\((\w+), (u?)int_t<(\d+)>\)", header)]
    assert listed == list(FIELDS.items())
    assert int(re.search(r"kHeaderWords = (\d+)", header)[1]) * 4 == HEADER_BYTES


def test_probe_publishes_the_stamp(overlay: Overlay) -> None:
    kernel = load_kernel(overlay)
    run_call(kernel, by_weight_ports(overlay.engine, pack_probe(overlay.stamp)), 0)
    assert kernel.register("stamp") == overlay.stamp
    assert kernel.register("status") == 0


@pytest.mark.parametrize("word, status", [(0, 1), (1, 2)])
def test_foreign_header_is_drained_and_told(overlay: Overlay, case: Case, word: int, status: int) -> None:
    kernel, inputs = load_kernel(overlay), _inputs(overlay, case)
    foreign = {port: data.copy() for port, data in inputs.items() if port.startswith("weights")}
    foreign[f"weights_{word}"][0] ^= 1  # a beat of this overlay is a word
    run_call(kernel, foreign, 0)
    assert kernel.register("status") == status
    data = run_call(kernel, inputs, feature_bytes(overlay.engine, case.layer.ofm))
    assert data.size and kernel.register("status") == 0


@pytest.mark.parametrize("port", ["features", "weights_0", "weights_1", "residual"])
def test_short_stream_is_reported_by_stage_and_stream(overlay: Overlay, case: Case, port: str) -> None:
    inputs = _inputs(overlay, case)
    inputs[port] = inputs[port][: -overlay.engine.stream_bytes]
    with pytest.raises(SumtileError, match=f"stage load_{port.partition('_')[0]}: blocked reading stream '{port}', which is empty"):
        run_call(load_kernel(overlay), inputs, feature_bytes(overlay.engine, case.layer.ofm))


@pytest.mark.parametrize("port", ["features", "weights_0", "weights_1", "residual"])
def test_unread_input_is_reported(overlay: Overlay, case: Case, port: str) -> None:
    inputs = _inputs(overlay, case)
    inputs[port] = np.concatenate([inputs[port], np.zeros(64, np.uint8)])
    with pytest.raises(SumtileError, match=f"left 64 bytes of its port '{port}' unread"):
        run_call(load_kernel(overlay), inputs, feature_bytes(overlay.engine, case.layer.ofm))


def test_too_long_a_result_is_reported(overlay: Overlay, case: Case) -> None:
    expected = feature_bytes(overlay.engine, case.layer.ofm)
    with pytest.raises(SumtileError, match="descriptor and the host disagree"):
        run_call(load_kernel(overlay), _inputs(overlay, case), expected - overlay.engine.stream_bytes)


def test_deadlock_inside_a_kernel_names_stage_and_stream() -> None:
    hls = hls_folder()
    flags = ["-std=c++14", "-DSUMTILE_CSIM", f"-I{hls / 'include'}", f"-I{hls / 'csim' / 'include'}", "-Wno-unknown-pragmas", "-Wno-unused-label"]
    library = compile_library("deadlock", [Path(__file__).with_name("deadlock.cpp"), hls / "csim" / "dataflow.cpp"], flags)
    text = ctypes.create_string_buffer(1000)
    ctypes.CDLL(str(library)).deadlock_report(text, len(text))
    assert text.value.decode().splitlines() == [
        "stage first: blocked reading stream 'back', which is empty",
        "stage second: blocked reading stream 'there', which is empty",
        "stage flood: blocked writing stream 'nowhere', which is full (depth 2)",
    ]


def test_one_slice_at_a_time_gives_the_same(overlay: Overlay, case: Case) -> None:
    class Stepped(Kernel):
        def run(self, slices: int = 0) -> State:
            while (state := super().run(1)) == State.RUNNING:
                pass
            return state

    kernel = load_kernel(overlay)
    kernel.__class__ = Stepped
    result = simulate_layer(kernel, overlay, case.layer, case.features, case.weights, case.requantization, case.residual)
    assert np.array_equal(result, _run_golden(overlay, case))


def test_deleted_in_the_middle_of_a_run(overlay: Overlay, case: Case) -> None:
    kernel = load_kernel(overlay)
    kernel.start()
    for port, data in _inputs(overlay, case).items():
        if port.startswith("weights"):
            kernel.write(port, data, True)
    assert kernel.run() == State.BLOCKED
    kernel.close()
    result = simulate_layer(load_kernel(overlay), overlay, case.layer, case.features, case.weights, case.requantization, case.residual)
    assert np.array_equal(result, _run_golden(overlay, case))


def test_starting_twice_is_refused(overlay: Overlay) -> None:
    kernel = load_kernel(overlay)
    kernel.start()
    kernel.run()
    with pytest.raises(RuntimeError, match="while it was running"):
        kernel.start()


def test_no_compiler(overlay: Overlay, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SUMTILE_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(SumtileError, match="no C\\+\\+ compiler 'no-such-compiler' was found.*install g\\+\\+"):
        load_kernel(overlay)


def test_failed_compilation_shows_error_and_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SUMTILE_CACHE_DIR", str(tmp_path))
    (tmp_path / "wrong.cpp").write_text("int main() { return nothing; }")
    with pytest.raises(SumtileError, match="error: .nothing. was not declared.*the command was: .*wrong.cpp"):
        compile_library("wrong", [tmp_path / "wrong.cpp"])
    assert not list(tmp_path.glob("lib/wrong*/*.so"))


@pytest.mark.parametrize(
    "constant, value, sentence",
    [
        ("kTo", 6, "a word of kTo channels must fill whole beats"),
        ("kScaleFold", 3, "kScaleFold must divide kTo"),
        ("kStreamBits", 64, "a word of kTi channels must fill whole beats"),
        ("kWeightStreams", 3, "weights come over 1, 2 or 4 streams"),
        ("kReduction", "1ul << 40", "an accumulator must fit the 48 bits"),
        ("ArrayList", "Arrays<Array<Adder<8>, 3>, Array<Mac<8, 8>, 2>>", "an array's fold must divide kTi"),
        ("ArrayList", "Arrays<Array<Mac<8, 4>, 1>, Array<Mac<8, 8>, 1>>", "an array whose weights fill several tiles takes a whole number of folds for each"),
        ("ArrayList", "Arrays<Array<Mac<8, 16>, 1>>", "a weight must not be wider than a feature"),
        ("ArrayList", "Arrays<Array<Mixed<Mac<8, 4>, Sp2<8, 4>, 3, 7>, 1>>", "a mixed array has the output lanes that its ratio was given for"),
        ("ArrayList", "Arrays<Array<Mixed<Mac<8, 4>, Sp2<8, 8>, 3, 8>, 1>>", "both kinds of lanes read weights of one width"),
    ],
)
def test_broken_template_arguments_are_refused_with_a_sentence(
    overlay: Overlay, constant: str, value: object, sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from sumtile.csim import build

    monkeypatch.setenv("SUMTILE_CACHE_DIR", str(tmp_path))
    header = build.config_header(overlay)
    broken = re.sub(rf"(\b{constant} = )[^;]+;", rf"\g<1>{value};", header)
    assert broken != header
    monkeypatch.setattr(build, "config_header", lambda _: broken)
    with pytest.raises(SumtileError, match=re.escape(sentence)):
        build.build_kernel(overlay)
