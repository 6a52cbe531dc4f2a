# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The designs of one arithmetic with the same lanes: what fits the board, how fast they could be at best, and which of them are worth keeping."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from sumtile.compiler import Plan, plan_network
from sumtile.errors import SumtileError
from sumtile.explore.arithmetic import Arithmetic
from sumtile.explore.bound import least_seconds
from sumtile.explore.front import STEP, Front, Goals, Point, goals
from sumtile.explore.space import Design, Lanes, Space, Supply, fixed_lanes, make_overlay
from sumtile.formats import Mixed
from sumtile.overlay import Overlay
from sumtile.overlay.estimate import Use, budget
from sumtile.quantize import QuantizedLayer, QuantizedNetwork

Uses = tuple[Use, ...]


@dataclass(frozen=True)
class Field:
    """One arithmetic with the space that is searched for it.

    Attributes:
        arrays: those that an engine needs; see :meth:`Arithmetic.arrays`.
        base: see :func:`sumtile.explore.space.base_overlay`.
        blank: the network without numbers, with any ratio of fixed filters.
        limit: share of each resource of the device that a design may take.
        accuracies: share of right answers by share of fixed lanes; empty where it is not measured.
    """

    arithmetic: Arithmetic
    arrays: tuple[tuple[str, int], ...]
    base: Overlay
    space: Space
    blank: QuantizedNetwork
    limit: float
    accuracies: Mapping[Fraction | None, float]

    @property
    def shares(self) -> tuple[Fraction | None, ...]:
        """Shares of fixed lanes that are searched."""
        return self.space.shares(self.arrays[0][0])

    def overlay(self, design: Design) -> Overlay:
        """The overlay of a design; SumtileError when it breaks a rule."""
        return make_overlay(self.base, self.arrays, design)

    def plan(self, design: Design) -> Plan:
        """What ``sumtile plan`` tells about a design."""
        return plan_network(self._network(design), self.overlay(design))

    def corners(self, lanes: Lanes) -> list[Corner]:
        """For each share of fixed lanes with which something fits the device: what no design of these lanes is better than.

        The times are those that the lanes need by themselves, and of each resource the least that any design takes.
        """
        found = []
        for share in self.shares:
            uses = [uses for supply in self.space.least_supplies() if (uses := self._uses(Design(self.arithmetic, lanes, supply, share))) is not None]
            if uses:
                least = tuple(min(uses, key=lambda use: use.used) for uses in zip(*uses))
                if self._within(least):
                    found.append(Corner(self._least_seconds(lanes), least, self.accuracies.get(share)))
        return found

    def smallest(self, all_lanes: Sequence[Lanes]) -> Uses | None:
        """What the design takes that fills its fullest resource least; None when every one breaks a rule."""
        designs = itertools.product(all_lanes, self.space.least_supplies(), self.shares)
        uses = [uses for lanes, supply, share in designs if (uses := self._uses(Design(self.arithmetic, lanes, supply, share))) is not None]
        return min(uses, key=lambda uses: max(use.used / use.available for use in uses), default=None)

    def best(self, lanes: Lanes) -> Design | None:
        """The design of these lanes with the best of everything else, which need not fit the device; None when every one breaks a rule."""
        for supply, share in itertools.product(self.space.supplies(), self.shares):
            design = Design(self.arithmetic, lanes, supply, share)
            if self._uses(design) is not None:
                return design
        return None

    def designs(self, lanes: Lanes) -> list[tuple[Supply, dict[Fraction | None, Uses]]]:
        """What fits the device, small designs first; those that differ in their share of fixed lanes only take the same time, and stand together."""
        found = []
        for supply in self.space.supplies():
            fitting = {share: uses for share in self.shares if (uses := self._uses(Design(self.arithmetic, lanes, supply, share))) is not None and self._within(uses)}
            if fitting:
                found.append((supply, fitting))
        return sorted(found, key=lambda entry: min(sum(use.used / use.available for use in uses) for uses in entry[1].values()))

    def _uses(self, design: Design) -> Uses | None:
        """What a design takes of the device; None when it breaks a rule."""
        try:
            return tuple(budget(self.overlay(design)))
        except SumtileError:
            return None

    def _within(self, uses: Uses) -> bool:
        return all(use.used <= self.limit * use.available for use in uses)

    def _least_seconds(self, lanes: Lanes) -> float:
        design = self.best(lanes)
        return 0.0 if design is None else least_seconds(self._network(design), self.overlay(design))

    def _network(self, design: Design) -> QuantizedNetwork:
        """The network with its filters mixed in the ratio of a design's lanes."""
        if design.fixed is None:
            return self.blank
        fixed, of = fixed_lanes(design.lanes.to, design.fixed), design.lanes.to
        layers = [
            replace(layer, weight_format=replace(layer.weight_format, fixed_of=fixed, of=of))
            if isinstance(layer, QuantizedLayer) and isinstance(layer.weight_format, Mixed)
            else layer
            for layer in self.blank.layers
        ]
        return replace(self.blank, layers=tuple(layers))


@dataclass(frozen=True)
class Corner:
    """What no design of a group is better than."""

    seconds: float
    uses: Uses
    accuracy: float | None

    @property
    def goals(self) -> Goals:
        """As of a point that is slower by a step: what is hardly better is not looked for."""
        return goals((1 + STEP) * self.seconds, self.uses, self.accuracy)


@dataclass(frozen=True)
class Found:
    """What came of a group: points that the rest of it does not beat, how many plans that took, and why the best design cannot run, if so."""

    points: tuple[Point, ...]
    planned: int
    problem: str = ""


def search_group(field: Field, lanes: Lanes, known: np.ndarray) -> Found:
    """Plans the designs of a group that could be better than what is known.

    Args:
        known: goals of points that count as planned already: float (N, goals).
    """
    best = field.best(lanes)
    if best is None:
        return Found((), 0)
    plans = {best.supply: field.plan(best)}
    if not plans[best.supply].layers:
        return Found((), 1, plans[best.supply].problems[0])
    least, front = _seconds(plans[best.supply]), Front(known)
    for supply, fitting in field.designs(lanes):
        corners = {share: Corner(least, uses, field.accuracies.get(share)) for share, uses in fitting.items()}
        worth = [share for share, corner in corners.items() if not front.beats(corner.goals)]
        if worth and supply not in plans:
            plans[supply] = field.plan(Design(field.arithmetic, lanes, supply, worth[0]))
        for share in worth:
            if (plan := plans[supply]).layers:
                design, corner = Design(field.arithmetic, lanes, supply, share), corners[share]
                front.add(Point(design, plan.engine_seconds, plan.host_seconds, corner.uses, corner.accuracy))
    return Found(tuple(front.points), len(plans))


def _seconds(plan: Plan) -> float:
    return plan.engine_seconds + plan.host_seconds
