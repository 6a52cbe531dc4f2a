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
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sumtile.csim import load_kernel, simulate_layer
from sumtile.kernels.basis import coefficient_tiles, split_weights
from sumtile.kernels.concentration import row_cycles
from sumtile.kernels.cycles import stage_cycles
from sumtile.kernels.golden import accumulate, run_layer
from sumtile.kernels.layer import MapShape, Requantization
from sumtile.kernels.sparsity import SparseLayer, dense_cycles, part_cycles, sparse_layer
from sumtile.kernels.tiling import tile
from sumtile.overlay import Overlay
from sumtile.overlay.engine import BASIS_SIDE
from sumtile.report import Column, open_screen
from sumtile.report.compression_plots import plot_sparse_speed

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
    shape = MapShape(options.side, options.side, options.channels)
    found = {
        (coefficients, features): measure(overlay, sparse_layer(overlay.engine, shape, options.bases, coefficients, features))
        for coefficients in COEFFICIENTS
        for features in FEATURES
    }
    array = overlay.engine.array_of("basis")
    title = (
        f"basis array on {options.board}: {overlay.engine.to} outputs x {BASIS_SIDE**2} multipliers, gather of {overlay.engine.ti}, {array.adders} adders, "
        f"look-ahead {array.look_ahead}, look-aside {array.look_aside}; {options.channels} channels, {options.bases} basis kernels"
    )
    print(title)
    open_screen(sys.stdout).table(COLUMNS, rows(found))
    if options.plot is not None:
        figure = plot_sparse_speed({place: each.faster for place, each in found.items()}, {place: each.bound for place, each in found.items()})
        figure.suptitle(title, fontsize=7)
        figure.savefig(options.plot, dpi=150)
    slow = [each for (coefficients, _), each in found.items() if coefficients <= LEAST_UP_TO and each.faster < LEAST]
    return 1 if slow else 0


@dataclass(frozen=True)
class Measured:
    """One layer: cycles of a dense array and of the basis array, the part that bounds it, and bits of a coefficient in memory."""

    dense: int
    cycles: int
    bound: str
    bits: float

    @property
    def faster(self) -> float:
        """How many times as fast the basis array is."""
        return self.dense / self.cycles


def measure(overlay: Overlay, sparse: SparseLayer) -> Measured:
    """Runs a layer; the simulation executes what the model says."""
    engine, layer, pixels, weights = overlay.engine, sparse.layer, sparse.features, sparse.weights
    largest = max(int(np.abs(accumulate(layer, pixels, weights)).max()), 1)
    requantization = Requantization.fit(np.full(layer.channels, 16000 / largest), np.zeros(layer.channels))
    tiling, kernel = tile(engine, layer), load_kernel(overlay)
    before = kernel.iterations()
    result = simulate_layer(kernel, overlay, layer, pixels, weights, requantization)
    if not np.array_equal(result, run_layer(engine, layer, pixels, weights, requantization)):
        raise AssertionError("simulation and golden model differ")
    executed = {name: count - before[name] for name, count in kernel.iterations().items()}
    model = {**stage_cycles(engine, layer, tiling), "concentrate": int(row_cycles(engine, layer, tiling, pixels, weights).sum())}
    if model != executed:
        raise AssertionError(f"the simulation executed {executed}, but the model says {model}")
    parts = part_cycles(engine, layer, pixels, weights)
    bound = max(parts, key=lambda part: parts[part])
    coded = 8 * engine.tile_bytes * tiling.groups * coefficient_tiles(engine, layer)
    return Measured(dense_cycles(engine, layer), parts[bound], bound, coded / split_weights(layer, weights)[0].size)


def rows(found: dict[tuple[float, float], Measured]) -> list[list[str]]:
    """The lines of the table."""
    return [
        [f"{coefficients:.0%}", f"{features:.0%}", f"{each.dense:,}", f"{each.cycles:,}", each.bound, f"{each.faster:.2f}", f"{each.bits:.2f}"]
        for (coefficients, features), each in found.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
