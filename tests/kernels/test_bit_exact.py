# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Random layers: the golden model, the native simulation and the vendor-type simulation give equal integers.

A failing layer is repeated by the line that the failure prints:
``python -m tests.kernels.test_bit_exact TOP DATA_BITS OPERATOR SEED``.
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
ENGINES = [("adder_conv", 8, "adder"), ("mac_conv", 8, "mac"), ("adder_conv", 16, "adder"), ("mac_conv", 16, "mac"), ("adder_conv", 8, "mac")]


@pytest.mark.parametrize("top, bits, operator", ENGINES)
def test_random_layers(top: str, bits: int, operator: str) -> None:
    kernels = _kernels(top, bits)
    for seed in range(LAYERS):
        _check(kernels, top, bits, operator, seed)


def _kernels(top: str, bits: int) -> dict[str, Kernel]:
    return {types: load_kernel(small_overlay(top, bits), types) for types in ("native", "vendor")}


def _check(kernels: dict[str, Kernel], top: str, bits: int, operator: str, seed: int) -> None:
    overlay = small_overlay(top, bits)
    case = random_case(overlay.engine, operator, seed)
    golden = run_layer(overlay.engine, case.layer, case.features, case.weights, case.requantization, case.residual)
    for types, kernel in kernels.items():
        result = simulate_layer(kernel, overlay, case.layer, case.features, case.weights, case.requantization, case.residual)
        assert np.array_equal(golden, result), (
            f"{types} differs from golden at {np.argwhere(golden != result)[0]} of {case.layer}\nrepeat: python -m tests.kernels.test_bit_exact {top} {bits} {operator} {seed}"
        )


def main(top: str, bits: str, operator: str, seed: str) -> None:
    _check(_kernels(top, int(bits)), top, int(bits), operator, int(seed))
    print(f"seed {seed}: golden, native and vendor types agree")


if __name__ == "__main__":
    main(*sys.argv[1:])
