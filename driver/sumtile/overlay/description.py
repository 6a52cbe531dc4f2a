# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Reads ``overlays/<name>.json`` and ``overlays/boards/<board>.json`` into checked dataclasses.

The C++ configuration header, the emulated board, the driver and the compiler all derive from these
dataclasses. :attr:`Overlay.stamp` is a hash of everything that shapes the logic; it is compiled into the
kernel and into every program, and the driver refuses a pair whose stamps differ.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sumtile.errors import SumtileError
from sumtile.overlay.resources import overlays_folder

OPERATORS = ("adder", "mac")


@dataclass(frozen=True)
class Array:
    """One array of processing elements inside an engine.

    Attributes:
        operator: what a lane computes: ``adder`` (-|x - w|) or ``mac`` (x * w).
        fold: cycles that the array spends on one step; it has ``ti / fold`` input lanes.
    """

    operator: str
    fold: int


@dataclass(frozen=True)
class Engine:
    """One convolution engine: lanes, widths, buffer depths and the arrays that share them.

    Attributes:
        name: name of the engine inside the overlay.
        top: top function of the kernel (a file in ``hls/kernels``).
        data_bits: width of features and weights, 8 or 16.
        stream_bits: width of each AXI4-Stream port.
        ti: input-channel lanes.
        to: output-channel lanes.
        tp: output-column lanes.
        arrays: the processing arrays; a layer names one by its index.
        kernel_max: largest kernel height and width.
        reduction_max: most products (terms) summed into one output.
        channels_max: most output channels of a layer.
        feature_words: depth of each of the ``tp`` feature banks, in words of ``ti`` channels.
        weight_tiles: depth of the weight buffer, in tiles of ``ti * to`` weights.
        reorder_words: depth of each half of the reorder buffer, in words of ``to`` channels.
        pool_words: depth of the pooling buffer, in words of ``to`` channels.
    """

    name: str
    top: str
    data_bits: int
    stream_bits: int
    ti: int
    to: int
    tp: int
    arrays: tuple[Array, ...]
    kernel_max: int
    reduction_max: int
    channels_max: int
    feature_words: int
    weight_tiles: int
    reorder_words: int
    pool_words: int

    @property
    def mid_bits(self) -> int:
        """Width of a value between requantization and the output format."""
        return 2 * self.data_bits

    @property
    def data_bytes(self) -> int:
        """Bytes of one feature or weight in memory."""
        return self.data_bits // 8

    @property
    def stream_bytes(self) -> int:
        """Bytes of one AXI4-Stream beat."""
        return self.stream_bits // 8

    def array_index(self, operator: str) -> int:
        """Index of the first array with this operator; SumtileError when the engine has none."""
        for index, array in enumerate(self.arrays):
            if array.operator == operator:
                return index
        have = ", ".join(array.operator for array in self.arrays)
        raise SumtileError(f"engine '{self.name}' has no '{operator}' array (it has: {have}); choose another overlay.")

    def check(self) -> None:
        """Raises SumtileError when a rule on the parameters is broken, with the rule in the sentence."""
        rules = [
            (self.data_bits in (8, 16), f"data_bits is {self.data_bits}, but 8 or 16 is supported"),
            (self.stream_bits in (32, 64, 128, 256, 512), f"stream_bits is {self.stream_bits}, but 32 to 512 by powers of two is supported"),
            (self.ti >= 2 and self.to >= 1 and self.tp >= 1, f"lanes are {self.ti} x {self.to} x {self.tp}, but ti >= 2, to >= 1 and tp >= 1 are needed"),
            (self.to % self.ti == 0, f"to ({self.to}) must be a multiple of ti ({self.ti})"),
            (self.ti * self.data_bits % self.stream_bits == 0, f"a word of ti = {self.ti} channels must fill whole beats of {self.stream_bits} bits"),
            (bool(self.arrays), "the engine has no array"),
            (1 <= self.kernel_max <= 11, f"limits.kernel is {self.kernel_max}, but 1 to 11 is supported"),
            (2 <= self.reduction_max <= 1 << 16, f"limits.reduction is {self.reduction_max}, but 2 to 65536 is supported"),
            (self.channels_max % self.to == 0, f"limits.channels ({self.channels_max}) must be a multiple of to ({self.to})"),
            (min(self.feature_words, self.weight_tiles, self.reorder_words, self.pool_words) >= 1, "every buffer needs a depth of at least 1"),
        ]  # fmt: skip
        for array in self.arrays:
            rules += [
                (array.operator in OPERATORS, f"operator '{array.operator}' is unknown; choose one of {', '.join(OPERATORS)}"),
                (array.fold >= 1 and self.ti % array.fold == 0, f"fold {array.fold} of the {array.operator} array must divide ti ({self.ti})"),
            ]
        for holds, sentence in rules:
            if not holds:
                raise SumtileError(f"engine '{self.name}': {sentence}.")


@dataclass(frozen=True)
class Board:
    """A board: its part, its memory ports and the resources that a design may fill."""

    name: str
    title: str
    family: str
    part: str
    ddr_bytes: int
    cma_bytes: int
    hp_ports: int
    hp_bits: int
    budget: dict[str, int]

    @classmethod
    def load(cls, name: str, folder: Path | None = None) -> Board:
        """Reads ``boards/<name>.json``; SumtileError when there is none or a field is missing."""
        path = (folder or overlays_folder()) / "boards" / f"{name}.json"
        raw = _read(path, f"board '{name}'", board_names(folder))
        try:
            return cls(**raw)
        except TypeError as error:
            raise SumtileError(f"{path}: {error}; compare it with the other files in that folder.") from None

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
        engines: the engines of the design.
    """

    name: str
    board: Board
    clock_mhz: float
    engines: tuple[Engine, ...]

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
        boards = raw.get("boards", {})
        if board not in boards:
            raise SumtileError(f"overlay '{name}' is not described for board '{board}' (it is for: {', '.join(boards)}); add the board to {path.name}.")
        try:
            return cls.from_dict(_merge(raw, boards[board]), Board.load(board, folder))
        except (KeyError, TypeError, ValueError) as error:
            raise SumtileError(f"{path}: {error!r} is missing or of the wrong kind; compare it with overlays/adder.json.") from None

    @classmethod
    def from_dict(cls, raw: dict[str, Any], board: Board) -> Overlay:
        """Builds and checks an overlay from the keys of its JSON file."""
        engines = tuple(_engine(entry) for entry in raw["engines"])
        for engine in engines:
            engine.check()
        return cls(name=raw["name"], board=board, clock_mhz=float(raw["clock_mhz"]), engines=engines)

    @property
    def engine(self) -> Engine:
        """The convolution engine."""
        return self.engines[0]

    @property
    def stamp(self) -> int:
        """32-bit hash of the engines: equal stamps mean that programs are interchangeable."""
        canonical = json.dumps([asdict(engine) for engine in self.engines], sort_keys=True)
        return int.from_bytes(hashlib.sha256(canonical.encode()).digest()[:4], "little")


def overlay_names(folder: Path | None = None) -> list[str]:
    """Names of the overlays that are described."""
    return sorted(path.stem for path in (folder or overlays_folder()).glob("*.json"))


def board_names(folder: Path | None = None) -> list[str]:
    """Names of the boards that are described."""
    return sorted(path.stem for path in ((folder or overlays_folder()) / "boards").glob("*.json"))


def _engine(raw: dict[str, Any]) -> Engine:
    limits, buffers, lanes = raw["limits"], raw["buffers"], raw["lanes"]
    return Engine(
        name=raw["name"],
        top=raw["top"],
        data_bits=raw["data_bits"],
        stream_bits=raw["stream_bits"],
        ti=lanes["ti"],
        to=lanes["to"],
        tp=lanes["tp"],
        arrays=tuple(Array(entry["operator"], entry["fold"]) for entry in raw["arrays"]),
        kernel_max=limits["kernel"],
        reduction_max=limits["reduction"],
        channels_max=limits["channels"],
        **buffers,
    )


def _merge(base: Any, change: Any) -> Any:
    """``base`` with the entries of ``change`` laid over it, through dicts and lists of equal position."""
    if isinstance(base, dict) and isinstance(change, dict):
        return {**base, **{key: _merge(base.get(key), value) for key, value in change.items()}}
    if isinstance(base, list) and isinstance(change, list) and change and isinstance(change[0], dict):
        return [_merge(old, new) for old, new in zip(base, change)] + base[len(change) :]
    return change


def _read(path: Path, what: str, known: list[str]) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise SumtileError(f"there is no {what} (known: {', '.join(known) or 'none'}); check the name, or add {path}.") from None
    except json.JSONDecodeError as error:
        raise SumtileError(f"{path} is not valid JSON: {error}.") from None
