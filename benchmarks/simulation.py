# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Speed of the C simulation and of the driver path over it: ``python benchmarks/simulation.py``.

Processor time for one 3x3 convolution of 64 to 64 channels on a 56x56 map, 8 bit, native types, one core. The two paths take turns, so
the ratio holds when the machine's speed drifts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

import sumtile
from sumtile.csim import Simulator
from sumtile.formats import FixedPoint
from sumtile.kernels.layer import Layer, MapShape, Requantization
from sumtile.network import Preprocess
from sumtile.overlay import Overlay
from sumtile.program import Program, Step, Tensor

SHAPE = MapShape(56, 56, 64)
ROUNDS = 15


def one_layer(operator: str, overlay: Overlay) -> Program:
    """A program of one random 3x3 layer."""
    rng = np.random.default_rng(0)
    layer = Layer(operator, SHAPE, 64, (3, 3), padding=(1, 1, 1, 1), ifm_unsigned=True, ofm_unsigned=True, slope=0, out_shift=5)
    low, high = (0, 256) if operator == "adder" else (-128, 128)
    weights = rng.integers(low, high, layer.weight_shape).astype(np.uint8 if operator == "adder" else np.int8)
    requantization = Requantization.fit(np.full(64, 0.1), np.full(64, 4000.0))
    u8 = FixedPoint(8, 0, signed=False)
    tensors = {"input": Tensor("input", SHAPE, u8, 0), "output": Tensor("output", SHAPE, u8, 1)}
    step = Step("conv", layer, "input", None, "output", weights, requantization)
    preprocess = Preprocess(SHAPE.height, SHAPE.width, (0.0,) * 64, (1.0,) * 64)
    return Program("one layer", overlay.name, overlay.board.name, overlay.stamp, preprocess, (), tensors, (step,), "input", "output")


def in_turns(*paths: Callable[[], object]) -> list[list[float]]:
    """Processor seconds of each path in each round, after one warm-up."""
    seconds: list[list[float]] = [[] for _ in paths]
    for number in range(ROUNDS + 1):
        for path, times in zip(paths, seconds):
            start = time.thread_time()
            path()
            if number:
                times.append(time.thread_time() - start)
    return seconds


def measure(operator: str) -> str:
    """One line: the simulation's rate, and how much longer the whole driver path takes."""
    overlay = Overlay.load("adder", "zcu102")
    program = one_layer(operator, overlay)
    features = np.random.default_rng(1).integers(0, 256, (SHAPE.height, SHAPE.width, SHAPE.channels))
    simulator = Simulator(program)
    with sumtile.Accelerator("adder", board="zcu102") as accelerator:
        accelerator.load(program)
        assert np.array_equal(simulator.infer(features), accelerator.infer(features))
        bare, driven = in_turns(lambda: simulator.infer(features), lambda: accelerator.infer(features))
    rate = program.steps[0].layer.operations / statistics.median(bare) / 1e9
    ratio = statistics.median(b / a for a, b in zip(bare, driven))
    return f"{operator}: csim {rate:.2f} GMAC/s (median of {ROUNDS}); emulated board / csim {ratio:.2f}"


def main() -> None:
    for operator in ("adder", "mac"):
        print(measure(operator))


if __name__ == "__main__":
    main()
