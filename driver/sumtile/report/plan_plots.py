# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A plan as a picture: a bar for each layer's time beside the roofline. Needs matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

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
_LABELLED = 8  # dots of the roofline that are named: the longest layers that are not close to another one


def plan_figure(plan: Plan) -> Figure:
    """Bars (milliseconds a step, coloured by what bounds it) beside the roofline (operations a byte against operations a second)."""
    from matplotlib import pyplot

    height = min(max(4.5, 1.2 + 0.22 * len(plan.layers)), 40.0)
    figure, (bars, roof) = pyplot.subplots(1, 2, figsize=(14, height), gridspec_kw={"width_ratios": (1, 1.1)}, layout="constrained")
    _draw_bars(bars, plan)
    _draw_roofline(roof, plan)
    figure.suptitle(
        f"{plan.network} on overlay {plan.overlay} of {plan.board}: engine {1e3 * plan.engine_seconds:.2f} ms at {plan.clock_mhz:g} MHz, host {1e3 * plan.host_seconds:.2f} ms (assumed rate)"
    )
    return figure


def _draw_bars(axes: Axes, plan: Plan) -> None:
    from matplotlib.patches import Patch

    names = [layer.name if len(layer.name) <= _NAME_MAX else f"…{layer.name[1 - _NAME_MAX :]}" for layer in plan.layers]
    places = range(len(names))
    axes.barh(places, [1e3 * layer.seconds for layer in plan.layers], color=[_color(layer) for layer in plan.layers])
    ideal = [1e3 * layer.operations / plan.lanes / plan.clock_mhz / 1e6 if layer.on_engine else 0.0 for layer in plan.layers]
    axes.barh(places, ideal, height=0.3, color="white", alpha=0.65)
    axes.set_yticks(places, names, fontsize=7)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set(xlabel="ms; the pale bar is the time with every lane at work")
    axes.spines[["top", "right"]].set_visible(False)
    seen = sorted({layer.bound for layer in plan.layers}, key=lambda bound: list(COLORS).index(bound) if bound in COLORS else len(COLORS))
    axes.legend(handles=[Patch(color=COLORS.get(bound, _OTHER), label=f"bound by {bound}" if bound != "host" else "on the host") for bound in seen], loc="lower right", fontsize=8)


def _draw_roofline(axes: Axes, plan: Plan) -> None:
    layers = [layer for layer in plan.engine_layers if layer.operations]
    if not layers:
        axes.set_visible(False)
        return
    intensity = [2 * layer.operations / layer.bytes for layer in layers]
    speed = [2e-9 * layer.operations / layer.seconds for layer in layers]
    peak, slope = 2e-3 * plan.lanes * plan.clock_mhz, plan.memory_bytes * 1e-9
    low, high = min(*intensity, peak / slope) / 2, max(*intensity, peak / slope) * 2
    corner = peak / slope
    axes.plot([low, corner, high], [low * slope, peak, peak], color="black", linewidth=1)
    axes.annotate(f"{plan.lanes} lanes: {peak:.0f} GOPS", (high, peak), ha="right", va="bottom", fontsize=8)
    axes.annotate(f"memory: {slope:.1f} GB/s", (low, low * slope), ha="left", va="bottom", fontsize=8, rotation=0)
    longest = max(layer.seconds for layer in layers)
    axes.scatter(
        intensity, speed, s=[20 + 280 * layer.seconds / longest for layer in layers], c=[_color(layer) for layer in layers], alpha=0.65, edgecolors="black", linewidths=0.4
    )
    named: list[tuple[float, float]] = []
    for layer, x, y in sorted(zip(layers, intensity, speed), key=lambda entry: -entry[0].seconds):
        if len(named) < _LABELLED and all(abs(math.log(x / other)) > 0.5 or abs(math.log(y / height)) > 0.25 for other, height in named):
            named.append((x, y))
            axes.annotate(layer.name[-_NAME_MAX:], (x, y), xytext=(-9, -4), textcoords="offset points", fontsize=7, ha="right")
    axes.set(xscale="log", yscale="log", xlabel="operations a byte to and from memory", ylabel="GOPS (a multiply-accumulate is two)")
    axes.set_title("roofline; the area of a dot is the layer's time", fontsize=9)
    axes.grid(True, which="both", alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)


def _color(layer: LayerPlan) -> str:
    return COLORS.get(layer.bound, _OTHER)
