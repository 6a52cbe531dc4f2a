# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The operators of the lanes alone: packed products and SP2 shifts over all their values, in native and in vendor types."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import numpy as np
import pytest

from sumtile.csim.build import compile_library, vendor_headers
from sumtile.formats import Sp2, fixed_rows
from sumtile.overlay.resources import hls_folder

SOURCE = Path(__file__).with_name("operators.cpp")
HEADERS = hls_folder() / "include" / "sumtile"


@pytest.fixture(scope="module", params=["native", "vendor"])
def library(request: pytest.FixtureRequest) -> ctypes.CDLL:
    flags = ["-std=c++14", "-DSUMTILE_CSIM", "-Wno-unknown-pragmas", "-Wno-unused-label", f"-I{hls_folder() / 'include'}"]
    if request.param == "vendor":
        flags += ["-DSUMTILE_VENDOR_TYPES", "-isystem", str(vendor_headers())]
    loaded = ctypes.CDLL(str(compile_library("operators", [SOURCE], flags, headers=sorted(HEADERS.iterdir()))))
    loaded.count_wrong_packings.restype = ctypes.c_longlong
    loaded.count_wrong_packings.argtypes = [ctypes.c_int, ctypes.c_longlong]
    loaded.count_wrong_shifts.restype = ctypes.c_longlong
    loaded.vendor = request.param == "vendor"
    return loaded


def test_packed_products_of_4_bits_are_exact(library: ctypes.CDLL) -> None:
    assert library.count_wrong_packings(4, 1) == 0


def test_packed_products_of_8_bits_are_exact(library: ctypes.CDLL) -> None:
    """All of them in native types; in the slower vendor types, pairs in steps of a prime, which meet every value of either weight."""
    assert library.count_wrong_packings(8, 67 if library.vendor else 1) == 0


@pytest.mark.parametrize("bits", range(3, 9))
def test_shifts_are_the_product_for_every_code(library: ctypes.CDLL, bits: int) -> None:
    values = Sp2(bits).decode(np.arange(1 << bits)).astype(np.int64)
    assert library.count_wrong_shifts(bits, values.ctypes.data_as(ctypes.c_void_p)) == 0


@pytest.mark.parametrize("fixed, lanes", [(16, 40), (16, 48), (7, 20), (5, 6)])
def test_mixed_lanes_make_the_channels_that_the_compiler_gives_them(library: ctypes.CDLL, fixed: int, lanes: int) -> None:
    channels = np.full(lanes, -1, np.int64)
    library.mixed_channels(fixed, lanes, channels.ctypes.data_as(ctypes.c_void_p))
    rows = fixed_rows(lanes, fixed, lanes)
    assert channels.tolist() == [*np.flatnonzero(rows), *np.flatnonzero(~rows)]


def test_an_sp2_lane_multiplies_nowhere() -> None:
    text = re.sub(r"//.*", "", (HEADERS / "sp2.hpp").read_text())
    bodies = re.findall(r"struct (Sp2\w*(?:<[^>]*>)?) \{(.*?)\n\};", text, re.DOTALL)
    assert [name for name, _ in bodies] == ["Sp2Code", "Sp2Products", "Sp2Products<DataBits, 4>", "Sp2"]
    assert all("*" not in body for _, body in bodies)
