# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A plan as text: a line a step, the sums, and the device's budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sumtile.report.screen import Column, Screen
from sumtile.report.text import duration, size

if TYPE_CHECKING:
    from sumtile.compiler.plan import LayerPlan, Plan, Shape

RESOURCES = {"lut": "LUT", "ff": "FF", "bram36": "BRAM36", "dsp": "DSP"}

NAME_MAX = 26
"""Longest name of a step in the table; the end of a longer one tells more than its beginning."""

_COLUMNS = (
    Column("layer", style="bold"),
    Column("on"),
    Column("input", right=True),
    Column("k", right=True),
    Column("result", right=True),
    Column("stripes", right=True),
    Column("reuse"),
    Column("in", right=True),
    Column("weights", right=True),
    Column("out", right=True),
    Column("cycles", right=True),
    Column("ms", right=True),
    Column("lanes", right=True),
    Column("bound"),
)

_BUDGET_COLUMNS = (Column("device", style="bold"), Column("about", right=True), Column("of", right=True), Column("", right=True), Column("", style="cyan"), Column(""))


def show_plan(screen: Screen, plan: Plan) -> None:
    """Writes the whole plan."""
    screen.table(_COLUMNS, [_row(layer) for layer in plan.layers])
    screen.line()
    for line in _sums(plan):
        screen.line(line)
    screen.line()
    show_budget(screen, plan)
    for problem in plan.problems:
        screen.line(f"cannot run: {problem}", style="bold red")
    for hint in hints(plan):
        screen.line(f"hint: {hint}", style="yellow")


def show_budget(screen: Screen, plan: Plan) -> None:
    """Writes what the overlay takes of the device, by estimate."""
    rows = []
    for use in plan.budget:
        verdict = "DOES NOT FIT" if not use.fits else "" if use.comfortable else f"above the {use.recommended / use.available:.0%} up to which a design routes well"
        rows.append((RESOURCES[use.resource], f"{use.used}", f"{use.available}", f"{use.used / use.available:.0%}", screen.bar(use.used / use.available), verdict))
    screen.table(_BUDGET_COLUMNS, rows)
    screen.line("these are estimates; no tool has built the overlay", style="dim")


def hints(plan: Plan) -> list[str]:
    """What would help most, a sentence each."""
    found = []
    total = plan.engine_seconds + plan.host_seconds
    for layer in plan.engine_layers:
        share = layer.seconds / total if total else 0.0
        if share > 0.25 and layer.lane_use < 0.2 and len(plan.engine_layers) > 4:
            found.append(
                f"layer '{layer.name}' takes {share:.0%} of the time on {layer.lane_use:.0%} of the lanes; give it weights that the wide array takes (--ends, or --layers)."
            )
    if total and plan.host_seconds > 0.2 * total:
        found.append(f"the host takes {plan.host_seconds / total:.0%} of the time, by the rate that is assumed for it; look for the steps on 'host'.")
    return found


def _sums(plan: Plan) -> list[str]:
    engine = f"engine {duration(plan.engine_seconds)} ({plan.cycles} cycles at {plan.clock_mhz:g} MHz), {plan.gops:.1f} GOPS, lanes {plan.lane_use():.1%} in use"
    if plan.wide_kernels:
        engine += f", {plan.lane_use(plan.wide_kernels):.1%} over the 3x3 layers ({plan.array_use(plan.wide_kernels):.1%} while the array works)"
    moved = sum(layer.bytes for layer in plan.layers)
    lines = [f"{plan.network} on overlay {plan.overlay} of {plan.board}, {plan.lanes} lanes: {engine}"]
    host = f"host {duration(plan.host_seconds)}, by an assumed rate; " if plan.host_seconds else ""
    return [*lines, f"{host}{size(moved)} to and from memory an image; calls and interrupts of the driver come on top"]


def _row(layer: LayerPlan) -> tuple[str, ...]:
    name = layer.name if len(layer.name) <= NAME_MAX else f"…{layer.name[1 - NAME_MAX :]}"
    if not layer.on_engine:
        moved = size(layer.feature_bytes), "", size(layer.result_bytes)
        return name, layer.where, _shape(layer.ifm), "", _shape(layer.ofm), "", "", *moved, "", f"{1e3 * layer.seconds:.3f}", "", "host"
    kernel = "x".join(map(str, layer.kernel)) + ("d" if layer.depthwise else "")
    moved = size(layer.feature_bytes + layer.residual_bytes), size(layer.weight_bytes), size(layer.result_bytes)
    return (
        name,
        layer.where,
        _shape(layer.ifm),
        kernel,
        _shape(layer.ofm),
        f"{layer.stripes}",
        layer.reuse,
        *moved,
        f"{layer.cycles}",
        f"{1e3 * layer.seconds:.3f}",
        f"{layer.lane_use:.0%}",
        layer.bound,
    )


def _shape(shape: Shape) -> str:
    return "x".join(map(str, shape))
