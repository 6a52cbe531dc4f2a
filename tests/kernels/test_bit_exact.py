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
from tests.support.overlays import ENGINES

from sumtile.csim import Kernel, load_kernel, simulate_layer
from sumtile.kernels.cases import random_case
from sumtile.kernels.golden import run_layer

LAYERS, BASIS_LAYERS, DEPTHWISE_LAYERS = 500, 300, 300
RUNS = sorted({(name, array.operator, array.weight_bits) for name, overlay in ENGINES.items() for array in overlay.engine.arrays})


@pytest.mark.parametrize("engine, operator, weight_bits", RUNS)
def test_random_layers(engine: str, operator: str, weight_bits: int) -> None:
    kernels = _kernels(engine)
    for seed in range(BASIS_LAYERS if operator == "basis" else LAYERS):
        _check(kernels, engine, operator, weight_bits, seed)


@pytest.mark.parametrize("engine, operator, weight_bits", [run for run in RUNS if run[1] not in ("adder", "basis")])
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
