# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Cycles of the basis array against a dense multiply-accumulate array with as many multipliers, over densities.

    python benchmarks/basis.py                      the table
    python benchmarks/basis.py --plot basis.png     and a plot
    python benchmarks/basis.py --bases 3 --channels 256

One 3x3 convolution with padding, as many outputs as inputs, on the engine of the overlay ``escalate``. Coefficients and features
are zero at random. The C simulation executes each layer, and the longest of its loops up to the multipliers is the array's time.
The basis array has 9 multipliers for each output lane; as many in a dense array, always busy, need a cycle for each input channel,
pixel and group of outputs. Bits are what a coefficient takes in memory, with its share of what pads the tiles. The exit status is 1 when a layer with 10 % of the coefficients or fewer is less than twice as fast.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sumtile.csim import load_kernel, simulate_layer
from sumtile.kernels.basis import coefficient_tiles, most_mask_tiles, split_weights
from sumtile.kernels.concentration import row_cycles
from sumtile.kernels.cycles import stage_cycles
from sumtile.kernels.golden import accumulate, run_layer
from sumtile.kernels.layer import Layer, MapShape, Requantization
from sumtile.kernels.tiling import tile
from sumtile.overlay import Overlay
from sumtile.overlay.engine import BASIS_SIDE
from sumtile.report import Column, open_screen

COEFFICIENTS = (0.05, 0.1, 0.2, 0.3, 0.5)
FEATURES = (0.3, 0.5, 0.7, 1.0)
LEAST, LEAST_UP_TO = 2.0, 0.1
COLUMNS = (
    Column("coefficients"),
    Column("features"),
    Column("dense", right=True),
    Column("basis", right=True),
    Column("bound"),
    Column("faster", right=True),
    Column("bits", right=True),
)
STAGES = {"dilute": "gather", "concentrate": "adders", "basis": "multipliers", "deal": "tiles", "replay": "weights", "window": "features"}


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", default="pynq-z2")
    parser.add_argument("--side", type=int, default=16, help="height and width of the map")
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--bases", type=int, default=5)
    parser.add_argument("--plot", type=Path, help="file for a plot of the table")
    options = parser.parse_args()
    overlay = Overlay.load("escalate", options.board)
    layer = Layer("basis", MapShape(options.side, options.side, options.channels), options.channels, (3, 3), padding=(1, 1, 1, 1), ifm_unsigned=True, bases=options.bases)
    found = {(coefficients, features): measure(overlay, layer, coefficients, features) for coefficients in COEFFICIENTS for features in FEATURES}
    array = overlay.engine.array_of("basis")
    title = (
        f"basis array on {options.board}: {overlay.engine.to} outputs x {BASIS_SIDE**2} multipliers, gather of {overlay.engine.ti}, {array.adders} adders, "
        f"look-ahead {array.look_ahead}, look-aside {array.look_aside}; {options.channels} channels, {options.bases} basis kernels"
    )
    print(title)
    open_screen(sys.stdout).table(COLUMNS, rows(layer, overlay, found))
    if options.plot is not None:
        plot(options.plot, title, layer, overlay, found)
    slow = [each for (coefficients, _), each in found.items() if coefficients <= LEAST_UP_TO and dense_cycles(layer, overlay) / each.cycles < LEAST]
    return 1 if slow else 0


@dataclass(frozen=True)
class Measured:
    """One layer: cycles of its slowest stage, the name of that, and bits of a coefficient in memory."""

    cycles: int
    stage: str
    bits: float


def measure(overlay: Overlay, layer: Layer, coefficients: float, features: float) -> Measured:
    """Runs a random layer of these densities; the simulation executes what the model says."""
    rng, engine = np.random.default_rng(0), overlay.engine
    weights = rng.integers(-128, 128, layer.weight_shape)
    split = split_weights(layer, weights)[0]
    split[...] = rng.choice([-1, 1], split.shape) * (rng.random(split.shape) < coefficients)
    layer = replace(layer, mask_tiles=most_mask_tiles(engine, layer, weights))
    shape = (layer.ifm.height, layer.ifm.width, layer.ifm.channels)
    pixels = rng.integers(1, 256, shape) * (rng.random(shape) < features)
    largest = max(int(np.abs(accumulate(layer, pixels, weights)).max()), 1)
    requantization = Requantization.fit(np.full(layer.channels, 16000 / largest), np.zeros(layer.channels))
    tiling, kernel = tile(engine, layer), load_kernel(overlay)
    before = kernel.iterations()
    result = simulate_layer(kernel, overlay, layer, pixels, weights, requantization)
    if not np.array_equal(result, run_layer(engine, layer, pixels, weights, requantization)):
        raise AssertionError("simulation and golden model differ")
    executed = {name: count - before[name] for name, count in kernel.iterations().items()}
    adders = row_cycles(engine, layer, tiling, pixels, weights)
    model = {**stage_cycles(engine, layer, tiling), "concentrate": int(adders.sum())}
    if model != executed:
        raise AssertionError(f"the simulation executed {executed}, but the model says {model}")
    stages = {**{name: model[name] for name in STAGES}, "concentrate": int(adders.max())}
    slowest = max(stages, key=lambda name: stages[name])
    coded = 8 * engine.tile_bytes * tiling.groups * coefficient_tiles(engine, layer)
    return Measured(stages[slowest], slowest, coded / split.size)


def dense_cycles(layer: Layer, overlay: Overlay) -> int:
    """Cycles of a dense array with the multipliers of the basis array, all of them busy."""
    return layer.operations // (overlay.engine.to * BASIS_SIDE**2)


def rows(layer: Layer, overlay: Overlay, found: dict[tuple[float, float], Measured]) -> list[list[str]]:
    """The lines of the table."""
    dense = dense_cycles(layer, overlay)
    return [
        [f"{coefficients:.0%}", f"{features:.0%}", f"{dense:,}", f"{each.cycles:,}", STAGES[each.stage], f"{dense / each.cycles:.2f}", f"{each.bits:.2f}"]
        for (coefficients, features), each in found.items()
    ]


def plot(path: Path, title: str, layer: Layer, overlay: Overlay, found: dict[tuple[float, float], Measured]) -> None:
    """How much faster the basis array is; filled marks where its adders are the bound."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for features in FEATURES:
        faster = [dense_cycles(layer, overlay) / found[coefficients, features].cycles for coefficients in COEFFICIENTS]
        (line,) = axes.plot([100 * coefficients for coefficients in COEFFICIENTS], faster, label=f"{features:.0%} of the features")
        for coefficients, value in zip(COEFFICIENTS, faster):
            adders = found[coefficients, features].stage == "concentrate"
            axes.plot(100 * coefficients, value, "o", color=line.get_color(), fillstyle="full" if adders else "none")
    axes.axhline(LEAST, color="gray", linewidth=0.8)
    axes.set(xlabel="coefficients that are not zero (%)", ylabel="times as fast as dense", ylim=(0, None))
    axes.set_title(f"{title}\nfilled: the adders are the bound; open: the gather, a word a cycle", fontsize=7)
    axes.legend()
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    sys.exit(main())
