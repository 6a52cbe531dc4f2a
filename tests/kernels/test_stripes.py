# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Stripe heights that a layer asks for. That they change no result and no cycle unforeseen, the random layers of the other tests show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.overlays import small_overlay

from sumtile.errors import SumtileError
from sumtile.kernels import stripes
from sumtile.kernels.layer import Layer, MapShape
from sumtile.kernels.ports import Ports
from sumtile.kernels.tiling import Tiling, tile
from sumtile.overlay import Engine, Overlay

ENGINE = small_overlay("adder_conv", 8).engine
LAYER = Layer("adder", MapShape(9, 9, 4), 8, kernel=(3, 3), padding=(1, 1, 1, 1))


def test_a_layer_is_cut_as_it_asks() -> None:
    fewest = tile(ENGINE, LAYER)
    assert tile(ENGINE, replace(LAYER, stripe_rows=fewest.stripe_rows)) == fewest
    cut = tile(ENGINE, replace(LAYER, stripe_rows=2))
    assert (cut.stripe_rows, cut.stripes) == (2, 5)


def test_weights_are_sent_again_only_when_they_do_not_stay() -> None:
    wide = replace(LAYER, ifm=MapShape(9, 9, 12), channels=32)  # 4 groups of 27 tiles, and a buffer of 50
    assert tile(ENGINE, replace(wide, stripe_rows=1)).weight_repeats == 9
    assert tile(ENGINE, replace(LAYER, stripe_rows=1)).weight_repeats == 1


@pytest.mark.parametrize("rows, sentence", [(0, "stripes of 0 rows"), (10, "but the map has 9"), (7, "buffers hold 6")])
def test_heights_that_do_not_fit_are_refused(rows: int, sentence: str) -> None:
    with pytest.raises(SumtileError, match=sentence):
        tile(ENGINE, replace(LAYER, stripe_rows=rows))


@pytest.mark.parametrize(("height", "most"), [(56, 32), (900, 16)])
def test_of_many_cuts_of_a_tall_map_some_are_tried(height: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    overlay, tried = Overlay.load("fixed8", "pynq-z2"), []

    def modelled(engine: Engine, layer: Layer, cut: Tiling, ports: Ports) -> int:
        tried.append(cut.stripe_rows)
        return abs(cut.stripe_rows - 7)

    monkeypatch.setattr(stripes, "layer_cycles", modelled)
    stripes._best_rows.cache_clear()
    layer = Layer("mac", MapShape(height, 2, 16), 16, (3, 3), padding=(1, 1, 1, 1))
    chosen = stripes.choose_stripe_rows(overlay.engine, layer, Ports.of(overlay))
    stripes._best_rows.cache_clear()
    assert len(tried) <= most and tried[-1] == 1 and tried[0] == tile(overlay.engine, layer).stripe_rows
    assert chosen == min(tried, key=lambda rows: abs(rows - 7)) and (height > 100 or chosen == 7)
