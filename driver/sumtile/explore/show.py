# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A front as a table."""

from __future__ import annotations

from sumtile.explore.overlays import lanes_text, overlays_of, ratio_text
from sumtile.explore.search import Exploration
from sumtile.report import Column, Screen

_COLUMNS = (
    Column("overlay", style="bold"),
    Column("lanes"),
    Column("fixed:SP2"),
    Column("small", right=True),
    Column("scale", right=True),
    Column("ports", right=True),
    Column("rows", right=True),
    Column("engine ms", right=True),
    Column("host ms", right=True),
    Column("LUT", right=True),
    Column("DSP", right=True),
    Column("BRAM", right=True),
    Column("right", right=True),
    Column("", style="cyan"),
)


def show_exploration(screen: Screen, exploration: Exploration, count: int) -> None:
    """Writes the table of at most ``count`` points of the front and what was searched, in a line each."""
    names = {id(point): overlay.name for point, overlay in zip(exploration.points, overlays_of(exploration))}
    shown, rows = exploration.steps(count), []
    for point in shown:
        design, slowest = point.design, shown[-1].seconds
        rows.append(
            (
                names[id(point)],
                lanes_text(point),
                ratio_text(point),
                f"{design.lanes.small}x{design.lanes.to}x{design.lanes.tp}" if design.lanes.small else "",
                f"1/{design.supply.scale_fold}",
                f"{design.supply.weight_streams}",
                f"{design.supply.feature_words}",
                f"{1e3 * point.engine_seconds:.2f}",
                f"{1e3 * point.host_seconds:.2f}",
                *(f"{point.share(resource):.0%}" for resource in ("lut", "dsp", "bram36")),
                "" if point.accuracy is None else f"{point.accuracy:.2%}",
                screen.bar(point.seconds / slowest, 16),
            )
        )
    filled = [index for index in range(len(_COLUMNS)) if any(row[index] for row in rows)]
    screen.table([_COLUMNS[index] for index in filled], [[row[index] for index in filled] for row in rows])
    screen.line()
    for line in _words(exploration, len(shown)):
        screen.line(line, style="dim")


def _words(exploration: Exploration, shown: int) -> list[str]:
    looked = exploration.groups - exploration.unfit - exploration.beaten
    return [
        f"{exploration.network} on {exploration.board}: {len(exploration.points)} designs that no other one beats, {shown} of them shown; within {exploration.limit:.0%} of the device by estimate",
        f"space of {exploration.designs} designs with {exploration.groups} combinations of lanes: {exploration.unfit} do not fit, {exploration.beaten} could not be better, "
        f"{looked} were looked into with {exploration.planned} plans",
        "left out: other clocks, widths of streams and limits than those of the project's overlay, engines for fully connected layers, lanes for other schemes",
    ]
