# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Fully connected layers in one and two factors: the golden model, the native simulation and the vendor-type simulation give equal integers.

A failing layer is repeated by the line that the failure prints: ``python -m tests.kernels.test_fc ENGINE WEIGHT_BITS SEED``.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest
from tests.support.overlays import FC_ENGINES

from sumtile.csim import Kernel, load_kernel, simulate_fc
from sumtile.kernels.fc import run_fc
from sumtile.kernels.fc_cases import random_fc_case
from sumtile.overlay.fc_engine import FC_TOP

LAYERS = 300
RUNS = [(name, bits) for name, overlay in FC_ENGINES.items() for bits in overlay.fully_connected.weight_bits]


@pytest.mark.parametrize("engine, weight_bits", RUNS)
def test_random_layers(engine: str, weight_bits: int) -> None:
    kernels = _kernels(engine)
    results = [_check(kernels, engine, weight_bits, seed) for seed in range(LAYERS)]
    inside = [np.mean((result > result.min()) & (result < result.max()) & (result != 0)) for result in results if result.size > 2]
    assert np.mean(inside) > 0.15  # slopes of zero, clamps and the corners of the formats leave that many values of their own


def _kernels(engine: str) -> dict[str, Kernel]:
    return {types: load_kernel(FC_ENGINES[engine], types, FC_TOP) for types in ("native", "vendor")}


def _check(kernels: dict[str, Kernel], engine: str, weight_bits: int, seed: int) -> np.ndarray:
    overlay = FC_ENGINES[engine]
    case = random_fc_case(overlay.fully_connected, seed, weight_bits)
    golden = run_fc(overlay.fully_connected, case.layer, case.vectors, case.factors)
    for types, kernel in kernels.items():
        result = simulate_fc(kernel, overlay, case.layer, case.vectors, case.factors)
        assert np.array_equal(golden, result), (
            f"{types} differs from golden at {np.argwhere(golden != result)[0]} of {case.layer}\nrepeat: python -m tests.kernels.test_fc {engine} {weight_bits} {seed}"
        )
    return golden


def main(engine: str, weight_bits: str, seed: str) -> None:
    _check(_kernels(engine), engine, int(weight_bits), int(seed))
    print(f"seed {seed}: golden, native and vendor types agree")


if __name__ == "__main__":
    main(*sys.argv[1:])
