# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The engine for fully connected layers in an overlay's description, and what is derived from it."""

from __future__ import annotations

import re

import pytest

from sumtile.errors import SumtileError
from sumtile.kernels.fc_packing import FC_FIELDS, FC_HEADER_BYTES, FC_MAGIC
from sumtile.overlay import Overlay
from sumtile.overlay.config_header import config_header
from sumtile.overlay.design import addresses, dmas, interrupts
from sumtile.overlay.estimate import budget, estimate
from sumtile.overlay.hls_project import hls_projects
from sumtile.overlay.resources import hls_folder
from tests.support.overlays import FC_ENGINES, small_overlay

FC = {"weight_streams": 2, "weight_bits": [16, 8], "inputs_max": 512, "middle_max": 64, "batch": 2}


def overlay_with(**changes: object) -> Overlay:
    return small_overlay("mac_conv", 16, stream_bits=64, fc={**FC, **changes})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"weight_streams": 3}, "weight_streams is 3, but 1, 2, 4 are supported"),
        ({"weight_bits": [8, 16]}, r"weight_bits is \[8, 16\], but some of 16, 8, 4 in this order are needed"),
        ({"weight_bits": []}, r"weight_bits is \[\], but some of"),
        ({"weight_bits": [5]}, r"weight_bits is \[5\], but some of"),
        ({"batch": 0}, "batch is 0, but 1 to 16 is supported"),
        ({"inputs_max": 100}, "inputs_max is 100, but a multiple of the 16 lanes"),
        ({"middle_max": 8}, "middle_max is 8, but a multiple of the 16 lanes"),
        ({"middle_max": 1024}, "middle_max is 1024, but inputs_max, for which sums are sized, is 512"),
        ({"lanes": 4}, "has the unknown 'lanes'"),
    ],
)
def test_broken_rules_are_told(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(SumtileError, match=sentence):
        overlay_with(**changes)


def test_more_streams_than_memory_ports() -> None:
    description = {"name": "many", "clock_mhz": 100, "engines": [], "fc": FC}
    base = overlay_with().fully_connected
    with pytest.raises(SumtileError, match=r"weight_streams is 2, but the board has 1 memory ports \(HP\)"):
        base.check(1)
    with pytest.raises(SumtileError, match="has no engine; describe at least one"):
        Overlay.from_dict(description, Overlay.load("fixed16", "zc706").board)


def test_the_engine_is_part_of_the_stamp() -> None:
    stamps = {overlay_with(**changes).stamp for changes in ({}, {"batch": 1}, {"inputs_max": 256}, {"weight_streams": 1})}
    assert len(stamps | {small_overlay("mac_conv", 16, stream_bits=64).stamp}) == 5


def test_header_lists_agree() -> None:
    header = (hls_folder() / "include" / "sumtile" / "fc_descriptor.hpp").read_text()
    listed = [(name, f"{'u' if kind else 'i'}{bits}") for name, kind, bits in re.findall(r"FIELD\((\w+), (u?)int_t<(\d+)>\)", header)]
    assert listed == list(FC_FIELDS.items())
    assert int(re.search(r"kFcHeaderWords = (\d+)", header)[1]) * 4 == FC_HEADER_BYTES
    assert int(re.search(r"kFcMagic = (\w+)", header)[1], 16) == FC_MAGIC


def test_both_engines_share_the_memory_ports() -> None:
    overlay = Overlay.load("fixed16", "zc706")
    blocks = dmas(overlay.engine, overlay.fc)
    assert {dma.hp for dma in blocks} == set(range(overlay.board.hp_ports))
    weights = [dma for dma in blocks if dma.engine == "engine_1" and dma.receives_from is None]
    assert [(dma.name, dma.sends_to, dma.hp) for dma in weights] == [(f"dma_fc_weights_{index}", f"weights_{index}", index) for index in range(4)]


def test_what_is_there_without_the_engine_stays_where_it_is() -> None:
    overlay = Overlay.load("fixed16", "zc706")
    alone, both = addresses(overlay.engine, False), addresses(overlay.engine, False, overlay.fc)
    assert list(both.items())[: len(alone)] == list(alone.items()) and len(set(both.values())) == len(both)
    pins = interrupts(overlay.engine, overlay.fc)
    assert pins[: len(interrupts(overlay.engine))] == interrupts(overlay.engine) and pins[-1] == ("engine_1", "interrupt")


def test_both_kernels_are_built() -> None:
    projects = hls_projects(Overlay.load("fixed16", "zc706"), "/root", "/build")
    assert [(project.instance, project.top, project.source) for project in projects] == [
        ("engine_0", "mac_conv", "/root/hls/kernels/conv.cpp"),
        ("engine_1", "svd_fc", "/root/hls/kernels/svd_fc.cpp"),
    ]
    assert "FcEngineConfig" in config_header(FC_ENGINES["four16"]) and "FcEngineConfig" not in config_header(Overlay.load("msq", "zc706"))


def test_lanes_and_memories_are_estimated_for_each_image() -> None:
    one, two, wide = (estimate(overlay_with(**changes))["fully connected"] for changes in ({"batch": 1}, {"batch": 2}, {"batch": 1, "weight_streams": 4}))
    lanes = overlay_with(batch=1).fully_connected.lanes
    assert one.dsp > lanes and two.dsp == 2 * one.dsp
    assert wide.dsp - one.dsp == lanes  # four streams feed twice the lanes of two
    assert "fully connected" not in estimate(small_overlay("mac_conv", 16, stream_bits=64))


def test_fixed16_on_the_zc706_stays_below_the_dsps_of_the_paper() -> None:
    """780 in Qiu et al., FPGA'16."""
    uses = {use.resource: use for use in budget(Overlay.load("fixed16", "zc706"))}
    assert uses["dsp"].used <= 780 and all(use.fits for use in uses.values())
