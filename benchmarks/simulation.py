# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Speed of the C simulation for each operator, and of the driver path over it: ``python benchmarks/simulation.py``.

Processor time for one 3x3 convolution of 64 to 96 channels (which fills the lanes of every overlay) on a 56x56 map, native types, one core,
on the engines of the ZCU102. All of them take turns, so ratios hold when the machine's speed drifts. The exit status is 1 when an operator is
slower than half the multiply-accumulate of 8 bits.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import sumtile
from sumtile.csim import Simulator
from sumtile.formats import FixedPoint, Mixed, Sp2, Symmetric
from sumtile.kernels.layer import Layer, MapShape, Requantization
from sumtile.network import Preprocess
from sumtile.overlay import Overlay
from sumtile.program import Program, Step, Tensor
from sumtile.report import Column, open_screen

BOARD = "zcu102"
SHAPE, CHANNELS = MapShape(56, 56, 64), 96
ROUNDS = 15
LEAST_RATIO = 0.5
REFERENCE = ("fixed8", "mac")
ENGINES = (("adder", "adder"), REFERENCE, ("fixed16", "mac"), ("sp2", "sp2"), ("msq", "mixed"))
COLUMNS = (
    Column("overlay", style="bold"),
    Column("operator"),
    Column("weights"),
    Column("lanes", right=True),
    Column("csim GMAC/s", right=True),
    Column("against mac", right=True),
    Column("board / csim", right=True),
)


@dataclass(frozen=True)
class Run:
    """The seconds of each round: the bare simulation, and the same layer through the driver and the emulated board."""

    overlay: Overlay
    program: Program
    bare: list[float]
    driven: list[float]

    @property
    def rate(self) -> float:
        """Lane operations in 1e9 a second."""
        return self.program.steps[0].layer.operations / statistics.median(self.bare) / 1e9


def one_layer(overlay: Overlay, operator: str) -> Program:
    """A program of one random 3x3 layer."""
    rng = np.random.default_rng(0)
    engine = overlay.engine
    layer = Layer(operator, SHAPE, CHANNELS, (3, 3), padding=(1, 1, 1, 1), ifm_unsigned=True, ofm_unsigned=True, slope=0, out_shift=5)
    requantization = Requantization.fit(np.full(CHANNELS, 0.1), np.full(CHANNELS, 4000.0))
    features = FixedPoint(engine.data_bits, 0, signed=False)
    tensors = {"input": Tensor("input", SHAPE, features, 0), "output": Tensor("output", layer.ofm, features, 1)}
    step = Step("conv", layer, "input", None, "output", random_weights(rng, overlay, layer), requantization)
    preprocess = Preprocess(SHAPE.height, SHAPE.width, (0.0,) * SHAPE.channels, (1.0,) * SHAPE.channels)
    return Program("one layer", overlay.name, overlay.board.name, overlay.stamp, engine.data_bits, "", preprocess, (), tensors, (step,), "input", "output")


def random_weights(rng: np.random.Generator, overlay: Overlay, layer: Layer) -> np.ndarray:
    """Levels of the array's format."""
    engine = overlay.engine
    array = engine.array_of(layer.operator)
    bits = array.weight_bits
    if layer.operator == "adder":
        return rng.integers(0, 1 << bits, layer.weight_shape).astype(np.uint8)
    values = rng.uniform(-(1 << (bits - 1)), 1 << (bits - 1), layer.weight_shape)
    formats = {"mac": lambda: Symmetric(bits), "sp2": lambda: Sp2(bits), "mixed": lambda: Mixed(Symmetric(bits), Sp2(bits), array.fixed_lanes, engine.to)}
    return formats[layer.operator]().nearest(values).astype(np.int16)


def measure() -> list[Run]:
    """All engines in turns, after one warm-up."""
    runs: list[Run] = []
    paths: list[Callable[[], object]] = []
    accelerators = []
    for name, operator in ENGINES:
        overlay = Overlay.load(name, BOARD)
        program = one_layer(overlay, operator)
        features = np.random.default_rng(1).integers(0, 1 << overlay.engine.data_bits, (SHAPE.height, SHAPE.width, SHAPE.channels))
        simulator, accelerator = Simulator(program), sumtile.Accelerator(name, board=BOARD)
        accelerator.load(program)
        assert np.array_equal(simulator.infer(features), accelerator.infer(features))
        paths += [lambda s=simulator, f=features: s.infer(f), lambda a=accelerator, f=features: a.infer(f)]
        runs.append(Run(overlay, program, [], []))
        accelerators.append(accelerator)
    sinks = [times for run in runs for times in (run.bare, run.driven)]
    for number in range(ROUNDS + 1):
        for path, times in zip(paths, sinks):
            start = time.thread_time()
            path()
            if number:
                times.append(time.thread_time() - start)
    for accelerator in accelerators:
        accelerator.close()
    return runs


def main() -> int:
    screen = open_screen(sys.stdout)
    runs = measure()
    reference = next(run.bare for run, engine in zip(runs, ENGINES) if engine == REFERENCE)
    rows, slow = [], []
    for run, (name, operator) in zip(runs, ENGINES):
        engine = run.overlay.engine
        against = statistics.median(mac / own for mac, own in zip(reference, run.bare))
        driven = statistics.median(board / bare for board, bare in zip(run.driven, run.bare))
        lanes = f"{engine.ti} x {engine.to} x {engine.tp}"
        rows.append((name, operator, f"{engine.array_of(operator).weight_bits} bit", lanes, f"{run.rate:.2f}", f"{against:.2f}", f"{driven:.2f}"))
        if against < LEAST_RATIO:
            slow.append(f"{operator} of overlay {name} runs at {against:.2f} times the speed of mac, at least {LEAST_RATIO} was expected.")
    screen.table(COLUMNS, rows)
    for sentence in slow:
        screen.line(sentence, style="bold red")
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
