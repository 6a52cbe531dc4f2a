# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A host program that leaves the board to the project's own driver.

``driver.py BOARD`` runs a program with every kind of layer on pynq's active device, and compares it with the integer golden model.
"""

from __future__ import annotations

import sys

import numpy as np
import pynq

import sumtile
from sumtile.overlay import Overlay
from tests.support.programs import build_program, golden_tensors, random_features


def main(board: str) -> None:
    overlay = Overlay.load("adder", board)
    program = build_program(overlay)
    with sumtile.Accelerator("adder", device=pynq.Device.active_device) as accelerator:
        accelerator.load(program)
        for seed in range(2):
            features = random_features(program, seed)
            difference = np.count_nonzero(accelerator.infer(features) != golden_tensors(program, overlay, features)[program.output])
            assert difference == 0, f"{difference} values differ"
        assert len(accelerator.classify(np.zeros((20, 20, 3), np.uint8), top=3).labels) == 3
        print(f"driver OK: pynq {pynq.__version__}, {accelerator.where}")


if __name__ == "__main__":
    main(*sys.argv[1:])
