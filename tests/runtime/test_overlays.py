# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Every overlay under the driver on an emulated board: the ordinary LeNet-5, in the scheme that the overlay is for, gives the golden model's integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sumtile
from sumtile.compiler import compile_network
from sumtile.network.storage import load_network
from sumtile.overlay import Overlay
from sumtile.program.golden import run_golden
from sumtile.quantize import quantize_network, schemes

NETWORK = load_network(Path(__file__).parents[2] / "models" / "lenet5_fashion.npz")
PLAIN = {"compensate": False, "correct_biases": False}
CASES = {
    "fixed8": ("pynq-z2", schemes.dynamic(8)),
    "fixed16": ("zc706", schemes.dynamic(16)),
    "sp2": ("pynq-z2", schemes.sp2(**PLAIN)),
    "msq": ("pynq-z2", schemes.msq(fixed_of=2, of=5, **PLAIN)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_board_gives_the_golden_integers(name: str) -> None:
    board, scheme = CASES[name]
    overlay = Overlay.load(name, board)
    images = np.random.default_rng(0).integers(0, 256, (8, 28, 28, 1)).astype(np.uint8)
    program = compile_network(quantize_network(NETWORK, images, scheme), overlay)
    features = program.tensors[program.input].format.quantize(NETWORK.preprocess.apply(images[:2]).transpose(0, 2, 3, 1))
    golden = run_golden(program, overlay.engine, features)[program.output]
    with sumtile.Accelerator(name, board=board) as accelerator:
        accelerator.load(program)
        for image, expected in zip(features, golden):
            assert np.array_equal(accelerator.infer(image), expected)
