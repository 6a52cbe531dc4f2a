# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What is searched: values for each parameter of an engine, and the overlays that they describe."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from math import prod

from sumtile.errors import SumtileError
from sumtile.explore.arithmetic import Arithmetic
from sumtile.overlay import Array, Board, Overlay, overlay_names
from sumtile.overlay.design import dmas
from sumtile.overlay.engine import POOL_BANKS, TOPS
from sumtile.overlay.memories import LUTRAM_DEPTH

RATIOS = (Fraction(2, 3), Fraction(1, 2), Fraction(2, 5), Fraction(1, 3), Fraction(1, 4))
"""Shares of fixed lanes: 2:1, 1:1, 1:1.5, 1:2 and 1:3 of fixed to SP2."""

_BASES = {"mixed": "msq", "sp2": "sp2", "adder": "adder"}


@dataclass(frozen=True)
class Lanes:
    """Lanes for input channels, output channels and output columns; and input lanes of a second array, 0 where there is none."""

    ti: int
    to: int
    tp: int
    small: int = 0


@dataclass(frozen=True)
class Supply:
    """What keeps the lanes busy: stages, ports and buffers, as of :class:`sumtile.overlay.Engine`."""

    scale_fold: int
    weight_streams: int
    feature_words: int
    weight_tiles: int
    reorder_words: int
    pool_beats: int


@dataclass(frozen=True)
class Design:
    """A point of a space.

    Attributes:
        fixed: share of the output lanes that multiply, where an array has lanes of both kinds; see :func:`~sumtile.explore.space.fixed_lanes`.
    """

    arithmetic: Arithmetic
    lanes: Lanes
    supply: Supply
    fixed: Fraction | None = None


@dataclass(frozen=True)
class Space:
    """Values that each parameter may take: the fields of :class:`Lanes` and of :class:`Supply`, and shares of fixed lanes.

    A design takes one of each. Combinations that break a rule of the engine are none.
    """

    ti: tuple[int, ...]
    to: tuple[int, ...]
    tp: tuple[int, ...]
    small: tuple[int, ...]
    scale_fold: tuple[int, ...]
    weight_streams: tuple[int, ...]
    feature_words: tuple[int, ...]
    weight_tiles: tuple[int, ...]
    reorder_words: tuple[int, ...]
    pool_beats: tuple[int, ...]
    fixed: tuple[Fraction, ...] = RATIOS

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name):
                raise SumtileError(f"the space has no value for {field.name}; give at least one.")
        if shallow := [depth for depths in self._depths for depth in depths if depth <= POOL_BANKS * LUTRAM_DEPTH]:
            raise SumtileError(f"a buffer of {shallow[0]} words was to be searched, but a memory of so few is made of LUTs; begin above {POOL_BANKS * LUTRAM_DEPTH}.")

    def size(self, arrays: int) -> int:
        """Combinations for so many arrays, shares of fixed lanes apart."""
        return len(self.all_lanes(arrays)) * prod(map(len, (self.scale_fold, self.weight_streams, *self._depths)))

    def all_lanes(self, arrays: int) -> list[Lanes]:
        """Every combination of lanes, for so many arrays."""
        return list(itertools.starmap(Lanes, itertools.product(self.ti, self.to, self.tp, self.small if arrays > 1 else (0,))))

    def supplies(self) -> Iterator[Supply]:
        """Every combination of the rest, those that could make the fastest engine first."""
        streams, depths = sorted(self.weight_streams, reverse=True), (sorted(depth, reverse=True) for depth in self._depths)
        return itertools.starmap(Supply, itertools.product(sorted(self.scale_fold), streams, *depths))

    def least_supplies(self) -> list[Supply]:
        """With the lowest depths. Of each resource, one of these takes the least."""
        depths = [min(depth) for depth in self._depths]
        return [Supply(fold, streams, *depths) for fold, streams in itertools.product(self.scale_fold, self.weight_streams)]

    def shares(self, operator: str) -> tuple[Fraction | None, ...]:
        """Shares of fixed lanes of an array; None where it has lanes of one kind."""
        return self.fixed if operator == "mixed" else (None,)

    @property
    def _depths(self) -> tuple[tuple[int, ...], ...]:
        return self.feature_words, self.weight_tiles, self.reorder_words, self.pool_beats


def default_space(base: Overlay, data_bits: int) -> Space:
    """The values that are searched for a board unless the caller has others."""
    engine = base.engine
    beat = engine.stream_bits // data_bits  # channels of a word fill whole beats
    return Space(
        ti=tuple(bits // data_bits for bits in (128, 256) if bits % engine.stream_bits == 0),
        to=tuple(lanes for lanes in (16, 24, 32, 40, 48, 64, 80, 96, 128) if lanes % beat == 0),
        tp=(1, 2, 3, 4, 6, 8),
        small=(1, 2),
        scale_fold=(4, 8),
        weight_streams=(1, 2),
        feature_words=(engine.feature_words // 2, engine.feature_words),
        weight_tiles=(engine.weight_tiles,),
        reorder_words=(512, 1024),
        pool_beats=(engine.pool_beats,),
    )


def base_overlay(board: str, operator: str, data_bits: int) -> Overlay:
    """The overlay of the project whose clock, streams and limits a search for a board keeps: the one with this first array, or the first that the board has.

    Raises:
        SumtileError: no such board, or no overlay for it.
    """
    Board.load(board)
    wanted = _BASES.get(operator, f"fixed{data_bits}")
    errors = []
    for name in sorted(overlay_names(), key=lambda name: name != wanted):
        try:
            return Overlay.load(name, board)
        except SumtileError as error:
            errors.append(error)
    raise errors[0] if errors else SumtileError("there are no overlays; install sumtile again, or set SUMTILE_OVERLAYS to a folder that has some.")


def fixed_lanes(to: int, share: Fraction) -> int:
    """How many of the output lanes multiply: an even number, since two share a DSP, and at least two of either kind."""
    return min(max(2 * round(to * share / 2), 2), to - 2)


def make_overlay(base: Overlay, arrays: tuple[tuple[str, int], ...], design: Design) -> Overlay:
    """The overlay of a design, with the clock, streams and limits of another one, and without an engine for fully connected layers.

    Args:
        arrays: operator and width of the weights of each array; see :meth:`Arithmetic.arrays`.

    Raises:
        SumtileError: a rule of the engine or of the board is broken.
    """
    lanes, supply, (operator, bits) = design.lanes, design.supply, arrays[0]
    if lanes.small and lanes.ti % lanes.small:
        raise SumtileError(f"{lanes.small} lanes of the small array do not divide {lanes.ti}; choose others.")
    wide = Array(operator, 1, bits, fixed_lanes=0 if design.fixed is None else fixed_lanes(lanes.to, design.fixed))
    engine = replace(
        base.engine,
        top=TOPS[operator],
        data_bits=design.arithmetic.data_bits,
        ti=lanes.ti,
        to=lanes.to,
        tp=lanes.tp,
        arrays=(wide, *(Array(kind, lanes.ti // lanes.small, width) for kind, width in arrays[1:])),
        channels_max=max(base.engine.channels_max // lanes.to, 1) * lanes.to,
        feature_words=supply.feature_words,
        weight_tiles=supply.weight_tiles,
        reorder_words=supply.reorder_words,
        pool_beats=supply.pool_beats,
        scale_fold=supply.scale_fold,
        weight_streams=supply.weight_streams,
    )
    engine.check()
    if len(dmas(engine)) > base.board.hp_ports:
        raise SumtileError(f"{supply.weight_streams} weight ports are too many for the {base.board.hp_ports} memory ports of board '{base.board.name}'; use fewer.")
    return replace(base, engines=(engine,), fc=None)
