# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A front as a picture: time against each resource of the device, and against accuracy where it was measured. Needs matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sumtile.explore.front import Point
from sumtile.explore.overlays import overlays_of
from sumtile.explore.search import Exploration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TITLES = {"lut": "LUTs", "dsp": "DSPs", "bram36": "block RAMs"}
_MARKERS = "osD^vP*X"
_NAMED = 6


def exploration_figure(exploration: Exploration) -> Figure:
    """A panel for each resource, coloured by the share of fixed lanes; the points of :meth:`Exploration.steps` are ringed, and some named."""
    from matplotlib import pyplot

    measured = any(point.accuracy is not None for point in exploration.points)
    names = [*_TITLES, *(["accuracy"] if measured else [])]
    figure, panels = pyplot.subplots(1, len(names), figsize=(4.2 * len(names), 4.4), sharey=True, layout="constrained")
    for axes, name in zip(panels, names):
        _draw(axes, exploration, name)
    panels[0].set(ylabel="ms an image, engine and host", yscale="log")
    panels[0].yaxis.set_major_formatter("{x:g}")
    panels[0].yaxis.set_minor_formatter("{x:g}")
    panels[-1].legend(fontsize=7, loc="upper right")
    figure.suptitle(f"{exploration.network} on {exploration.board}: {len(exploration.points)} designs that no other one beats, within {exploration.limit:.0%} of the device")
    return figure


def _draw(axes: Axes, exploration: Exploration, name: str) -> None:
    kinds = sorted({_kind(point) for point in exploration.points})
    for index, kind in enumerate(kinds):
        points = [point for point in exploration.points if _kind(point) == kind]
        places = [_place(point, name) for point in points]
        axes.scatter(places, [1e3 * point.seconds for point in points], s=22, marker=_MARKERS[index % len(_MARKERS)], color=f"C{index}", alpha=0.75, label=kind)
    steps = exploration.steps(_NAMED)
    axes.scatter([_place(point, name) for point in steps], [1e3 * point.seconds for point in steps], s=70, facecolors="none", edgecolors="black", linewidths=0.8)
    named = {id(point): overlay.name for point, overlay in zip(exploration.points, overlays_of(exploration))}
    for point in steps:
        axes.annotate(named[id(point)], (_place(point, name), 1e3 * point.seconds), xytext=(-6, -3), textcoords="offset points", fontsize=7, ha="right", va="top")
    if name != "accuracy":
        axes.axvline(100 * exploration.limit, color="tab:red", linewidth=0.8)
        axes.set(xlim=(0, 105), xlabel=f"{_TITLES[name]}, % of the device")
    else:
        axes.set(xlabel="% of the images right")
    axes.grid(True, which="both", alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)


def _place(point: Point, name: str) -> float:
    return 100 * (point.accuracy or 0.0) if name == "accuracy" else 100 * point.share(name)


def _kind(point: Point) -> str:
    """The arithmetic, with the nominal ratio of fixed to SP2 lanes."""
    share = point.design.fixed
    return str(point.design.arithmetic) if share is None else f"{point.design.arithmetic}, 1:{float((1 - share) / share):.2g}"
