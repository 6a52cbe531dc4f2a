# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Reads ``overlays/<name>.json`` and ``overlays/boards/<board>.json`` into checked dataclasses.

The C++ configuration header, the emulated board, the driver and the compiler all derive from these
dataclasses. :attr:`Overlay.stamp` is a hash of everything that shapes the logic; it is compiled into the
kernel and into every program, and the driver refuses a pair whose stamps differ.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sumtile.errors import SumtileError
from sumtile.fields import from_json
from sumtile.files import regular_file
from sumtile.overlay.resources import overlays_folder

OPERATORS = ("adder", "mac")
FAMILIES = ("zynq-7000", "zynq-ultrascale+")
DATA_BITS = (8, 16)
STRUCT_BITS_MAX = 4096
"""Widest word of a stream between the stages of an engine."""

Rules = Iterable[tuple[bool, str]]


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
        for holds, sentence in itertools.chain(self._lane_rules(), self._limit_rules(), self._width_rules()):
            if not holds:
                raise SumtileError(f"engine '{self.name}': {sentence}.")

    def _lane_rules(self) -> Rules:
        yield all(re.fullmatch(r"[A-Za-z]\w*", name) for name in (self.name, self.top)), f"name '{self.name}' and top '{self.top}' must be identifiers"
        yield self.data_bits in DATA_BITS, f"data_bits is {self.data_bits}, but 8 or 16 is supported"
        yield self.stream_bits in (32, 64, 128, 256, 512), f"stream_bits is {self.stream_bits}, but 32 to 512 by powers of two is supported"
        lanes = 2 <= self.ti <= 128 and 1 <= self.to <= 256 and 1 <= self.tp <= 64
        yield lanes, f"lanes are {self.ti} x {self.to} x {self.tp}, but ti from 2 to 128, to from 1 to 256 and tp from 1 to 64 are needed"
        yield self.to % self.ti == 0, f"to ({self.to}) must be a multiple of ti ({self.ti})"
        yield self.ti * self.data_bits % self.stream_bits == 0, f"a word of ti = {self.ti} channels must fill whole beats of {self.stream_bits} bits"
        yield 1 <= len(self.arrays) <= 8, f"the engine has {len(self.arrays)} arrays, but 1 to 8 are supported"
        for array in self.arrays:
            yield array.operator in OPERATORS, f"operator '{array.operator}' is unknown; choose one of {', '.join(OPERATORS)}"
            yield array.fold >= 1 and self.ti % array.fold == 0, f"fold {array.fold} of the {array.operator} array must divide ti ({self.ti})"

    def _limit_rules(self) -> Rules:
        yield 1 <= self.kernel_max <= 11, f"limits.kernel is {self.kernel_max}, but 1 to 11 is supported"
        yield 2 <= self.reduction_max <= 1 << 16, f"limits.reduction is {self.reduction_max}, but 2 to 65536 is supported"
        channels = self.to <= self.channels_max <= 4095 * self.to and self.channels_max % self.to == 0
        yield channels, f"limits.channels is {self.channels_max}, but a multiple of to ({self.to}), 4095 times at most, is needed"
        for name in ("feature_words", "weight_tiles", "reorder_words", "pool_words"):
            depth = getattr(self, name)
            yield 1 <= depth <= 65535, f"buffers.{name} is {depth}, but 1 to 65535 is supported"

    def _width_rules(self) -> Rules:
        """Words of the streams between the stages: a weight tile, the features of all columns, and the sums of all outputs."""
        words = {"weights, ti * to": self.ti * self.to * self.data_bits, "features, tp * ti": self.tp * self.ti * self.data_bits}
        words["sums, tp * to"] = self.tp * self.to * max(self._sum_bits(array.operator) for array in self.arrays)
        for name, bits in words.items():
            yield bits <= STRUCT_BITS_MAX, f"a word of {name} lanes, has {bits} bits, but {STRUCT_BITS_MAX} is the most; use fewer lanes"

    def _sum_bits(self, operator: str) -> int:
        """Width of an accumulator that holds ``reduction_max`` terms of an operator."""
        term = 2 * self.data_bits if operator == "mac" else self.data_bits + 1
        return term + math.ceil(math.log2(self.reduction_max))


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
        numbers = {"ddr_bytes": self.ddr_bytes, "cma_bytes": self.cma_bytes, "hp_ports": self.hp_ports, "hp_bits": self.hp_bits, **self.budget}
        for key, value in numbers.items():
            if value < 1:
                raise SumtileError(f"{key} of board '{name}' is {value}, but it must be positive; correct it.")

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
        return cls(name=file.name, board=board, clock_mhz=file.clock_mhz, engines=engines)

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
    pool_words: int


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

    def engine(self) -> Engine:
        limits = {f"{name}_max": value for name, value in asdict(self.limits).items()}
        return Engine(self.name, self.top, self.data_bits, self.stream_bits, arrays=self.arrays, **asdict(self.lanes), **limits, **asdict(self.buffers))


@dataclass(frozen=True)
class _OverlayFile:
    """An overlay's JSON file."""

    name: str
    clock_mhz: float
    engines: tuple[_EngineFile, ...]
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
