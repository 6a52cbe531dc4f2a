# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The emulated board as a whole: families, clocks, stock pynq's view of the generated files, settings and the runner."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pynq
import pytest

from sumtile.emulated import EmulatedDevice, Settings, open_board, overlay_files
from sumtile.emulated import device as device_module
from sumtile.emulated.__main__ import main
from sumtile.errors import SumtileError
from sumtile.overlay import Overlay, board_names
from tests.emulated.conftest import OpenOverlay
from tests.emulated.loopback import Loopback

HOST = Path(__file__).with_name("host.py")


@pytest.mark.parametrize("board", board_names())
def test_stock_pynq_reads_the_design(open_overlay: OpenOverlay, board: str) -> None:
    description = Overlay.load("adder", board)
    bits = description.engine.stream_bits
    overlay = open_overlay(board, kernel=Loopback(beat_bytes=bits // 8))
    types = {name: ip["type"] for name, ip in overlay.ip_dict.items() if "phys_addr" in ip}
    assert types == {
        "engine_0": "xilinx.com:hls:adder_conv:1.0",
        "axi_intc_0": "xilinx.com:ip:axi_intc:4.1",
        **dict.fromkeys(("dma_features", "dma_weights_0", "dma_residual"), "xilinx.com:ip:axi_dma:7.1"),
    }
    for name, receives in (("dma_features", True), ("dma_weights_0", False), ("dma_residual", False)):
        dma = getattr(overlay, name)
        assert isinstance(dma, pynq.lib.dma.DMA) and dma.buffer_max_size == (1 << 26) - 1
        assert dma.sendchannel._align == max(bits, description.board.hp_bits) // 8
        assert hasattr(dma, "recvchannel") and (dma.recvchannel is not None) == receives
        assert dma.sendchannel._interrupt is not None
    assert overlay.engine_0.interrupt is not None
    assert overlay.device.where == f"emulated {board} (C simulation of adder_conv)"
    assert overlay.is_loaded()


@pytest.mark.parametrize("board", board_names())
def test_clocks(open_overlay: OpenOverlay, board: str) -> None:
    open_overlay(board, kernel=Loopback(beat_bytes=Overlay.load("adder", board).engine.stream_bytes))
    assert pynq.Clocks.fclk0_mhz == pytest.approx(Overlay.load("adder", board).clock_mhz, rel=1e-4)
    pynq.Clocks.fclk0_mhz = 75
    assert pynq.Clocks.fclk0_mhz == pytest.approx(75, rel=1e-4)


def test_two_boards_at_a_time(open_overlay: OpenOverlay) -> None:
    first, second = open_overlay("zcu102", kernel=Loopback()), open_overlay("pynq-z2", kernel=Loopback(beat_bytes=8))
    first.engine_0.write(0x08, 3)
    assert second.engine_0.read(0x08) == 0 and first.engine_0.read(0x08) == 3


def test_loading_again_resets_the_logic(open_overlay: OpenOverlay) -> None:
    overlay = open_overlay(kernel=Loopback())
    overlay.engine_0.write(0x08, 3)
    overlay.download()
    assert overlay.engine_0.read(0x08) == 0


def test_files_are_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMTILE_CACHE_DIR", str(tmp_path))
    bitfile = overlay_files(Overlay.load("adder", "zcu102"))
    assert tmp_path in bitfile.parents and bitfile.name == "adder.bit"
    written = bitfile.with_suffix(".hwh").stat().st_mtime_ns
    assert overlay_files(Overlay.load("adder", "zcu102")) == bitfile
    assert bitfile.with_suffix(".hwh").stat().st_mtime_ns == written
    for path in (bitfile, bitfile.with_suffix(".hwh")):
        path.unlink()
        assert overlay_files(Overlay.load("adder", "zcu102")) == bitfile and path.stat().st_mode & 0o777 == 0o644
    (tmp_path / "file").touch()
    monkeypatch.setenv("SUMTILE_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(SumtileError, match="cannot be written"):
        overlay_files(Overlay.load("adder", "zcu102"))


def test_closing_gives_back_what_was_active() -> None:
    real = pynq.Device.active_device = pynq.Device("real")
    first, second = open_board(), open_board("pynq-z2")
    first.close()
    assert pynq.Device.active_device is second
    second.close()
    assert pynq.Device.active_device is real


def test_closing_gives_the_clocks_back() -> None:
    device = open_board()
    pynq.Overlay(str(overlay_files(Overlay.load("adder", "zcu102"))))
    driver = pynq.Clocks._instance
    device.close()
    assert vars(pynq.Clocks).get("_real_instance") is not driver


def test_nothing_is_emulated_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUMTILE_BOARD", raising=False)
    assert EmulatedDevice._probe_() == []
    monkeypatch.setenv("SUMTILE_BOARD", "zc706")
    (found,) = EmulatedDevice._probe_()
    assert found.board.name == "zc706"
    monkeypatch.setattr(device_module, "on_real_board", lambda: True)
    assert EmulatedDevice._probe_() == []


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"BOARD": "pynq-z2", "SCHEDULE": "random", "CACHE": "strict", "SEED": "5"}.items():
        monkeypatch.setenv(f"SUMTILE_{name}", value)
    assert Settings.resolve() == Settings("pynq-z2", "random", "strict", 5)
    assert Settings.resolve(board="zc706", schedule="lazy", cache="board", seed=6) == Settings("zc706", "lazy", "board", 6)


@pytest.mark.parametrize(
    "settings, sentence",
    [({"schedule": "fast"}, "schedule 'fast'"), ({"cache": "warm"}, "cache 'warm'"), ({"board": "zybo"}, "no board 'zybo'"), ({"seed": None}, "SUMTILE_SEED is 'x'")],
)
def test_wrong_settings(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], sentence: str) -> None:
    monkeypatch.setenv("SUMTILE_SEED", "x" if "seed" in settings else "0")
    with pytest.raises(SumtileError, match=sentence):
        open_board(**settings)


def test_runner(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--board", "pynq-z2", "--files", "adder"]) == 0
    bitfile = capfd.readouterr().out.strip()
    assert Path(bitfile).is_file() and Path(bitfile).with_suffix(".hwh").is_file()
    command = [sys.executable, "-m", "sumtile.emulated", "--board", "pynq-z2", "--schedule", "lazy", str(HOST), bitfile, "pynq-z2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "host OK" in done.stdout, done.stderr


@pytest.mark.parametrize("arguments, sentence", [(["none.py"], "the host script none.py is not there"), (["--board", "zybo", str(HOST)], "there is no board 'zybo'")])
def test_runner_tells_mistakes(capfd: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    assert main(arguments) == 1
    assert sentence in capfd.readouterr().err
