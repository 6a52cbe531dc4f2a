# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Searches spaces for the designs that no other one beats, by branch and bound over groups of designs with the same lanes.

A group is left out when known points are better than it can be: at the time that its lanes need by themselves, and with the least that
its designs take. Of the others, the design with the best of everything but lanes is planned first, since no other one of the group is
faster; then design by design from the small ones on, as long as it could be better than what is known. Groups are taken in
waves of one size, so that neither the front nor what is planned depends on the number of processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sumtile.compiler import blank_network
from sumtile.errors import SumtileError
from sumtile.evaluation.processes import open_workers
from sumtile.explore.arithmetic import Arithmetic
from sumtile.explore.front import Front, Point
from sumtile.explore.group import Field, Found, search_group
from sumtile.explore.space import Lanes, Space, base_overlay, default_space
from sumtile.network import Network

WAVE = 8
"""Groups that are planned with the same knowledge."""

LIMIT = 0.85
"""Share of each resource of the device that a design may take."""


@dataclass(frozen=True)
class Exploration:
    """What a search has found, and how.

    Attributes:
        network, board, limit: what it was for; the share of each resource that a design may take.
        fields: what was searched.
        points: the fronts' points, the fastest first: one front for all arithmetics where accuracy is measured, or one for each.
        designs: size of the spaces; combinations that break a rule count.
        groups: combinations of lanes; ``unfit`` of these have no design within limit and rules, ``beaten`` could not be better than what was
            known, and the others were looked into.
        planned: plans that were made.
    """

    network: str
    board: str
    limit: float
    fields: tuple[Field, ...]
    points: tuple[Point, ...]
    designs: int
    groups: int
    unfit: int
    beaten: int
    planned: int

    def field_of(self, point: Point) -> Field:
        """What a point was found in."""
        return next(field for field in self.fields if field.arithmetic == point.design.arithmetic)

    def steps(self, count: int) -> list[Point]:
        """At most so many points that show how time trades for room: the fastest, and then each that fills its fullest resource less (or is more accurate) than all
        faster ones; where they are too many, evenly spaced."""
        shown: list[Point] = []
        for point in self.points:
            rivals = [other for other in shown if point.accuracy is not None or other.design.arithmetic == point.design.arithmetic]
            if not any(other.fill <= point.fill and (other.accuracy or 0.0) >= (point.accuracy or 0.0) for other in rivals):
                shown.append(point)
        if len(shown) <= count:
            return shown
        return [shown[index * (len(shown) - 1) // max(count - 1, 1)] for index in range(count)]


def make_field(
    network: Network,
    board: str,
    arithmetic: Arithmetic,
    space: Space | None = None,
    limit: float = LIMIT,
    accuracies: Mapping[Fraction | None, float] | None = None,
) -> Field:
    """What :func:`explore` searches for one arithmetic.

    Args:
        network: the float network.
        board: name of the board.
        arithmetic: scheme and widths.
        space: values to search; None for :func:`sumtile.explore.space.default_space`.
        limit: share of each resource of the device that a design may take.
        accuracies: share of right answers by share of fixed lanes, where they were measured.

    Raises:
        SumtileError: a scheme or width that the network or an engine does not have, no such board, or no budget.
    """
    if not 0 < limit <= 1:
        raise SumtileError(f"a budget of {limit:g} of the device was given, but it is a share above 0 and up to 1; 0.85 leaves room to route.")
    arithmetic.check(network)
    arrays = arithmetic.arrays(network)
    base = base_overlay(board, arrays[0][0], arithmetic.data_bits)
    return Field(arithmetic, arrays, base, space or default_space(base, arithmetic.data_bits), blank_network(network, arithmetic.rules(None)), limit, accuracies or {})


def explore(fields: Sequence[Field], processes: int = 1, advance: Callable[[int], None] = lambda count: None) -> Exploration:
    """Searches the space of every arithmetic, all for one network, board and limit.

    Without measured accuracies, designs of different arithmetics are not compared: wider weights would never be worth their place.

    Args:
        fields: see :func:`make_field`.
        processes: how many share the work; the result does not depend on it.
        advance: called with the number of groups of designs that are done, of :func:`group_count`.

    Raises:
        SumtileError: no design fits the board, or none can run the network.
    """
    search = _Search(fields)
    advance(search.unfit)
    with open_workers(_Searching(tuple(fields)), processes) as run:
        while wave := search.next_wave(advance):
            found: dict[int, Found] = {}
            for number, result in run([(index, lanes, search.front(index).goals) for index, lanes in wave]):
                found[number] = result
                advance(1)
            for number, (index, _) in enumerate(wave):  # in one order, whatever the order in which they come
                search.take(index, found[number])
    return search.result()


def group_count(fields: Sequence[Field]) -> int:
    """Combinations of lanes in all spaces."""
    return sum(len(field.space.all_lanes(len(field.arrays))) for field in fields)


@dataclass(frozen=True)
class _Searching:
    """The job of a process: searches one group after the other."""

    fields: tuple[Field, ...]

    @contextmanager
    def open(self) -> Iterator[Callable[[tuple[int, Lanes, np.ndarray]], Found]]:
        yield lambda group: search_group(self.fields[group[0]], group[1], group[2])


class _Search:
    """What is known so far, and which groups are left."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = fields
        self._fronts = [Front()] * len(fields) if all(field.accuracies for field in fields) else [Front() for _ in fields]
        corners = [(index, lanes, field.corners(lanes)) for index, field in enumerate(fields) for lanes in field.space.all_lanes(len(field.arrays))]
        fitting = [group for group in corners if group[2]]
        if not fitting:
            raise SumtileError(self._nothing_fits())
        self._groups = len(corners)
        self.unfit = len(corners) - len(fitting)
        self._left = sorted(fitting, key=lambda group: (group[2][0].seconds, group[0], repr(group[1])), reverse=True)  # the fastest last
        self._beaten = self._planned = 0
        self._problem = ""

    def front(self, index: int) -> Front:
        """The front that designs of a field belong to."""
        return self._fronts[index]

    def next_wave(self, advance: Callable[[int], None]) -> list[tuple[int, Lanes]]:
        """The next groups that could be better than what is known, by the index of their field; none at the end."""
        wave: list[tuple[int, Lanes]] = []
        while self._left and len(wave) < WAVE:
            index, lanes, corners = self._left.pop()
            if all(self._fronts[index].beats(corner.goals) for corner in corners):
                self._beaten += 1
                advance(1)
            else:
                wave.append((index, lanes))
        return wave

    def take(self, index: int, found: Found) -> None:
        """Takes in what came of a group."""
        self._planned += found.planned
        self._problem = self._problem or found.problem
        for point in found.points:
            self._fronts[index].add(point)

    def result(self) -> Exploration:
        """All that is known in the end; SumtileError when nothing can run the network."""
        first = self._fields[0]
        fronts = {id(front): front for front in self._fronts}.values()
        points = sorted((point for front in fronts for point in front.points), key=lambda point: (point.seconds, point.fill, repr(point.design)))
        if not points:
            raise SumtileError(f"no design that fits board '{first.base.board.name}' can run network '{first.blank.name}': {self._problem}")
        designs = sum(field.space.size(len(field.arrays)) * len(field.shares) for field in self._fields)
        return Exploration(first.blank.name, first.base.board.name, first.limit, tuple(self._fields), tuple(points), designs, self._groups, self.unfit, self._beaten, self._planned)

    def _nothing_fits(self) -> str:
        """By how much the smallest designs are too large."""
        field = self._fields[0]
        lanes = field.space.all_lanes(len(field.arrays))
        smallest = field.smallest(lanes)
        if smallest is None:
            return "every design of the space breaks a rule of the engine or of the board; give other values."
        over = max(smallest, key=lambda use: use.used / use.available)
        return (
            f"nothing fits {field.limit:.0%} of board '{field.base.board.name}': even the smallest design takes {over.used} of {over.available} {over.resource.upper()}; "
            "raise --budget, or take a larger board."
        )
