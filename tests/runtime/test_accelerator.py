# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The Accelerator on emulated boards: equal to the golden model everywhere, and usable after every failure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sumtile
from sumtile import SumtileError, runtime
from sumtile.csim import load_kernel
from sumtile.emulated import overlay_files
from sumtile.kernels.packing import HEADER_BYTES
from sumtile.overlay import Overlay
from sumtile.program import write_program
from tests.support.bench import files_with
from tests.support.programs import build_program, golden_tensors, random_features


@pytest.mark.parametrize("name", ["zcu102", "pynq-z2"])
@pytest.mark.parametrize("cache", ["coherent", "board", "strict"])
@pytest.mark.parametrize("schedule", ["eager", "lazy", "random"])
def test_equals_the_golden_model(board, name, cache, schedule):
    overlay = Overlay.load("adder", name)
    for seed in range(3):
        program = build_program(overlay, seed, size=(7 + seed, 9))
        features = random_features(program, seed)
        with sumtile.Accelerator(device=board(name, cache=cache, schedule=schedule, seed=seed, hang_s=5)) as accelerator:
            accelerator.load(program)
            result = accelerator.infer(features)
        expected = golden_tensors(program, overlay, features)[program.output]
        assert np.array_equal(result, expected), f"build_program(Overlay.load('adder', '{name}'), {seed}, size=({7 + seed}, 9)) on {schedule}, {cache}"
        assert np.ptp(expected) > 20


@pytest.mark.parametrize("cache", ["coherent", "strict"])
def test_a_trace_has_every_tensor(board, zcu102, cache):
    program = build_program(zcu102, 3)
    features = random_features(program, 4)
    expected = golden_tensors(program, zcu102, features)
    with sumtile.Accelerator(device=board(cache=cache)) as accelerator:
        accelerator.load(program)
        found = accelerator.trace(features)
    assert set(found) == set(program.tensors)
    for name, values in found.items():
        assert np.array_equal(values, expected[name]), name


def test_later_inferences_and_programs_equal_first_ones(board, zcu102):
    first, second = build_program(zcu102, 1), build_program(zcu102, 2, size=(6, 6))
    with sumtile.Accelerator(device=board(cache="strict")) as accelerator:
        for program in (first, first, second, first):
            accelerator.load(program)
            for seed in (1, 2, 1):
                features = random_features(program, seed)
                assert np.array_equal(accelerator.infer(features), golden_tensors(program, zcu102, features)[program.output])


def test_classify_is_preprocessing_network_and_softmax(board, zcu102, tmp_path):
    program = build_program(zcu102, 5)
    write_program(program, tmp_path / "net.tile")
    pixels = np.random.default_rng(0).integers(0, 256, (10, 12, 3), dtype=np.uint8)
    features = program.tensors["input"].format.quantize(program.preprocess.apply(pixels[None])[0].transpose(1, 2, 0))
    output = program.tensors[program.output]
    scores = output.format.dequantize(golden_tensors(program, zcu102, features)[program.output]).reshape(-1)
    with sumtile.Accelerator(device=board()) as accelerator:
        accelerator.load(tmp_path / "net.tile")
        result = accelerator.classify(pixels, top=3)
    probabilities = np.exp(scores) / np.exp(scores).sum()
    best = np.argsort(-probabilities, kind="stable")[:3]
    assert [name for name, _ in result.labels] == [program.classes[i] for i in best]
    assert np.allclose([probability for _, probability in result.labels], probabilities[best])
    assert list(result.seconds) == ["image", "input", "network", "output"] and min(result.seconds.values()) >= 0
    assert result.where == "emulated zcu102 (C simulation of adder_conv)"


def test_profile_has_every_layer_with_its_bytes(board, zcu102):
    program = build_program(zcu102, 4)
    with sumtile.Accelerator(device=board()) as accelerator:
        accelerator.load(program)
        assert accelerator.profile() == []
        accelerator.infer(random_features(program))
        profile = accelerator.profile()
    assert [layer.name for layer in profile] == ["stem", "body", "sum", "head", "scores"]
    assert profile[0].bytes_out == 10 * 12 * 16 and profile[1].bytes_out == 5 * 6 * 32
    residual_and_source = 2 * profile[1].bytes_out
    header, parameters, weights = HEADER_BYTES, 32 * 8, 32 * 9 * 32
    assert profile[2].bytes_in == residual_and_source + header + parameters + weights
    assert all(layer.seconds > 0 and layer.busy > 0 for layer in profile)


def test_transfers_above_the_limit_go_in_pieces(board, zcu102, tmp_path):
    """13-bit lengths hold 8176 bytes: the 9216 bytes of the input and the weights need several transfers."""
    narrow = files_with(zcu102, tmp_path, 'NAME="c_sg_length_width" VALUE="26"', 'NAME="c_sg_length_width" VALUE="13"')
    program = build_program(zcu102, 6, size=(24, 24), stem_stride=2)
    features = random_features(program)
    for schedule in ("eager", "lazy", "random"):
        with runtime.Accelerator(zcu102, device=board(schedule=schedule, hang_s=5), bitfile=narrow) as accelerator:
            accelerator.load(program)
            assert np.array_equal(accelerator.infer(features), golden_tensors(program, zcu102, features)[program.output])


def test_a_result_above_the_limit_is_refused(board, zcu102, tmp_path):
    narrow = files_with(zcu102, tmp_path, 'NAME="c_sg_length_width" VALUE="26"', 'NAME="c_sg_length_width" VALUE="13"')
    program = build_program(zcu102, 6, size=(24, 24))
    with runtime.Accelerator(zcu102, device=board(), bitfile=narrow) as accelerator:
        accelerator.load(program)
        with pytest.raises(SumtileError, match=r"layer 'stem' failed: S2MM of dma_features was asked for 9216 bytes, but one transfer holds 8176; build"):
            accelerator.infer(random_features(program))


def test_program_for_another_overlay_is_refused(board, zcu102):
    program = build_program(Overlay.load("adder", "pynq-z2"))
    with sumtile.Accelerator(device=board()) as accelerator:
        with pytest.raises(SumtileError, match=r"compiled for overlay 'adder' on pynq-z2 \(stamp .*overlay 'adder' on zcu102 \(stamp .* compile it for that one"):
            accelerator.load(program)
        with pytest.raises(SumtileError, match=r"no program is loaded; call load"):
            accelerator.infer(np.zeros((1, 1, 1), int))


def test_features_that_do_not_fit_are_refused_and_leave_it_usable(board, zcu102):
    program = build_program(zcu102, 7)
    features = random_features(program)
    with sumtile.Accelerator(device=board()) as accelerator:
        accelerator.load(program)
        for wrong, sentence in [
            (features[1:], r"shape \(9, 12, 3\) were given, but 'program of seed 7' takes integers of shape \(10, 12, 3\)"),
            (features.astype(float), r"features of float64"),
            (features + 200, r"were given, but the input holds -128 to 127; quantize"),
        ]:
            with pytest.raises(SumtileError, match=sentence):
                accelerator.infer(wrong)
        assert np.array_equal(accelerator.infer(features), golden_tensors(program, zcu102, features)[program.output])


def test_program_that_overwrites_a_map_is_refused(board, zcu102):
    program = build_program(zcu102)
    tensors = {name: replace(tensor, buffer=0) for name, tensor in program.tensors.items()}
    with sumtile.Accelerator(device=board()) as accelerator, pytest.raises(SumtileError, match=r"layer 'stem' .* writes 'stem' over 'input' while it reads it"):
        accelerator.load(replace(program, tensors=tensors))


def test_program_that_needs_a_larger_engine_is_refused(board, zcu102):
    program = build_program(zcu102)
    step = program.steps[0]
    wide = replace(step, layer=replace(step.layer, kernel=(9, 9), padding=(4, 4, 4, 4)))
    with sumtile.Accelerator(device=board()) as accelerator, pytest.raises(SumtileError, match=r"layer 'stem' of program .*the kernel is \(9, 9\)"):
        accelerator.load(replace(program, steps=(wide, *program.steps[1:])))


def test_the_inference_after_a_failure_is_right(board_with_kernel, zcu102):
    """The first download gets a kernel that loses TLAST; the next inference downloads the overlay again."""
    kernels = [_without_last, load_kernel]
    device = board_with_kernel(lambda overlay: kernels.pop(0)(overlay))
    program = build_program(zcu102, 8)
    features = random_features(program)
    with sumtile.Accelerator(device=device) as accelerator:
        accelerator.load(program)
        with pytest.raises(SumtileError, match="TLAST"):
            accelerator.infer(features)
        assert accelerator.profile() == []
        for _ in range(2):
            assert np.array_equal(accelerator.infer(features), golden_tensors(program, zcu102, features)[program.output])
        assert len(accelerator.profile()) == 5


def test_closing_frees_all_memory_and_ends_its_use(board, zcu102):
    device = board("pynq-z2")
    program = build_program(Overlay.load("adder", "pynq-z2"))
    for _ in range(3):
        with sumtile.Accelerator(device=device) as accelerator:
            accelerator.load(program)
            accelerator.infer(random_features(program))
        device.allocate((120 << 20,), np.uint8).freebuffer()  # of 128 MiB
    accelerator.close()
    for use in (lambda: accelerator.load(program), lambda: accelerator.infer(random_features(program)), lambda: accelerator.classify("photo.jpg")):
        with pytest.raises(SumtileError, match=r"this accelerator is closed; open a new one\."):
            use()


def test_files_that_are_no_pair_are_refused(board, zcu102, tmp_path):
    with pytest.raises(SumtileError, match=r"adder\.bit is missing; a bitstream needs its \.bit and \.hwh"):
        runtime.Accelerator(zcu102, device=board(), bitfile=tmp_path / "adder.bit")
    files_with(zcu102, tmp_path, "engine_0", "engine_0").with_suffix(".hwh").write_text("<no xml")
    with pytest.raises(SumtileError, match=r"adder\.hwh is no hardware handoff file"):
        runtime.Accelerator(zcu102, device=board(), bitfile=tmp_path / "adder.bit")


@pytest.mark.parametrize("old, new, sentence", [
    ("dma_weights_0", "dma_other", r"adder\.hwh has nothing at 'dma_weights_0', but overlay 'adder' needs xilinx.com:ip:axi_dma:7.1 there"),
    ("c_include_sg\" VALUE=\"0", "c_include_sg\" VALUE=\"1", r"scatter"),
])  # fmt: skip
def test_design_of_another_kind_is_refused(board, zcu102, tmp_path, old, new, sentence):
    with pytest.raises(SumtileError, match=sentence):
        runtime.Accelerator(zcu102, device=board(), bitfile=files_with(zcu102, tmp_path, old, new))


def test_logic_of_another_configuration_is_refused(board, zcu102):
    other = replace(zcu102, engines=(replace(zcu102.engine, pool_beats=512),))
    with pytest.raises(
        SumtileError, match=r"the logic of adder\.bit has configuration stamp 0x[0-9a-f]{8}, but the description of overlay 'adder' for zcu102 has 0x[0-9a-f]{8}; build"
    ):
        runtime.Accelerator(other, device=board(), bitfile=overlay_files(zcu102))


def test_two_boards_at_once(board):
    overlays = [Overlay.load("adder", "zcu102"), Overlay.load("adder", "pynq-z2")]
    accelerators = [sumtile.Accelerator(device=device) for device in [board(overlay.board.name) for overlay in overlays]]
    for accelerator, overlay in list(zip(accelerators, overlays)) * 2:
        program = build_program(overlay)
        features = random_features(program)
        accelerator.load(program)
        assert np.array_equal(accelerator.infer(features), golden_tensors(program, overlay, features)[program.output])
    for accelerator in accelerators:
        accelerator.close()


def test_board_and_device_must_agree(board):
    with pytest.raises(SumtileError, match=r"board 'pynq-z2' was asked for, but the device is a zcu102; leave the board out"):
        sumtile.Accelerator(board="pynq-z2", device=board("zcu102"))
    for names in ({"overlay": "nothing"}, {"board": "nothing"}):
        with pytest.raises(SumtileError, match="nothing"):
            sumtile.Accelerator(**names)


def test_damaged_program_file_is_refused(board, zcu102, tmp_path):
    path = Path(tmp_path / "net.tile")
    write_program(build_program(zcu102), path)
    path.write_bytes(path.read_bytes()[:-100])
    with sumtile.Accelerator(device=board()) as accelerator, pytest.raises(SumtileError, match=r"net\.tile"):
        accelerator.load(path)


@pytest.mark.parametrize("arguments, sentence", [
    ({"timeout": None}, "timeout None was given"), ({"timeout": -1}, "timeout -1 was given"), ({"timeout": "10"}, "timeout '10' was given"),
    ({"timeout": float("inf")}, "every wait needs an end; pass a positive number of seconds"),
    ({"device": "zcu102"}, r"device 'zcu102' was given, but it must be a pynq\.Device"), ({"device": 0}, "device 0 was given"),
])  # fmt: skip
def test_arguments_of_a_wrong_kind_are_refused(arguments, sentence):
    with pytest.raises(SumtileError, match=sentence):
        sumtile.Accelerator(**arguments)


def test_wrong_programs_and_counts_are_refused(board, zcu102):
    pixels = np.zeros((10, 12, 3), np.uint8)
    with sumtile.Accelerator(device=board()) as accelerator:
        for program in (None, b"net.tile", "\0", 3):
            with pytest.raises(SumtileError, match=r"was given as a program, but that names no file; pass its path"):
                accelerator.load(program)
        accelerator.load(build_program(zcu102))
        for top in (0, -1, 2.0, "5", None, True):
            with pytest.raises(SumtileError, match=r"top .* was given, but it is a count; pass an integer of at least 1\."):
                accelerator.classify(pixels, top=top)
        assert len(accelerator.classify(pixels, top=np.int64(100)).labels) == 10


def _without_last(overlay):
    kernel = load_kernel(overlay)
    read = kernel.read
    kernel.read = lambda port, data: (read(port, data)[0], False)
    return kernel
