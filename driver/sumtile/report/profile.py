# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The profile of an inference as text, beside what was planned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sumtile.report.screen import Column, Screen

if TYPE_CHECKING:
    from sumtile.compiler.plan import Plan
    from sumtile.runtime.execute import LayerProfile

_COLUMNS = (
    Column("layer", style="bold"),
    Column("on"),
    Column("ms", right=True),
    Column("bytes in", right=True),
    Column("planned", right=True),
    Column("bytes out", right=True),
    Column("planned", right=True),
    Column("busy", right=True),
    Column("starved", right=True),
    Column("stalled", right=True),
    Column("planned cycles", right=True),
)


def show_profile(screen: Screen, profile: Sequence[LayerProfile], plan: Plan) -> None:
    """Writes a line for each step of an inference: what was measured and what the plan of the same program says.

    ``busy``, ``starved`` and ``stalled`` are clock cycles on a board; an emulated one counts turns of the simulated stages there.
    """
    rows = []
    for step, planned in zip(profile, plan.layers, strict=True):
        read = planned.feature_bytes + planned.residual_bytes + planned.weight_bytes
        counters = (step.busy, step.starved, step.stalled, planned.cycles) if planned.on_engine else ("",) * 4
        amounts = (step.bytes_in, read, step.bytes_out, planned.result_bytes, *counters)
        rows.append((step.name, step.where, f"{1e3 * step.seconds:.3f}", *map(str, amounts)))
    screen.table(_COLUMNS, rows)
