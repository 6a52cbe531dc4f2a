# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Random layers: the golden model, the native simulation and the vendor-type simulation give equal integers.

A failing layer is repeated by the line that the failure prints:
``python -m tests.kernels.test_bit_exact ENGINE OPERATOR SEED``.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest
from tests.support.layers import random_case
from tests.support.overlays import small_overlay

from sumtile.csim import Kernel, load_kernel, simulate_layer
from sumtile.kernels.golden import run_layer

LAYERS = 500
ENGINES = {
    "adder8": small_overlay("adder_conv", 8),
    "mac8": small_overlay("mac_conv", 8),
    "adder16": small_overlay("adder_conv", 16),
    "mac16": small_overlay("mac_conv", 16),
    "kernel11": small_overlay(
        "adder_conv",
        8,
        limits={"kernel": 11, "reduction": 65536, "channels": 256},
        buffers={"feature_words": 120, "weight_tiles": 121, "reorder_words": 60, "pool_words": 64},
    ),
}
RUNS = [("adder8", "adder"), ("adder8", "mac"), ("mac8", "mac"), ("adder16", "adder"), ("mac16", "mac"), ("kernel11", "adder"), ("kernel11", "mac")]


@pytest.mark.parametrize("engine, operator", RUNS)
def test_random_layers(engine: str, operator: str) -> None:
    kernels = _kernels(engine)
    for seed in range(LAYERS):
        _check(kernels, engine, operator, seed)


def _kernels(engine: str) -> dict[str, Kernel]:
    return {types: load_kernel(ENGINES[engine], types) for types in ("native", "vendor")}


def _check(kernels: dict[str, Kernel], engine: str, operator: str, seed: int) -> None:
    overlay = ENGINES[engine]
    case = random_case(overlay.engine, operator, seed)
    golden = run_layer(overlay.engine, case.layer, case.features, case.weights, case.requantization, case.residual)
    for types, kernel in kernels.items():
        result = simulate_layer(kernel, overlay, case.layer, case.features, case.weights, case.requantization, case.residual)
        assert np.array_equal(golden, result), (
            f"{types} differs from golden at {np.argwhere(golden != result)[0]} of {case.layer}\nrepeat: python -m tests.kernels.test_bit_exact {engine} {operator} {seed}"
        )


def main(engine: str, operator: str, seed: str) -> None:
    _check(_kernels(engine), engine, operator, int(seed))
    print(f"seed {seed}: golden, native and vendor types agree")


if __name__ == "__main__":
    main(*sys.argv[1:])
