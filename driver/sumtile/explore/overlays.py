# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The points of a front as overlays to build: named, described in a sentence, and as plain values."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sumtile.explore.front import Point
from sumtile.explore.group import Field
from sumtile.explore.search import Exploration
from sumtile.explore.space import fixed_lanes
from sumtile.overlay import Overlay
from sumtile.overlay.file import overlay_file, write_overlays


def overlays_of(exploration: Exploration) -> list[Overlay]:
    """The overlay of each point, in order; their names are the scheme and a number."""
    width = len(str(len(exploration.points)))
    return [_named(exploration, point, f"{point.design.arithmetic.scheme}_{number:0{width}d}") for number, point in enumerate(exploration.points, start=1)]


def save_overlays(exploration: Exploration, folder: Path) -> list[Path]:
    """Writes every point as a description that ``sumtile plan --overlay FILE`` and ``sumtile build FILE`` take; SumtileError when the folder cannot be written.

    The folder has the board as well, so that ``SUMTILE_OVERLAYS`` may name it.
    """
    return write_overlays(folder, [(overlay, _summary(exploration, point)) for overlay, point in zip(overlays_of(exploration), exploration.points)])


def as_dict(exploration: Exploration) -> dict[str, Any]:
    """Plain values for JSON: what was searched, and each point with its overlay."""
    points = [_point(exploration, point, overlay) for point, overlay in zip(exploration.points, overlays_of(exploration))]
    counts = {name: getattr(exploration, name) for name in ("network", "board", "limit", "designs", "groups", "unfit", "beaten", "planned")}
    return {**counts, "searched": [{"arithmetic": str(field.arithmetic), **_space(field)} for field in exploration.fields], "points": points}


def lanes_text(point: Point) -> str:
    """Lanes as people write them: input channels x output channels x columns."""
    lanes = point.design.lanes
    return f"{lanes.ti}x{lanes.to}x{lanes.tp}"


def ratio_text(point: Point) -> str:
    """Fixed to SP2 lanes, such as ``16:24 (1:1.5)``; empty where lanes are of one kind."""
    if point.design.fixed is None:
        return ""
    fixed = fixed_lanes(point.design.lanes.to, point.design.fixed)
    others = point.design.lanes.to - fixed
    return f"{fixed}:{others} (1:{others / fixed:.2g})"


def _named(exploration: Exploration, point: Point, name: str) -> Overlay:
    return replace(exploration.field_of(point).overlay(point.design), name=name)


def _summary(exploration: Exploration, point: Point) -> str:
    measured = "" if point.accuracy is None else f", {point.accuracy:.2%} right"
    return (
        f"{point.design.arithmetic} for {exploration.network}: {lanes_text(point)} lanes {ratio_text(point)}".rstrip()
        + f"; {1e3 * point.engine_seconds:.2f} ms of the engine and {1e3 * point.host_seconds:.2f} ms of the processor by plan, {point.fill:.0%} of the fullest resource by estimate{measured}"
    )


def _point(exploration: Exploration, point: Point, overlay: Overlay) -> dict[str, Any]:
    design = point.design
    return {
        "arithmetic": str(design.arithmetic),
        "lanes": asdict(design.lanes),
        "supply": asdict(design.supply),
        "fixed_lanes": overlay.engine.arrays[0].fixed_lanes,
        "engine_seconds": point.engine_seconds,
        "host_seconds": point.host_seconds,
        "used": {use.resource: use.used for use in point.uses},
        "available": {use.resource: use.available for use in point.uses},
        "accuracy": point.accuracy,
        "overlay": overlay_file(overlay, _summary(exploration, point)),
    }


def _space(field: Field) -> dict[str, Any]:
    """The values of each parameter; shares of fixed lanes as fractions."""
    return {**asdict(field.space), "fixed": [str(share) for share in field.shares if share is not None]}
