# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The notebook about arithmetic: what the schemes do to weights and accuracy, on the data set and on the samples, with all overlays and without one."""

from __future__ import annotations

import re

import pytest
from tests.support.notebooks import Shown, run_notebook

from sumtile.datasets import open_dataset
from sumtile.errors import SumtileError

pytest.importorskip("nbclient")
pytest.importorskip("matplotlib")
pytestmark = pytest.mark.faces

WHERE = [f"emulated zcu102 (C simulation of {top})" for top in ("adder_conv", "mac_conv", "sp2_conv", "msq_conv")]

A_BARE_BOARD = """
import os
import pathlib
from sumtile import SumtileError, datasets
from sumtile.evaluation import targets

os.environ.pop(datasets.FOLDERS_VARIABLE, None)
datasets.FASHION_FOLDER = pathlib.Path("/nothing/here")
emulated = targets.TARGETS["emulated"]

def without_sp2(program):
    if program.overlay == "sp2":
        raise SumtileError("overlay file zcu102.sp2.bit is missing.")
    return emulated(program)

targets.TARGETS["emulated"] = without_sp2
"""
"""No data set, and an overlay whose bitstream is not there."""


def test_schemes_cost_what_they_should() -> None:
    try:
        open_dataset("fashion-mnist")
    except SumtileError as error:
        pytest.skip(str(error))
    shown = run_notebook("04_arithmetic.ipynb")
    assert len(shown.pictures) == 7
    _check_formats(shown)
    shares = _shares(shown)
    assert len(shares) == 9
    (in_float,) = (line for line in shown.lines if line.startswith("float: "))
    assert all(float(share) > 91 for share in re.findall(r"([\d.]+)%", in_float))
    right, agrees = ({name: each[index] for name, each in shares.items()} for index in (0, 1))
    for name in ("adder, 8 bit", "dynamic, 8 bit", "fixed, weights of 4 bits", "SP2, weights of 4 bits", "MSQ, weights of 4 bits", "ternary, compensated"):
        assert right[name] > 90 and agrees[name] > 94, name
    assert right["adder, 8 bit, a step for both"] < right["adder, 8 bit"] - 2
    assert right["static, 8 bit"] < right["dynamic, 8 bit"] - 5
    assert right["ternary"] < right["ternary, compensated"] - 5
    assert agrees["SP2, weights of 4 bits"] <= agrees["fixed, weights of 4 bits"] < agrees["dynamic, 8 bit"]
    assert shown.lines[-1] == f"These results come from: {'; '.join(WHERE)}"


def test_without_data_set_and_one_overlay_the_rest_goes_on() -> None:
    shown = run_notebook("04_arithmetic.ipynb", before=A_BARE_BOARD)
    assert len(shown.pictures) == 7
    assert shown.line("were not found in /nothing/here")
    assert shown.line("to judge by").startswith("20 images of sumtile's samples to judge by, 20 to set the scales")
    assert shown.line("is left out") == "SP2, weights of 4 bits is left out: overlay file zcu102.sp2.bit is missing."
    shares = _shares(shown)
    assert len(shares) == 8 and shares["adder, 8 bit"] == (100, 100)
    assert shown.lines[-1] == f"These results come from: {'; '.join(where for where in WHERE if 'sp2' not in where)}"


def _check_formats(shown: Shown) -> None:
    products = [re.fullmatch(r"code (\d{3}): 13 \* (\d) = (.*) = (\d+)", line) for line in shown.lines]
    codes = {found[1]: (int(found[2]), found[3], int(found[4])) for found in products if found}
    assert len(codes) == 8 and {level for level, _, _ in codes.values()} == {0, 1, 2, 4, 5, 6, 8}
    assert all(13 * level == product == eval(shifts) for level, shifts, product in codes.values())
    rows = shown.line(" filters are fixed. ")
    assert [int(number) for number in re.findall(r"\d+", rows)[:2]] == [10, 32]  # a third of the lanes
    assert 1 < float(re.search(r"by ([\d.]+) dB on average", rows)[1]) < 3
    clipped, factor = (int(number) for number in re.findall(r"(\d+)(?:%| times)", shown.line(" of the weights lie beyond")))
    assert 30 < clipped < 80 and factor == 16


def _shares(shown: Shown) -> dict[str, tuple[float, float]]:
    found = [re.fullmatch(r"(.*\S) +([\d.]+)% right, +([\d.]+)% as in float", line) for line in shown.lines]
    return {line[1]: (float(line[2]), float(line[3])) for line in found if line}
