# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Why a layer does not come to its end, read from an engine and its DMA channels."""

from __future__ import annotations

from sumtile.runtime.engine import STATUS_BAD_MAGIC, STATUS_BAD_STAMP
from sumtile.runtime.unit import Unit


def diagnose(unit: Unit, index: int, found: str) -> str:
    """A sentence: the likely cause, and in brackets what was ``found`` and where channels and engine stand in layer ``index``."""
    engine = unit.engine
    channels = [channel.describe() for channel in unit.channels if channel.asked]
    facts = "; ".join([found, *channels, f"engine status {engine.status} after {engine.layers} layers"])
    return f"{_cause(unit, index)} ({facts})."


def _cause(unit: Unit, index: int) -> str:
    engine, features, weights = unit.engine, unit.source, unit.weights
    if not engine.started:
        return "the engine was not started, so load the overlay again"
    if engine.status == STATUS_BAD_MAGIC:
        return "the weights hold no header where the engine expects one (not flushed to memory, overwritten, or of a wrong length), so load the program again"
    if engine.status == STATUS_BAD_STAMP:
        return "the weights were packed for another overlay, so compile the program for this one"
    if not unit.result.asked:
        return "the receive was not armed before the send, so start the result channel first"
    if engine.layers > index and features.busy:
        return "more features were sent than the layer takes (wrong byte count), so compile the program again for this overlay"
    if engine.layers > index:
        return "the engine has finished, but TLAST is missing on its last word, so check the kernel's result stream"
    if not all(channel.asked for channel in weights):
        return "no weights were sent on a port of the engine, so start all weight channels first"
    if features.busy and all(channel.busy for channel in weights):
        return "the engine takes neither features nor weights, so its result is not being taken or its clock stands still"
    if not features.busy and not (unit.residual and unit.residual.busy):
        return "the engine waits for more than the features and the residual that were sent (wrong byte count, or no residual), or it needs more time"
    return "the engine has not yet taken all that was sent, so give it more time, or check the byte counts"
