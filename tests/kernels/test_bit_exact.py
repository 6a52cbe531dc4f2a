# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Random layers: the golden model, the native simulation and the vendor-type simulation give equal integers.

A failing layer is repeated by the line that the failure prints:
``python -m tests.kernels.test_bit_exact ENGINE OPERATOR WEIGHT_BITS SEED``, with ``depthwise`` behind it for a depthwise layer.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest
from tests.support.layers import random_case
from tests.support.overlays import small_overlay

from sumtile.csim import Kernel, load_kernel, simulate_layer
from sumtile.kernels.golden import run_layer

LAYERS, DEPTHWISE_LAYERS = 500, 300
ENGINES = {
    "adder8": small_overlay("adder_conv", 8),
    "mac8": small_overlay("mac_conv", 8),
    "adder16": small_overlay("adder_conv", 16),
    "mac16": small_overlay("mac_conv", 16),
    "sp2": small_overlay("sp2_conv", 8),
    "sp2wide": small_overlay("sp2_conv", 16, arrays=[{"operator": "sp2", "fold": 2, "weight_bits": 8}, {"operator": "mac", "fold": 1, "weight_bits": 4}]),
    "msq": small_overlay("msq_conv", 8, weight_streams=2),
    # Groups of output channels that are no multiple of the words of input channels; odd numbers of either kind of lane.
    "ragged": small_overlay(
        "msq_conv",
        8,
        lanes={"ti": 8, "to": 20, "tp": 2},
        arrays=[
            {"operator": "mixed", "fold": 2, "weight_bits": 8, "fixed_lanes": 7},
            {"operator": "mac", "fold": 4, "weight_bits": 8},
            {"operator": "mac", "fold": 1, "weight_bits": 4},
        ],
        limits={"kernel": 7, "reduction": 65536, "channels": 240},
        scale_fold=5,
        weight_streams=4,
    ),
    "kernel11": small_overlay(
        "adder_conv",
        8,
        limits={"kernel": 11, "reduction": 65536, "channels": 256},
        buffers={"feature_words": 120, "weight_tiles": 121, "reorder_words": 60, "pool_beats": 128},
    ),
}
RUNS = sorted({(name, array.operator, array.weight_bits) for name, overlay in ENGINES.items() for array in overlay.engine.arrays})


@pytest.mark.parametrize("engine, operator, weight_bits", RUNS)
def test_random_layers(engine: str, operator: str, weight_bits: int) -> None:
    kernels = _kernels(engine)
    for seed in range(LAYERS):
        _check(kernels, engine, operator, weight_bits, seed)


@pytest.mark.parametrize("engine, operator, weight_bits", [run for run in RUNS if run[1] != "adder"])
def test_random_depthwise_layers(engine: str, operator: str, weight_bits: int) -> None:
    kernels = _kernels(engine)
    for seed in range(DEPTHWISE_LAYERS):
        _check(kernels, engine, operator, weight_bits, seed, depthwise=True)


def _kernels(engine: str) -> dict[str, Kernel]:
    return {types: load_kernel(ENGINES[engine], types) for types in ("native", "vendor")}


def _check(kernels: dict[str, Kernel], engine: str, operator: str, weight_bits: int, seed: int, depthwise: bool | None = None) -> None:
    overlay = ENGINES[engine]
    case = random_case(overlay.engine, operator, seed, weight_bits, depthwise)
    golden = run_layer(overlay.engine, case.layer, case.features, case.weights, case.requantization, case.residual)
    for types, kernel in kernels.items():
        result = simulate_layer(kernel, overlay, case.layer, case.features, case.weights, case.requantization, case.residual)
        assert np.array_equal(golden, result), (
            f"{types} differs from golden at {np.argwhere(golden != result)[0]} of {case.layer}\n"
            f"repeat: python -m tests.kernels.test_bit_exact {engine} {operator} {weight_bits} {seed}{' depthwise' if depthwise else ''}"
        )


def main(engine: str, operator: str, weight_bits: str, seed: str, kind: str | None = None) -> None:
    _check(_kernels(engine), engine, operator, int(weight_bits), int(seed), depthwise=True if kind == "depthwise" else None)
    print(f"seed {seed}: golden, native and vendor types agree")


if __name__ == "__main__":
    main(*sys.argv[1:])
