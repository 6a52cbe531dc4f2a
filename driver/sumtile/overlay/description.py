# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Reads ``overlays/<name>.json`` and ``overlays/boards/<board>.json`` into checked dataclasses.

The C++ configuration header, the emulated board, the driver and the compiler all derive from these
dataclasses. :attr:`sumtile.overlay.Overlay.stamp` is a hash of everything that shapes the logic; it is compiled into the
kernel and into every program, and the driver refuses a pair whose stamps differ.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sumtile.errors import SumtileError
from sumtile.fields import from_json
from sumtile.files import regular_file
from sumtile.overlay.design import dmas
from sumtile.overlay.engine import Array, Engine
from sumtile.overlay.fc_engine import FcEngine, FcFile
from sumtile.overlay.resources import overlays_folder

FAMILIES = ("zynq-7000", "zynq-ultrascale+")


@dataclass(frozen=True)
class Board:
    """A board: its part, its memory and the ports to it, and the resources that a design may fill.

    Attributes:
        ddr_bytes_per_second: peak rate of the memory behind the ports.
        ddr_efficiency: share of that rate that long bursts of several ports reach.
        hp_ports, hp_bits: number and width of the high-performance ports from the logic to the memory.
        port_efficiency: share of a port's beats that long bursts fill.
        host_bytes_per_second: bytes that the processor's operations on feature maps read and write.
        board_part: the board's name in Vivado without its version, if it has one; the processor's preset comes with it.
    """

    name: str
    title: str
    family: str
    part: str
    ddr_bytes: int
    ddr_bytes_per_second: int
    ddr_efficiency: float
    cma_bytes: int
    hp_ports: int
    hp_bits: int
    port_efficiency: float
    host_bytes_per_second: int
    budget: dict[str, int]
    board_part: str = ""

    @classmethod
    def load(cls, name: str, folder: Path | None = None) -> Board:
        """Reads ``boards/<name>.json``; SumtileError when there is none, or a field is missing, unknown or of another kind."""
        path = (folder or overlays_folder()) / "boards" / f"{name}.json"
        raw = _read(path, f"board '{name}'", board_names(folder))
        try:
            board = from_json(cls, raw, "the board")
            board.check(name)
        except SumtileError as error:
            raise SumtileError(f"{path}: {error}") from None
        return board

    def check(self, name: str) -> None:
        """Raises SumtileError when a number makes no board, or the board is not the one called ``name``."""
        if self.name != name:
            raise SumtileError(f"the board is named '{self.name}', but its file is named '{name}'; give both one name.")
        if self.family not in FAMILIES:
            raise SumtileError(f"the family '{self.family}' is unknown; choose one of {', '.join(FAMILIES)}.")
        numbers = {
            "ddr_bytes": self.ddr_bytes,
            "ddr_bytes_per_second": self.ddr_bytes_per_second,
            "cma_bytes": self.cma_bytes,
            "host_bytes_per_second": self.host_bytes_per_second,
            "hp_ports": self.hp_ports,
            "hp_bits": self.hp_bits,
            **self.budget,
        }
        for key, value in numbers.items():
            if value < 1:
                raise SumtileError(f"{key} of board '{name}' is {value}, but it must be positive; correct it.")
        for key, share in (("ddr_efficiency", self.ddr_efficiency), ("port_efficiency", self.port_efficiency)):
            if not 0.01 <= share <= 1:
                raise SumtileError(f"{key} of board '{name}' is {share:g}, but it is a share from 0.01 to 1; correct it.")

    @property
    def is_mpsoc(self) -> bool:
        """True for Zynq UltraScale+ (aarch64), false for Zynq-7000 (armv7l)."""
        return self.family == "zynq-ultrascale+"


@dataclass(frozen=True)
class Overlay:
    """An overlay as it is built for one board.

    Attributes:
        name: name of the overlay, and stem of its ``.bit`` and ``.hwh``.
        board: the board that it is resolved for.
        clock_mhz: clock of the programmable logic.
        engines: the convolution engines of the design.
        fc: the engine for fully connected layers beside them, if there is one.
    """

    name: str
    board: Board
    clock_mhz: float
    engines: tuple[Engine, ...]
    fc: FcEngine | None = None

    @classmethod
    def load(cls, name: str, board: str, folder: Path | None = None) -> Overlay:
        """Reads ``<name>.json`` and applies what it says about the board.

        Args:
            name: name of the overlay, such as ``adder``.
            board: name of the board, such as ``zcu102``.
            folder: folder of the descriptions; the project's own ``overlays`` by default.

        Raises:
            SumtileError: unknown name, board that the overlay does not list, or a broken rule.
        """
        path = (folder or overlays_folder()) / f"{name}.json"
        raw = _read(path, f"overlay '{name}'", overlay_names(folder))
        boards = raw.get("boards")
        if not isinstance(boards, dict) or board not in boards:
            known = ", ".join(boards) if isinstance(boards, dict) else "none"
            raise SumtileError(f"overlay '{name}' is not described for board '{board}' (it is for: {known}); add the board to {path}.")
        described = Board.load(board, folder)
        try:
            overlay = cls.from_dict(_merge(raw, boards[board], "the overlay"), described)
            if overlay.name != name:
                raise SumtileError(f"the overlay is named '{overlay.name}', but its file is named '{name}'; give both one name.")
        except SumtileError as error:
            raise SumtileError(f"{path} for board '{board}': {error}") from None
        return overlay

    @classmethod
    def from_dict(cls, raw: dict[str, Any], board: Board) -> Overlay:
        """Builds and checks an overlay from the keys of its JSON file; SumtileError names the key or the rule."""
        file = from_json(_OverlayFile, raw, "the overlay")
        if not file.engines:
            raise SumtileError(f"overlay '{file.name}' has no engine; describe at least one.")
        if not file.clock_mhz > 0:
            raise SumtileError(f"clock_mhz of overlay '{file.name}' is {file.clock_mhz:g}, but it must be positive; correct it.")
        engines = tuple(entry.engine() for entry in file.engines)
        for engine in engines:
            engine.check()
        fc = None if file.fc is None else file.fc.engine(engines[0])
        if fc is not None:
            fc.check(board.hp_ports)
        ports = len({dma.hp for engine in engines for dma in dmas(engine, fc)})
        if ports > board.hp_ports:
            raise SumtileError(f"the DMAs of overlay '{file.name}' need {ports} memory ports (HP), but board '{board.name}' has {board.hp_ports}; use fewer weight_streams.")
        return cls(name=file.name, board=board, clock_mhz=file.clock_mhz, engines=engines, fc=fc)

    @property
    def engine(self) -> Engine:
        """The convolution engine."""
        return self.engines[0]

    @property
    def fully_connected(self) -> FcEngine:
        """The engine for fully connected layers; SumtileError when there is none."""
        if self.fc is None:
            raise SumtileError(f"overlay '{self.name}' for {self.board.name} has no engine for fully connected layers; choose one that has, or add 'fc' to its description.")
        return self.fc

    @property
    def stamp(self) -> int:
        """32-bit hash of the engines: equal stamps mean that programs are interchangeable."""
        engines = [asdict(engine) for engine in self.engines] + ([] if self.fc is None else [asdict(self.fc)])
        canonical = json.dumps(engines, sort_keys=True)
        return int.from_bytes(hashlib.sha256(canonical.encode()).digest()[:4], "little")


def overlay_names(folder: Path | None = None) -> list[str]:
    """Names of the overlays that are described."""
    return sorted(path.stem for path in (folder or overlays_folder()).glob("*.json"))


def board_names(folder: Path | None = None) -> list[str]:
    """Names of the boards that are described."""
    return sorted(path.stem for path in ((folder or overlays_folder()) / "boards").glob("*.json"))


@dataclass(frozen=True)
class _Lanes:
    ti: int
    to: int
    tp: int


@dataclass(frozen=True)
class _Limits:
    kernel: int
    reduction: int
    channels: int


@dataclass(frozen=True)
class _Buffers:
    feature_words: int
    weight_tiles: int
    reorder_words: int
    pool_beats: int


@dataclass(frozen=True)
class _EngineFile:
    """An engine as the JSON file groups its parameters."""

    name: str
    top: str
    data_bits: int
    stream_bits: int
    lanes: _Lanes
    arrays: tuple[Array, ...]
    limits: _Limits
    buffers: _Buffers
    scale_fold: int = 1
    weight_streams: int = 1

    def engine(self) -> Engine:
        limits = {f"{name}_max": value for name, value in asdict(self.limits).items()}
        widths = {name: getattr(self, name) for name in ("name", "top", "data_bits", "stream_bits", "arrays", "scale_fold", "weight_streams")}
        return Engine(**widths, **asdict(self.lanes), **limits, **asdict(self.buffers))


@dataclass(frozen=True)
class _OverlayFile:
    """An overlay's JSON file."""

    name: str
    clock_mhz: float
    engines: tuple[_EngineFile, ...]
    fc: FcFile | None = None
    summary: str = ""
    boards: dict[str, Any] = field(default_factory=dict)


def _merge(base: Any, change: Any, what: str) -> Any:
    """``base`` with the entries of ``change`` laid over it, through dicts and lists of equal position."""
    if isinstance(base, dict) and isinstance(change, dict):
        return {**base, **{key: _merge(base.get(key), value, f"{key} of {what}") for key, value in change.items()}}
    if isinstance(base, list) and isinstance(change, list):
        if len(change) > len(base):
            raise SumtileError(f"the board changes {len(change)} {what}, but there are {len(base)}; describe them for all boards first.")
        return [_merge(old, new, f"entry {index} of {what}") for index, (old, new) in enumerate(zip(base, change))] + base[len(change) :]
    return change


def _read(path: Path, what: str, known: list[str]) -> dict[str, Any]:
    """The JSON object in a file."""
    if not path.exists():
        raise SumtileError(f"there is no {what} (known: {', '.join(known) or 'none'}); check the name, or add {path}.")
    try:
        raw = json.loads(regular_file(path, "description").read_bytes())
    except (ValueError, RecursionError) as error:  # bytes that are not UTF-8 included
        raise SumtileError(f"{path} is not valid JSON: {error}.") from None
    except OSError as error:
        raise SumtileError(f"{path} cannot be read ({error.strerror or error}); check its permissions.") from None
    if not isinstance(raw, dict):
        raise SumtileError(f"{path} holds no JSON object; compare it with the other files in that folder.")
    return raw
