# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Which device and which description are taken on a real board, as far as a PC that takes itself for one can tell."""

from __future__ import annotations

import pynq
import pytest

import sumtile
from sumtile import SumtileError, api
from sumtile.emulated import open_board
from sumtile.overlay.host import own_board


@pytest.fixture(autouse=True)
def _on_a_board(monkeypatch):
    """A PC that says it is a board, with one device of pynq's own kind, which has no programmable logic behind it."""
    monkeypatch.setattr(api, "on_real_board", lambda: True)
    monkeypatch.setattr(pynq.Device, "_devices", [pynq.Device("own")], raising=False)
    monkeypatch.delattr(pynq.Device, "_active_device", raising=False)


@pytest.mark.parametrize("own, asked, board", [("ZCU102", None, "zcu102"), ("zcu102", "pynq-z2", "zcu102"), ("Ultra96", "zcu102", "zcu102"), ("", "zcu102", "zcu102")])
def test_name_of_the_board(monkeypatch, own, asked, board):
    monkeypatch.setenv("BOARD", own)
    assert own_board(asked) == board


def test_board_that_is_not_described(monkeypatch):
    monkeypatch.setenv("BOARD", "Ultra96")
    with pytest.raises(SumtileError, match=r"this board calls itself 'Ultra96', but only .*zcu102.* are described; pass board="):
        sumtile.Accelerator()
    with pytest.raises(SumtileError, match=r"calls itself 'Ultra96' and you call it 'zybo', but only"):
        sumtile.Accelerator(board="zybo")
    with pytest.raises(SumtileError, match=r"overlay file .*zcu102.adder\.bit is missing"):  # the name was taken
        sumtile.Accelerator(board="zcu102")


def test_board_of_another_name_is_refused(monkeypatch):
    monkeypatch.setenv("BOARD", "zcu102")
    with pytest.raises(SumtileError, match=r"board 'pynq-z2' was asked for, but the device is a zcu102"):
        sumtile.Accelerator(board="pynq-z2")


def test_an_emulated_device_is_not_the_board_s_own(monkeypatch):
    emulated = open_board()
    try:
        assert pynq.Device.active_device is emulated
        assert api._own_device() is pynq.Device.devices[0]
        monkeypatch.setattr(pynq.Device, "_devices", [])
        with pytest.raises(SumtileError, match="pynq sees only emulated devices; run as root"):
            sumtile.Accelerator()
    finally:
        emulated.close()
    with pytest.raises(SumtileError, match="pynq sees no device"):
        sumtile.Accelerator()
