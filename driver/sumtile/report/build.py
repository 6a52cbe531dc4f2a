# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a build has come to: resources and timing, of the tools' reports beside the estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sumtile.overlay.estimate import Resources, estimate
from sumtile.report.plan import RESOURCES
from sumtile.report.screen import Column, Screen

if TYPE_CHECKING:
    from sumtile.overlay import Overlay
    from sumtile.overlay.build_report import Timing
    from sumtile.overlay.vendor_reports import Synthesis

_COLUMNS = (
    Column("", style="bold"),
    Column("kernel: estimate", right=True),
    Column("csynth", right=True),
    Column("design: estimate", right=True),
    Column("implemented", right=True),
    Column("device", right=True),
    Column("filled", right=True),
    Column("", style="cyan"),
)
_AROUND = "DMAs and interconnect"


def show_resources(screen: Screen, overlay: Overlay, csynth: Synthesis | None, implemented: Resources | None) -> None:
    """Writes the resources by what knows them; ``filled`` is of the best figure of the whole design."""
    parts = estimate(overlay)
    design = sum(parts.values(), Resources())
    kernel = sum((part for name, part in parts.items() if name != _AROUND), Resources())
    synthesized = Resources(csynth.lut, csynth.ff, csynth.bram18 / 2, csynth.dsp) if csynth else None
    rows = []
    for resource, title in RESOURCES.items():
        available = overlay.board.budget[resource]
        share = getattr(implemented or design, resource) / available
        cells = [_amount(getattr(amounts, resource)) if amounts else "-" for amounts in (kernel, synthesized, design, implemented)]
        rows.append((title, *cells, f"{available}", f"{share:.0%}", screen.bar(share, 16)))
    screen.table(_COLUMNS, rows)
    screen.line("the kernel is without DMAs and interconnect; csynth is what Vitis HLS expects before synthesis", style="dim")


def show_timing(screen: Screen, overlay: Overlay, csynth: Synthesis | None, timing: Timing | None) -> None:
    """Writes whether the clock is met, as far as it is known."""
    period = 1000 / overlay.clock_mhz
    if csynth:
        screen.line(f"csynth expects {csynth.clock_ns:.3f} ns of the {period:.3f} ns of {overlay.clock_mhz:g} MHz")
    if timing:
        verdict = "met" if timing.met else "NOT met"
        screen.line(
            f"{overlay.clock_mhz:g} MHz {verdict}: worst slack of setup {timing.wns_ns:+.3f} ns, of hold {timing.whs_ns:+.3f} ns", style="green" if timing.met else "bold red"
        )


def _amount(count: float) -> str:
    """A whole number, or a half for a block RAM."""
    return f"{count:.1f}" if count % 1 == 0.5 else f"{count:.0f}"
