# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Gather network and concentrator alone, in native and in vendor types: every mask of small vectors, random large ones, against plain references."""

from __future__ import annotations

import ctypes
import itertools
from pathlib import Path

import numpy as np
import pytest

from sumtile.csim.build import compile_library, vendor_headers
from sumtile.kernels.concentration import concentrate_cycles, mean_cycles
from sumtile.overlay import Array
from sumtile.overlay.resources import hls_folder

SOURCE = Path(__file__).with_name("concentration.cpp")
HEADERS = hls_folder() / "include" / "sumtile"
KINDS = [(4, 2, 1, 1), (16, 4, 2, 1), (16, 4, 0, 0), (16, 16, 2, 0), (32, 8, 2, 1), (32, 4, 3, 3)]
"""Places of a vector, adders, look-ahead and look-aside, in the order of ``concentrated`` in the C++ file."""


@pytest.fixture(scope="module", params=["native", "vendor"])
def library(request: pytest.FixtureRequest) -> ctypes.CDLL:
    flags = ["-std=c++14", "-DSUMTILE_CSIM", "-Wno-unknown-pragmas", "-Wno-unused-label", f"-I{hls_folder() / 'include'}"]
    if request.param == "vendor":
        flags += ["-DSUMTILE_VENDOR_TYPES", "-isystem", str(vendor_headers())]
    loaded = ctypes.CDLL(str(compile_library("concentration", [SOURCE], flags, headers=sorted(HEADERS.iterdir()))))
    loaded.gather_places.argtypes = [ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p]
    loaded.count_wrong_bit_gathers.restype = loaded.concentrated.restype = ctypes.c_longlong
    loaded.concentrated.argtypes = [ctypes.c_int, *[ctypes.c_void_p] * 3, ctypes.c_int, ctypes.c_void_p]
    loaded.vendor = request.param == "vendor"
    return loaded


def basis_array(kind: tuple[int, int, int, int]) -> Array:
    _, adders, ahead, aside = kind
    return Array("basis", 1, 8, adders=adders, look_ahead=ahead, look_aside=aside, columns=1)


@pytest.mark.parametrize("lanes", [2, 4, 8, 16])
def test_every_mask_gathers_its_lanes_in_order_and_scatters_them_back(library: ctypes.CDLL, lanes: int) -> None:
    for mask in range(0, 1 << lanes, 7 if library.vendor and lanes == 16 else 1):
        check_gather(library, lanes, mask)


def test_random_masks_of_32_lanes(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    for density in (0.02, 0.1, 0.5, 0.9, 1.0):
        for bits in rng.random((400, 32)) < density:
            check_gather(library, 32, int(np.packbits(bits, bitorder="little").view("<u4")[0]))


def check_gather(library: ctypes.CDLL, lanes: int, mask: int) -> None:
    places = np.full(lanes, -1, np.int32)
    count = library.gather_places(lanes, mask, places.ctypes.data)
    marked = [lane for lane in range(lanes) if mask >> lane & 1]
    assert places[:count].tolist() == marked, f"{lanes} lanes, mask {mask:#x}"
    assert sorted(places.tolist()) == list(range(lanes)), f"a lane was lost or doubled: {lanes} lanes, mask {mask:#x}"


def test_bits_are_gathered_like_numbers(library: ctypes.CDLL) -> None:
    """Sign masks: all masks of 16 lanes, on a few patterns of bits."""
    for bits in (0xA5C3,) if library.vendor else (0xA5C3, 0x0F0F, 0x8001, 0xFFFF):
        assert library.count_wrong_bit_gathers(bits) == 0, f"{bits:#x}"


def test_every_sequence_of_small_vectors(library: ctypes.CDLL) -> None:
    for vectors in range(1, 5):
        counts = np.array(list(itertools.product(range(5), repeat=vectors)))
        check_sums(library, 0, counts, seed=vectors)


@pytest.mark.parametrize("kind", range(1, len(KINDS)))
def test_random_sums(library: ctypes.CDLL, kind: int) -> None:
    rng, places = np.random.default_rng(kind), KINDS[kind][0]
    for vectors in (1, 2, 3, 7, 40):
        density = rng.choice([0.0, 0.03, 0.2, 0.6, 1.0], (40, 1))
        check_sums(library, kind, rng.binomial(places, density, (40, vectors)), seed=kind)


def check_sums(library: ctypes.CDLL, kind: int, counts: np.ndarray, seed: int) -> None:
    """Each sum is that of its terms; the cycles are those of the reference below and of the model."""
    rng, places = np.random.default_rng(seed), KINDS[kind][0]
    model = concentrate_cycles(basis_array(KINDS[kind]), places, counts)
    for row, modelled in zip(counts.astype(np.int32), model):
        values = rng.integers(-128, 256, (len(row), places), dtype=np.int32)
        signs = rng.integers(0, 2, values.shape, dtype=np.int32)
        there = np.arange(places) < row[:, None]
        total = ctypes.c_int64()
        cycles = library.concentrated(kind, values.ctypes.data, signs.ctypes.data, np.ascontiguousarray(row).ctypes.data, len(row), ctypes.addressof(total))
        assert total.value == int((np.where(signs == 1, -values, values) * there).sum()), f"kind {kind}, counts {row.tolist()}"
        assert cycles == modelled == plain_cycles(KINDS[kind], row.tolist()), f"kind {kind}, counts {row.tolist()}"


def plain_cycles(kind: tuple[int, int, int, int], counts: list[int]) -> int:
    """The rules of ``concentrate.hpp`` with sets: rows of lanes that still hold a term."""
    _, adders, ahead, aside = kind
    rows: list[set[int]] = []
    taken = cycles = 0
    while taken < len(counts) or rows:
        if taken < len(counts) and len(rows) <= ahead:
            for start in range(0, counts[taken], adders):
                lanes = range(min(adders, counts[taken] - start))
                rows.append({adders - 1 - lane if taken % 2 else lane for lane in lanes})
            taken += 1
        idle = set(range(adders))
        for step in range(aside + 1):
            for row in rows[: ahead + 1]:
                for lane in sorted(idle):
                    if (lane + step) % adders in row:
                        row.remove((lane + step) % adders)
                        idle.remove(lane)
        seen = 0
        while rows and not rows[0] and seen <= ahead:
            rows.pop(0)
            seen += 1
        cycles += 1
    return cycles


def test_the_mean_follows_the_density() -> None:
    """A cycle a vector where terms are few; as many as the adders need where there is one at every place; look-ahead saves cycles between."""
    windowed, plain = basis_array((16, 4, 2, 1)), basis_array((16, 4, 0, 0))
    assert mean_cycles(windowed, 16, 8, 0.0) == 8
    assert mean_cycles(windowed, 16, 8, 1.0) == 32
    means = [mean_cycles(windowed, 16, 8, density) for density in (0.05, 0.2, 0.35, 0.5, 0.8)]
    assert means == sorted(means)
    assert mean_cycles(windowed, 16, 8, 0.35) < 0.85 * mean_cycles(plain, 16, 8, 0.35)
