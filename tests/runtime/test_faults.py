# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Every way in which a layer can go wrong ends in one sentence that names the cause."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pynq.buffer
import pytest

from sumtile import SumtileError
from sumtile.csim import load_kernel
from sumtile.overlay.design import ENGINE
from sumtile.runtime.execute import _await, run
from tests.support.bench import open_bench
from tests.support.programs import build_program, golden_tensors, random_features


def test_missing_tlast(board_with_kernel, zcu102):
    with open_bench(board_with_kernel(_without_last), zcu102) as bench:
        sentence = _failure(bench, bench.place(build_program(zcu102)))
    assert sentence.startswith("layer 'stem' failed: ")
    assert "S2MM of dma_features finished 0 of 1920 bytes" in sentence
    assert "the engine has finished, but TLAST is missing on its last word" in sentence


def test_receive_of_too_few_bytes(bench):
    placement = bench.place(build_program(bench.overlay))
    _change_job(placement, 0, target=placement.jobs[0].target[:-64])
    sentence = _failure(bench, placement)
    assert sentence.startswith("layer 'stem' failed: the engine sent more than 1856 bytes before TLAST (wrong byte count, or TLAST is missing)")
    assert "S2MM of dma_features finished 0 of 1856 bytes, DMASR 0x4011 halted DMAIntErr" in sentence


def test_receive_of_too_many_bytes(bench):
    placement = bench.place(build_program(bench.overlay))
    _change_job(placement, 0, target=bench.pool.take(2048))
    assert "layer 'stem' failed: the engine gave 1920 bytes up to TLAST, but the program expects 4096" in _failure(bench, placement)


def test_send_of_too_few_bytes(bench):
    placement = bench.place(build_program(bench.overlay))
    _change_job(placement, 0, source=placement.jobs[0].source[:-64])
    sentence = _failure(bench, placement)
    assert "MM2S of dma_features finished 1856 of 1856 bytes, DMASR 0x1002 idle" in sentence
    assert "the engine waits for more than the features and the residual that were sent (wrong byte count" in sentence


def test_send_of_too_many_bytes(bench):
    placement = bench.place(build_program(bench.overlay))
    _change_job(placement, 0, source=bench.pool.take(1 << 20))
    assert "more features were sent than the layer takes (wrong byte count)" in _failure(bench, placement)


def test_missing_residual(bench):
    placement = bench.place(build_program(bench.overlay))
    _change_job(placement, 2, residual=None)
    sentence = _failure(bench, placement)
    assert sentence.startswith("layer 'sum' failed: ") and "no residual" in sentence and "MM2S of dma_residual" not in sentence


def test_send_before_receive(bench):
    """A driver that forgets the receive waits for a layer whose result the FIFOs on the way do not hold."""
    placement = bench.place(build_program(bench.overlay, size=(48, 48)))
    bench.hardware.conv.weights[0].start(placement.weights[ENGINE][0])
    bench.hardware.conv.source.start(placement.jobs[0].source)
    with pytest.raises(SumtileError, match=r"^the receive was not armed before the send, so start the result channel first \("):
        _await(bench.hardware, placement.jobs[0], 5, lambda: bench.hardware.conv.engine.layers == 1)


def test_the_driver_arms_the_receive_first(bench):
    placement = bench.place(build_program(bench.overlay))
    order = []
    hardware = bench.hardware.conv
    channels = {"result": hardware.result, "residual": hardware.residual, "features": hardware.source, "weights": hardware.weights[0]}
    for role, channel in channels.items():
        channel.start = lambda buffer, start=channel.start, role=role: (order.append(role), start(buffer))
    run(bench.hardware, placement, timeout=5)
    assert order == ["weights", "result", "features", "result", "features", "result", "residual", "features", "result", "features", "result", "features"]


def test_weights_that_were_not_flushed(board, zcu102, monkeypatch):
    with open_bench(board(cache="strict"), zcu102) as bench:
        with monkeypatch.context() as patched:
            patched.setattr(pynq.buffer.PynqBuffer, "flush", lambda buffer: None)
            placement = bench.place(build_program(zcu102))
        sentence = _failure(bench, placement)
    assert "engine status 1" in sentence and "the weights hold no header where the engine expects one (not flushed" in sentence


def test_weights_for_another_overlay(bench):
    program = build_program(bench.overlay)
    sentence = _failure(bench, bench.place(replace(program, stamp=program.stamp ^ 1)))
    assert "engine status 2" in sentence and "the weights were packed for another overlay, so compile the program for this one" in sentence


def test_freed_weights(bench):
    placement = bench.place(build_program(bench.overlay))
    bench.pool.close()
    sentence = _failure(bench, placement)
    assert "DMADecErr" in sentence and "no live buffer holds all" in sentence


def test_layer_that_never_ends(board, zcu102):
    """On a board nothing but the timeout notices; here the board's own watch is made slower than that."""
    with open_bench(board(hang_s=60), zcu102) as bench:
        placement = bench.place(build_program(zcu102))
        _change_job(placement, 0, source=placement.jobs[0].source[:-64])
        sentence = _failure(bench, placement, timeout=0.2)
    assert "or it needs more time (no end within 0.2 s; S2MM of dma_features finished 0 of 1920 bytes" in sentence


def test_engine_that_was_not_started(bench):
    placement = bench.place(build_program(bench.overlay))
    bench.hardware.conv.engine.write(0, 0)  # auto-restart off: it ends with the call in progress
    _failure(bench, placement)
    bench.hardware.halt()
    sentence = _failure(bench, placement)
    assert sentence.startswith("layer 'stem' failed: the engine was not started, so load the overlay again (")


def test_restart_brings_everything_back(bench):
    program = build_program(bench.overlay)
    features = random_features(program)
    for _ in range(2):
        placement = bench.place(program)
        _change_job(placement, 1, source=placement.jobs[1].source[:64])
        _failure(bench, placement)
        placement.release()
        bench.hardware.restart()
        placement = bench.place(program)
        placement.write_input(features)
        run(bench.hardware, placement, timeout=5)
        assert np.array_equal(placement.read(program.output), golden_tensors(program, bench.overlay, features)[program.output])


def _failure(bench, placement, timeout=5.0):
    """The sentence with which a run fails."""
    with pytest.raises(SumtileError) as caught:
        run(bench.hardware, placement, timeout)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


def _change_job(placement, index, **fields):
    placement.jobs[index] = replace(placement.jobs[index], **fields)


def _without_last(overlay):
    kernel = load_kernel(overlay)
    read = kernel.read
    kernel.read = lambda port, data: (read(port, data)[0], False)
    return kernel
