# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The search against a plan of every design of a small space."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.explore import Arithmetic, Design, Exploration, Front, Point, Supply, explore, make_field
from sumtile.explore.bound import least_seconds
from sumtile.explore.front import RESOURCES, STEP
from sumtile.explore.group import Field
from sumtile.explore.overlays import as_dict
from sumtile.network import Network, Preprocess
from sumtile.overlay import Overlay
from sumtile.overlay.estimate import Use, budget
from tests.support.networks import conv


@pytest.fixture(scope="module")
def every(field: Field) -> list[Point]:
    """A plan of every design that keeps the rules, whether it fits or not."""
    points = []
    for lanes in field.space.all_lanes(len(field.arrays)):
        for supply in field.space.supplies():
            for share in field.shares:
                design = Design(field.arithmetic, lanes, supply, share)
                plan = field.plan(design)
                assert plan.layers, plan.problems
                points.append(Point(design, plan.engine_seconds, plan.host_seconds, plan.budget))
    return points


@pytest.fixture(scope="module")
def found(field: Field) -> Exploration:
    return explore([field])


def room(point: Point) -> tuple[float, ...]:
    """What a point takes, in the steps in which it is compared."""
    return point.goals[1:4]


def fits(point: Point, limit: float) -> bool:
    return all(use.used <= limit * use.available for use in point.uses)


def test_the_space_has_what_fits_and_what_does_not(field: Field, every: list[Point], found: Exploration) -> None:
    fitting = [point for point in every if fits(point, field.limit)]
    assert len(every) == found.designs == 64 and 0 < len(fitting) < len(every)
    assert found.groups == 4 and 0 < found.planned < len({(point.design.lanes, point.design.supply) for point in every})


def test_no_point_of_the_front_beats_another_one(found: Exploration) -> None:
    goals = [point.goals for point in found.points]
    assert len(set(goals)) == len(goals)
    for one in goals:
        assert not any(other != one and all(a <= b for a, b in zip(other, one)) for other in goals)


def test_the_front_is_as_good_as_every_design_that_fits(field: Field, every: list[Point], found: Exploration) -> None:
    for point in every:
        if fits(point, field.limit):
            near = [other for other in found.points if all(a <= b for a, b in zip(room(other), room(point)))]
            assert near and min(other.seconds for other in near) <= (1 + STEP) * point.seconds, f"the front has nothing near {point.design}"


def test_points_are_what_a_plan_says(field: Field, every: list[Point], found: Exploration) -> None:
    planned = {point.design: point for point in every}
    for point in found.points:
        assert point == planned[point.design] and fits(point, field.limit)
        overlay = field.overlay(point.design)
        overlay.engine.check()
        assert tuple(budget(overlay)) == point.uses


def test_what_groups_are_left_out_by_holds(field: Field, every: list[Point]) -> None:
    """No design is faster than its lanes allow, or than the best design of its lanes; none takes less than the least."""
    planned = {point.design: point for point in every}
    for point in every:
        design = point.design
        best = field.best(design.lanes)
        assert best is not None
        assert least_seconds(field.blank, field.overlay(replace(best, fixed=Fraction(1, 2)))) <= planned[best].seconds <= point.seconds
        same_ratio = replace(field, space=replace(field.space, fixed=(design.fixed or Fraction(1),)), limit=10.0)
        (corner,) = same_ratio.corners(design.lanes)
        assert all(least.used <= use.used for least, use in zip(corner.uses, point.uses))


def test_the_result_does_not_depend_on_the_number_of_processes(field: Field, found: Exploration) -> None:
    done: list[int] = []
    again = explore([field], 2, done.append)
    assert as_dict(again) == as_dict(found) and sum(done) == found.groups


def test_each_overlay_is_read_back_from_its_json(field: Field, found: Exploration) -> None:
    for entry, point in zip(as_dict(found)["points"], found.points):
        overlay = Overlay.from_dict(entry["overlay"], field.base.board)
        assert overlay == replace(field.overlay(point.design), name=overlay.name)


def test_accuracy_is_a_goal_where_it_is_known(field: Field, found: Exploration) -> None:
    """Each ratio may then have points that the other one beats in all else."""
    half, fifths = Fraction(1, 2), Fraction(2, 5)
    rich = explore([replace(field, accuracies={half: 0.9, fifths: 0.8})])
    assert {point.accuracy for point in rich.points if point.design.fixed == half} == {0.9}
    assert len(rich.points) >= len(found.points)
    worse = [point for point in rich.points if point.design.fixed == fifths]
    for point in worse:
        assert not any(all(a <= b for a, b in zip(other.goals, point.goals)) for other in rich.points if other.design.fixed == half)


def test_schemes_have_a_front_each_unless_accuracy_compares_them(network: Network, field: Field) -> None:
    sp2 = make_field(network, "pynq-z2", Arithmetic("sp2"), field.space)
    apart = explore([field, sp2])
    assert {point.design.arithmetic for point in apart.points} == {field.arithmetic, sp2.arithmetic}
    together = explore([replace(field, accuracies=dict.fromkeys(field.shares, 0.9)), replace(sp2, accuracies={None: 0.9})])
    for point in together.points:
        assert not any(other is not point and all(a <= b for a, b in zip(other.goals, point.goals)) for other in together.points)


def test_the_steps_of_a_front_fill_the_device_less_and_less(found: Exploration) -> None:
    steps = found.steps(100)
    assert steps[0] == found.points[0] and len(steps) > 3
    for one, next_ in itertools.pairwise(steps):
        assert one.seconds <= next_.seconds and one.fill > next_.fill
    few = found.steps(3)
    assert few == [steps[0], steps[(len(steps) - 1) // 2], steps[-1]] and found.steps(1) == steps[:1]


def test_a_front_keeps_what_nothing_beats() -> None:
    random = np.random.default_rng(3)
    design = Design(Arithmetic("sp2"), None, Supply(1, 1, 1, 1, 1, 1))  # type: ignore[arg-type]  # lanes do not matter here

    def point(seconds: int, shares: np.ndarray) -> Point:
        return Point(design, float(seconds), 0.0, tuple(Use(name, int(share), 100, 100) for name, share in zip(RESOURCES, shares)))

    points = [point(random.integers(1, 9), random.integers(1, 9, 3) * 10) for _ in range(300)]
    front = Front()
    for each in points:
        front.add(each)
    goals = {each.goals for each in points}
    expected = {one for one in goals if not any(other != one and all(a <= b for a, b in zip(other, one)) for other in goals)}
    assert {each.goals for each in front.points} == expected and len(front.points) == len(expected)


@pytest.mark.parametrize(
    ("arithmetic", "limit", "sentence"),
    [
        (Arithmetic("msq"), 0.0, "a budget of 0 of the device was given, but it is a share above 0"),
        (Arithmetic("msq"), 1.5, "a budget of 1.5 of the device was given"),
        (Arithmetic("mqs"), 0.8, "scheme 'mqs' cannot be explored; choose one of covering"),
        (Arithmetic("escalate"), 0.8, "scheme 'escalate' cannot be explored"),
        (Arithmetic("sp2", 5), 0.8, "weights of 5 bits were asked for beside features of 8, but such an engine's sp2 lanes have 4 or 8"),
        (Arithmetic("covering", 8, ends=4), 0.8, "scheme 'covering' has no setting 'ends'"),
        (Arithmetic("covering", 16), 0.8, "weights of 16 bits were asked for beside features of 8"),
        (Arithmetic("covering", None, 32), 0.8, "features of 32 bits were asked for, but engines have 2 to 16"),
    ],
)
def test_what_cannot_be_searched_is_told(network: Network, arithmetic: Arithmetic, limit: float, sentence: str) -> None:
    with pytest.raises(SumtileError, match="^" + sentence.replace("(", r"\(")):
        make_field(network, "pynq-z2", arithmetic, limit=limit)


def test_when_nothing_fits_the_smallest_design_is_named(field: Field) -> None:
    with pytest.raises(SumtileError, match=r"^nothing fits 10% of board 'pynq-z2': even the smallest design takes \d+ of \d+ (LUT|BRAM36|DSP); raise --budget"):
        explore([replace(field, limit=0.1)])


def test_when_no_design_can_run_the_network_the_layer_is_named(field: Field) -> None:
    random = np.random.default_rng(1)
    nodes = [conv(name, source, (16, 16, 3, 3), random, padding=(1, 1, 1, 1)) for name, source in (("wide", "input"), ("inner", "wide"), ("last", "inner"))]
    network = Network("wide", Preprocess(4, 900, (0.5,) * 16, (0.5,) * 16), nodes)
    wide = make_field(network, "pynq-z2", field.arithmetic, replace(field.space, to=(16,), tp=(1,), feature_words=(1024,)))
    with pytest.raises(SumtileError, match=r"^no design that fits board 'pynq-z2' can run network 'wide': layer 'wide' .* enlarge feature_words"):
        explore([wide])


def test_a_space_needs_values(field: Field) -> None:
    with pytest.raises(SumtileError, match="the space has no value for tp"):
        replace(field.space, tp=())
    with pytest.raises(SumtileError, match="a buffer of 64 words was to be searched"):
        replace(field.space, feature_words=(64, 1024))
