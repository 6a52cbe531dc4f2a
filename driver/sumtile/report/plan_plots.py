# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A plan as a picture: a bar for each layer's time beside the roofline. Needs matplotlib."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sumtile.compiler.plan import LayerPlan, Plan

COLORS = {
    "compute": "tab:green",
    "weights": "tab:orange",
    "features": "tab:blue",
    "residual": "tab:cyan",
    "result": "tab:purple",
    "memory": "tab:red",
    "host": "tab:gray",
}
"""Of what bounds a layer; another stage of the engine has the last one."""

_OTHER = "tab:olive"
_NAME_MAX = 30
_NAMED = 10  # dots of the roofline that are named at most
_PLACES = (((-10, 0), "right", "center"), ((10, 0), "left", "center"), ((0, -11), "center", "top"), ((0, -22), "center", "top"), ((-10, -11), "right", "top"))


def plan_figure(plan: Plan) -> Figure:
    """Bars (milliseconds a step, coloured by what bounds it) beside the roofline (operations a byte against operations a second)."""
    from matplotlib import pyplot

    height = min(max(4.5, 1.2 + 0.22 * len(plan.layers)), 40.0)
    figure, (bars, roof) = pyplot.subplots(1, 2, figsize=(14, height), gridspec_kw={"width_ratios": (1, 1.1)}, layout="constrained")
    _draw_bars(bars, plan)
    host = f", host {1e3 * plan.host_seconds:.2f} ms (at an assumed rate)" if plan.host_seconds else ""
    figure.suptitle(f"{plan.network} on overlay {plan.overlay} of {plan.board}: engine {1e3 * plan.engine_seconds:.2f} ms at {plan.clock_mhz:g} MHz{host}")
    if layers := [layer for layer in plan.engine_layers if layer.operations]:
        _draw_roofline(roof, plan, layers)
        _name_dots(figure, roof, sorted(layers, key=lambda layer: -layer.seconds))
    else:
        roof.set_visible(False)
    return figure


def _draw_bars(axes: Axes, plan: Plan) -> None:
    from matplotlib.patches import Patch

    names = [layer.name if len(layer.name) <= _NAME_MAX else f"…{layer.name[1 - _NAME_MAX :]}" for layer in plan.layers]
    places = range(len(names))
    axes.barh(places, [1e3 * layer.seconds for layer in plan.layers], color=[_color(layer) for layer in plan.layers])
    ideal = [1e3 * layer.operations / layer.lanes / plan.clock_mhz / 1e6 if layer.on_engine else 0.0 for layer in plan.layers]
    axes.barh(places, ideal, height=0.3, color="white", alpha=0.65)
    axes.set_yticks(places, names, fontsize=7)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set(xlabel="ms; the pale bar is the time with every lane at work")
    axes.spines[["top", "right"]].set_visible(False)
    seen = sorted({layer.bound for layer in plan.layers}, key=lambda bound: list(COLORS).index(bound) if bound in COLORS else len(COLORS))
    axes.legend(handles=[Patch(color=COLORS.get(bound, _OTHER), label=f"bound by {bound}" if bound != "host" else "on the host") for bound in seen], loc="best", fontsize=8)


def _draw_roofline(axes: Axes, plan: Plan, layers: list[LayerPlan]) -> None:
    intensity, speed = zip(*map(_point, layers))
    peak, slope = 2e-3 * plan.lanes * plan.clock_mhz, plan.memory_bytes * 1e-9
    low, high = min(*intensity, peak / slope) / 2, max(*intensity, peak / slope) * 2
    corner = peak / slope
    axes.plot([low, corner, high], [low * slope, peak, peak], color="black", linewidth=1)
    axes.annotate(f"{plan.lanes} lanes: {peak:.0f} GOPS", (high, peak), xytext=(0, 5), textcoords="offset points", ha="right", va="bottom", fontsize=8)
    middle = (low * corner) ** 0.5
    axes.annotate(f"memory: {slope:.1f} GB/s", (middle, middle * slope), xytext=(-6, 2), textcoords="offset points", ha="right", va="bottom", fontsize=8)
    longest = max(layer.seconds for layer in layers)
    axes.scatter(
        intensity, speed, s=[20 + 280 * layer.seconds / longest for layer in layers], c=[_color(layer) for layer in layers], alpha=0.65, edgecolors="black", linewidths=0.4
    )
    axes.set(xscale="log", yscale="log", ylim=(min(*speed, low * slope) / 2, 2 * peak), xlabel="operations a byte to and from memory", ylabel="GOPS (a multiply-accumulate is two)")
    axes.set_title("roofline; the area of a dot is the layer's time", fontsize=9)
    axes.grid(True, which="both", alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)


def _name_dots(figure: Figure, axes: Axes, layers: list[LayerPlan]) -> None:
    """Names as many of the longest layers as there is room for: a name that would cover another text, a dot or the roof is left out."""
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()  # the layout decides where points are
    centres = axes.transData.transform([_point(layer) for layer in layers])
    taken = [Bbox.from_bounds(x - 7, y - 7, 14, 14) for x, y in centres] + [text.get_window_extent() for text in axes.texts]
    taken += [Bbox.from_bounds(x - 1, y - 1, 2, 2) for x, y in _along(axes.transData.transform(axes.lines[0].get_xydata()))]
    frame, named = axes.get_window_extent(), 0
    for layer in layers:
        for offset, across, along in _PLACES:
            name = axes.annotate(layer.name[-_NAME_MAX:], _point(layer), xytext=offset, textcoords="offset points", fontsize=7, ha=across, va=along)
            box = name.get_window_extent()
            if named < _NAMED and frame.containsx(box.x0) and frame.containsx(box.x1) and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                named += 1
                break
            name.remove()


def _along(corners: np.ndarray) -> np.ndarray:
    """Points of a line in pixels (corners, 2), closer to each other than a letter is wide."""
    return np.concatenate([np.linspace(begin, end, 2 + int(np.abs(end - begin).max()) // 4) for begin, end in pairwise(corners)])


def _point(layer: LayerPlan) -> tuple[float, float]:
    """Operations a byte, and 1e9 operations a second."""
    return 2 * layer.operations / layer.bytes, 2e-9 * layer.operations / layer.seconds


def _color(layer: LayerPlan) -> str:
    return COLORS.get(layer.bound, _OTHER)
