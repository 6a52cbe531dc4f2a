# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Descriptions of overlays and boards: what is shipped is valid, and each mistake is named."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sumtile.errors import SumtileError
from sumtile.overlay import Board, Overlay
from sumtile.overlay.description import board_names, overlay_names
from sumtile.overlay.resources import overlays_folder
from tests.support.overlays import ARRAYS, small_overlay

OVERLAY = json.loads((overlays_folder() / "adder.json").read_text())
BOARD = json.loads((overlays_folder() / "boards" / "zcu102.json").read_text())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(overlays_folder(), tmp_path / "overlays"))


def refusal(folder: Path) -> str:
    with pytest.raises(SumtileError) as caught:
        Overlay.load("adder", "zcu102", folder)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and str(folder) in sentence
    return sentence


def test_what_is_shipped_and_tested_is_valid() -> None:
    for name in overlay_names():
        boards = json.loads((overlays_folder() / f"{name}.json").read_text())["boards"]
        for board in boards:
            assert Overlay.load(name, board).name == name
    for board in board_names():
        assert Board.load(board).name == board
    for top in ARRAYS:
        for bits in (8, 16):
            assert small_overlay(top, bits).clock_mhz == 100.0


def engine(raw: dict) -> dict:
    return raw["engines"][0]


def override(raw: dict) -> dict:
    return raw["boards"]["zcu102"]


OVERLAYS: dict[str, Callable[[dict], object]] = {
    "ti of lanes": lambda o: engine(o)["lanes"].update(ti=16.0),
    "data_bits of": lambda o: engine(o).update(data_bits=True),
    "clock_mhz of the overlay is '200'": lambda o: override(o).update(clock_mhz="200"),
    "is 0, but it must be positive": lambda o: override(o).update(clock_mhz=0),
    "is inf, but a finite number": lambda o: override(o).update(clock_mhz=float("inf")),
    "is nan, but a finite number": lambda o: override(o).update(clock_mhz=float("nan")),
    "has no engine": lambda o: (o.update(engines=[]), override(o).pop("engines")),
    "changes 2 engines of the overlay, but there are 1": lambda o: override(o).update(engines=[{}, {}]),
    "has the unknown 'clock'": lambda o: override(o).update(clock=100),
    "has the unknown 'lane'": lambda o: override(o)["engines"][0].update(lane={"tp": 2}),
    "has the unknown 'tq'": lambda o: override(o)["engines"][0]["lanes"].update(tq=2),
    "has the unknown 'pools'": lambda o: engine(o)["buffers"].update(pools=2),
    "lacks 'fold'": lambda o: engine(o)["arrays"][0].pop("fold"),
    "lacks 'engines'": lambda o: (o.pop("engines"), override(o).pop("engines")),
    "is named 'other', but its file is named 'adder'": lambda o: o.update(name="other"),
    "a list is needed": lambda o: override(o).update(engines=3),
    "is not described for board 'zcu102'": lambda o: o.update(boards=["zcu102"]),
    "lanes are 256": lambda o: engine(o)["lanes"].update(ti=256, to=256),
    "tp from 1 to 64": lambda o: override(o)["engines"][0]["lanes"].update(tp=65),
    "to from 1 to 256": lambda o: engine(o)["lanes"].update(to=512),
    "has 9 arrays": lambda o: engine(o).update(arrays=[{"operator": "mac", "fold": 16, "weight_bits": 8}] * 9),
    "has 0 arrays": lambda o: engine(o).update(arrays=[]),
    "must divide ti": lambda o: engine(o)["arrays"][0].update(fold=3),
    "operator 'xor' is unknown": lambda o: engine(o)["arrays"][0].update(operator="xor"),
    "limits.channels is 0": lambda o: engine(o)["limits"].update(channels=0),
    "limits.channels is 65536": lambda o: engine(o)["limits"].update(channels=65536),
    "buffers.feature_words is 65536": lambda o: override(o)["engines"][0]["buffers"].update(feature_words=65536),
    "buffers.pool_beats is 0": lambda o: engine(o)["buffers"].update(pool_beats=0),
    "ti * to lanes, has 8192 bits": lambda o: engine(o)["lanes"].update(ti=32, to=32),
    "tp * ti lanes, has 8192 bits": lambda o: override(o)["engines"][0]["lanes"].update(tp=64),
    "sums, to lanes, has 6144 bits": lambda o: (
        engine(o).update(data_bits=16, arrays=[{"operator": "adder", "fold": 1, "weight_bits": 16}, {"operator": "mac", "fold": 1, "weight_bits": 16}]),
        engine(o)["lanes"].update(ti=2, to=128),
        override(o)["engines"][0].update(stream_bits=32),
    ),
    "weight_bits of the adder array is 4, but 8 is supported": lambda o: engine(o)["arrays"][0].update(weight_bits=4),
    "fixed_lanes of the mac array is 3, but 0 is needed": lambda o: engine(o)["arrays"][1].update(fixed_lanes=3),
    "fixed_lanes of the mixed array is 16, but 1 to 15": lambda o: engine(o)["arrays"].append({"operator": "mixed", "fold": 2, "weight_bits": 8, "fixed_lanes": 16}),
    "logic_lanes of the mac of 8 bits array is 1, but 0 is needed": lambda o: engine(o)["arrays"][1].update(logic_lanes=1),
    "logic_lanes of the adder of 8 bits array is -1, but 0 is needed": lambda o: engine(o)["arrays"][0].update(logic_lanes=-1),
    "fold 1 of the adder array must be a multiple of 2": lambda o: engine(o)["arrays"][1].update(weight_bits=4),
    "adders, look_ahead, look_aside and columns are for basis arrays": lambda o: engine(o)["arrays"][0].update(adders=4),
    "scale_fold 3 must divide to": lambda o: engine(o).update(scale_fold=3),
    "first array is 'adder' is called 'adder_conv'": lambda o: engine(o).update(top="mac_conv"),
    "weight_streams is 3, but 1, 2, 4 are supported": lambda o: engine(o).update(weight_streams=3),
    "the 2560 bits of a header must fill whole rows of 1024 bits": lambda o: (
        engine(o).update(weight_streams=2),
        engine(o)["lanes"].update(ti=64, to=64),
        override(o)["engines"][0].update(stream_bits=512),
    ),
    "a tile of 4 x 4 weights must fill whole rows of 128 bits": lambda o: (
        engine(o).update(weight_streams=4, arrays=[{"operator": "adder", "fold": 2, "weight_bits": 8}, {"operator": "mac", "fold": 1, "weight_bits": 4}]),
        engine(o)["lanes"].update(ti=4, to=4),
        override(o)["engines"][0].update(stream_bits=32),
    ),
    "need 6 memory ports (HP), but board 'zcu102' has 4; use fewer weight_streams": lambda o: engine(o).update(weight_streams=4),
    "the widest sum has": lambda o: (engine(o)["arrays"].pop(), engine(o)["limits"].update(reduction=4096)),
    "must be identifiers": lambda o: engine(o).update(top="../adder"),
}  # fmt: skip


@pytest.mark.parametrize("sentence", OVERLAYS)
def test_a_wrong_overlay_is_refused(folder: Path, sentence: str) -> None:
    raw = copy.deepcopy(OVERLAY)
    OVERLAYS[sentence](raw)
    (folder / "adder.json").write_text(json.dumps(raw))
    assert sentence in refusal(folder)


BASIS_ARRAYS: dict[str, dict] = {
    "tp is 1 and fold 2, but a basis array works on one column without folding": {"fold": 2},
    "adders of the basis array is 3, but a divisor of ti (16) is needed": {"adders": 3, "look_aside": 0},
    "look_ahead of the basis array is 8, but 0 to 7 is supported": {"look_ahead": 8},
    "look_aside of the basis array is 4, but 0 to 3 is possible": {"look_aside": 4},
    "columns of the basis array is 0, but 1 to 4096 is supported": {"columns": 0},
    "weight_bits of the basis array is 4, but 8 is supported": {"weight_bits": 4},
}


@pytest.mark.parametrize("sentence", BASIS_ARRAYS)
def test_a_wrong_basis_array_is_refused(sentence: str) -> None:
    first, second = ARRAYS["basis_conv"](8)
    with pytest.raises(SumtileError, match=re.escape(sentence)):
        small_overlay("basis_conv", 8, arrays=[first | BASIS_ARRAYS[sentence], second])


@pytest.mark.parametrize(
    ("lanes", "arrays", "sentence"),
    [
        ({"ti": 16, "to": 4, "tp": 2}, ARRAYS["basis_conv"](8), "tp is 2 and fold 1"),
        ({"ti": 8, "to": 4, "tp": 1}, ARRAYS["basis_conv"](8), "ti is 8, but a basis array gathers from 16 or 32 lanes"),
        (
            {"ti": 16, "to": 4, "tp": 1},
            [ARRAYS["basis_conv"](8)[0], {"operator": "mac", "fold": 4, "weight_bits": 4}],
            "must fit a tile, but ti = 16 weights of 4 bits are narrower",
        ),
    ],
)
def test_lanes_that_no_basis_array_has_are_refused(lanes: dict, arrays: list[dict], sentence: str) -> None:
    with pytest.raises(SumtileError, match=re.escape(sentence)):
        small_overlay("basis_conv", 8, lanes=lanes, arrays=arrays)


BOARDS: dict[str, dict] = {
    "the family 'versal' is unknown": {"family": "versal"},
    "ddr_bytes of the board": {"ddr_bytes": 4e9},
    "hp_ports of the board": {"hp_ports": True},
    "hp_bits of board 'zcu102' is 0": {"hp_bits": 0},
    "port_efficiency of board 'zcu102' is 1.5": {"port_efficiency": 1.5},
    "ddr_bytes_per_second of board 'zcu102' is -1": {"ddr_bytes_per_second": -1},
    "lut of budget": {"budget": {"lut": "many"}},
    "budget of the board": {"budget": [1, 2]},
    "has the unknown 'colour'": {"colour": "red"},
    "is named 'zcu104', but its file is named 'zcu102'": {"name": "zcu104"},
    "title of the board": {"title": None},
}


@pytest.mark.parametrize("sentence", BOARDS)
def test_a_wrong_board_is_refused(folder: Path, sentence: str) -> None:
    (folder / "boards" / "zcu102.json").write_text(json.dumps({**BOARD, **BOARDS[sentence]}))
    assert sentence in refusal(folder)


@pytest.mark.parametrize("name", ["adder.json", "boards/zcu102.json"])
@pytest.mark.parametrize(
    ("content", "sentence"), [(b"[]", "no JSON object"), (b"\xff\xfe{", "is not valid JSON"), (b"{", "is not valid JSON"), (b"[" * 100000, "is not valid JSON")]
)
def test_a_file_that_is_no_json_object_is_refused(folder: Path, name: str, content: bytes, sentence: str) -> None:
    (folder / name).write_bytes(content)
    assert sentence in refusal(folder)


def test_unknown_names_list_the_known_ones(folder: Path) -> None:
    with pytest.raises(SumtileError, match=re.escape(f"there is no overlay 'addr' (known: {', '.join(overlay_names())})")):
        Overlay.load("addr", "zcu102", folder)
    with pytest.raises(SumtileError, match=re.escape(f"there is no board 'zcu' (known: {', '.join(board_names())})")):
        Board.load("zcu", folder)
