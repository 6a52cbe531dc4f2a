# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The estimate of an overlay's resources: cases counted by hand, and every shipped pair within its device."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sumtile.overlay import Overlay
from sumtile.overlay.description import overlay_names
from sumtile.overlay.estimate import FILL_LIMITS, Resources, Use, budget, estimate
from sumtile.overlay.memories import Memory
from sumtile.overlay.resources import overlays_folder
from tests.support.overlays import small_overlay

PAIRS = [(name, board) for name in overlay_names() for board in json.loads((overlays_folder() / f"{name}.json").read_text())["boards"]]


@pytest.mark.parametrize(
    ("memory", "halves", "luts"),
    [
        (Memory(512, 36), 1, 0),
        (Memory(513, 36), 2, 0),  # two deep, or 1024 x 18 side by side
        (Memory(512, 64), 2, 0),
        (Memory(2048, 128), 15, 0),  # 2048 x 9: 14.2 side by side
        (Memory(2048, 640), 72, 0),  # 2048 x 9: 71.1
        (Memory(204, 6, 10), 10, 0),
        (Memory(32, 6), 0, 4),
        (Memory(64, 7, 2), 0, 24),
        (Memory(65, 1), 1, 0),
    ],
)
def test_memories_are_counted_by_the_shapes_of_a_block_ram(memory: Memory, halves: int, luts: int) -> None:
    assert (memory.halves, memory.luts) == (halves, luts)


@pytest.mark.parametrize(("name", "board"), PAIRS)
def test_every_overlay_fits_its_board(name: str, board: str) -> None:
    uses = budget(Overlay.load(name, board))
    assert [use.resource for use in uses] == list(FILL_LIMITS)
    for use in uses:
        assert use.fits, f"{use.resource}: {use.used} of {use.available}"
        assert use.comfortable == (use.used <= FILL_LIMITS[use.resource] * use.available)


def test_the_fixed_overlays_take_no_more_dsps_than_their_paper() -> None:
    """Qiu et al., FPGA'16, take 780 of the same part."""
    for name in ("fixed8", "fixed16"):
        assert _total(Overlay.load(name, "zc706")).dsp <= 780


def test_multipliers_are_counted_as_they_fit_a_dsp() -> None:
    eight, sixteen, mixed = (estimate(Overlay.load(*which)) for which in (("fixed8", "pynq-z2"), ("fixed16", "pynq-z2"), ("msq", "pynq-z2")))
    assert eight["mac of 8 bits array"].dsp == 16 * 16 // 2  # two lanes of 8 bits share one
    assert sixteen["mac of 16 bits array"].dsp == 8 * 8 * 2
    assert sixteen["scale"].dsp == 8 * 2  # sums of 48 bits by 16
    assert mixed["mixed of 4 bits array"].dsp == 16 * 16 // 2
    assert mixed["mac of 8 bits array"].dsp == 40 // 2


def test_lanes_are_counted_as_they_were_measured() -> None:
    eight, adder, mixed = (estimate(Overlay.load(*which)) for which in (("fixed8", "pynq-z2"), ("adder", "pynq-z2"), ("msq", "pynq-z2")))
    spread = 16 * 16 * 8 * (1 / 4 + 1 / 3)  # a LUT for four bits of a row that is picked, one for three bits that are masked
    assert eight["mac of 8 bits array"].lut == pytest.approx(16 * 16 * 17.5 + spread)
    assert adder["adder of 8 bits array"].lut == pytest.approx(16 * 16 * 2 * 21.7)
    assert adder["mac of 8 bits array"].ff == pytest.approx(2 * 16 * 2 * 35.1 + 16 * 16 * 8)
    assert mixed["mixed of 4 bits array"].lut == pytest.approx(16 * (16 * 13.8 + 24 * 30.9) + 16 * 40 * 4 * (1 / 4 + 1 / 3))


def test_a_lane_in_logic_takes_luts_instead_of_a_dsp() -> None:
    one, none = (
        estimate(small_overlay("mac_conv", 16, arrays=[{"operator": "mac", "fold": 1, "weight_bits": 16, "logic_lanes": lanes}]))["mac of 16 bits array"] for lanes in (3, 0)
    )
    assert none.dsp - one.dsp == 4 * 3 * 3  # ti * tp * logic lanes
    assert one.lut - none.lut == pytest.approx(36 * 291.0)


def test_more_lanes_and_deeper_buffers_take_more() -> None:
    overlay = small_overlay("mac_conv", 8)
    base = _total(overlay)
    wider = _total(small_overlay("mac_conv", 8, lanes={"ti": 4, "to": 16, "tp": 3}, limits={"kernel": 7, "reduction": 65536, "channels": 256}))
    assert wider.lut > base.lut and wider.ff > base.ff and wider.dsp > base.dsp
    buffers = {name: 8 * getattr(overlay.engine, name) for name in ("feature_words", "weight_tiles", "reorder_words", "pool_beats")}
    deeper = _total(small_overlay("mac_conv", 8, buffers=buffers))
    assert deeper.bram36 > base.bram36 and deeper.dsp == base.dsp


def test_a_use_says_whether_it_fits() -> None:
    use = Use("lut", 70, 100, 70)
    assert use.fits and use.comfortable
    assert not replace(use, used=71).comfortable and replace(use, used=71).fits
    assert not replace(use, used=101).fits


def _total(overlay: Overlay) -> Resources:
    return sum(estimate(overlay).values(), Resources())
