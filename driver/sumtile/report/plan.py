# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A plan as text: a line a step, the sums, and the device's budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sumtile.report.screen import Column, Screen
from sumtile.report.text import size

if TYPE_CHECKING:
    from sumtile.compiler.plan import LayerPlan, Plan

RESOURCES = {"lut": "LUT", "ff": "FF", "bram36": "BRAM36", "dsp": "DSP"}

NAME_MAX, WHERE_MAX = 20, 12
"""Longest name of a step in the table, of which the end tells more than the beginning, and of what computes it."""

_COLUMNS = (
    Column("layer", style="bold"),
    Column("on"),
    Column("kernel", right=True),
    Column("result", right=True),
    Column("stripes", right=True),
    Column("KiB in", right=True),
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
    show_steps(screen, plan)
    screen.line()
    show_budget(screen, plan)
    for problem in plan.problems:
        screen.line(f"cannot run: {problem}", style="bold red")
    for hint in hints(plan):
        screen.line(f"hint: {hint}", style="yellow")


def show_steps(screen: Screen, plan: Plan) -> None:
    """Writes a line a step, and the sums."""
    screen.table(_COLUMNS, [_row(layer) for layer in plan.layers])
    screen.line()
    for line in _sums(plan):
        screen.line(line)


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
    wide = any(layer.where.startswith(("mixed", "sp2")) for layer in plan.engine_layers)
    for layer in plan.engine_layers:
        if wide and layer.where.startswith("mac") and layer.seconds > 0.25 * total:
            found.append(
                f"layer '{layer.name}' takes {layer.seconds / total:.0%} of the time on the small array; give it weights of 4 bits, which the wide one takes (--ends 4, or --layers)."
            )
    waiting = sum(layer.seconds for layer in plan.engine_layers if layer.bound == "weights")
    if waiting > 0.25 * total:
        found.append(f"layers that wait for weights take {waiting / total:.0%} of the time; narrower weights help, or more weight_streams in the overlay.")
    if plan.host_seconds > 0.2 * total:
        found.append(f"the host takes {plan.host_seconds / total:.0%} of the time, by the rate that is assumed for it; look for the steps on 'host'.")
    return found


def _sums(plan: Plan) -> list[str]:
    lines = [f"{plan.network} on overlay {plan.overlay} of {plan.board}, {plan.lanes} lanes at {plan.clock_mhz:g} MHz"]
    lines.append(f"engine {_milliseconds(plan.engine_seconds)}, {plan.cycles} cycles; {plan.gops:.1f} GOPS; {plan.lane_use():.1%} of the lanes at work")
    if plan.wide_kernels:
        lines.append(f"3x3 layers: {plan.lane_use(plan.wide_kernels):.1%} of the lanes at work, {plan.array_use(plan.wide_kernels):.1%} while the array runs")
    if plan.host_seconds:
        lines.append(f"host {_milliseconds(plan.host_seconds)}, at the {plan.host_bytes / 1e6:g} MB/s that are assumed for it")
    lines.append(f"{size(sum(layer.bytes for layer in plan.layers))} to and from memory an image; the driver's calls and interrupts come on top")
    return lines


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.2f} ms"


def _row(layer: LayerPlan) -> tuple[str, ...]:
    name = layer.name if len(layer.name) <= NAME_MAX else f"…{layer.name[1 - NAME_MAX :]}"
    where = layer.where if len(layer.where) <= WHERE_MAX else f"{layer.where[: WHERE_MAX - 1]}…"
    read, written = _kib(layer.feature_bytes + layer.residual_bytes), _kib(layer.result_bytes)
    if not layer.on_engine:
        return name, where, "", _shape(layer.ofm), "", read, "", written, "", f"{1e3 * layer.seconds:.3f}", "", layer.bound
    cut = f"{layer.stripes}{layer.reuse[:1]}"
    cycles, milliseconds = f"{layer.cycles}", f"{1e3 * layer.seconds:.3f}"
    return name, where, _kernel(layer), _shape(layer.ofm), cut, read, _kib(layer.weight_bytes), written, cycles, milliseconds, f"{layer.lane_use:.0%}", layer.bound


def _kernel(layer: LayerPlan) -> str:
    """``3x3``, with ``d`` for a depthwise one and ``/2`` for its stride."""
    kernel = _shape(layer.kernel) + ("d" if layer.depthwise else "")
    if layer.stride == (1, 1):
        return kernel
    return f"{kernel}/{layer.stride[0]}" if layer.stride[0] == layer.stride[1] else f"{kernel}/{_shape(layer.stride)}"


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _kib(count: int) -> str:
    """Binary kilobytes, with a decimal where they are few."""
    return f"{count / 1024:.1f}" if count < 99.95 * 1024 else f"{count / 1024:.0f}"
