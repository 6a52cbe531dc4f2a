# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Reads the state of a design that stands still and says what it most likely waits for."""

from __future__ import annotations

from sumtile.emulated.control import HlsControl
from sumtile.emulated.dma import Channel
from sumtile.emulated.elaborate import Design


def explain(design: Design) -> list[str]:
    """The most likely cause of a standstill, then one line or more for each model."""
    return [_cause(design), *(line for model in design.models for line in model.state())]


def _cause(design: Design) -> str:
    controls = design.controls
    sending = [dma.send for dma in design.dmas if dma.send and dma.send.busy]
    receiving = [dma.receive for dma in design.dmas if dma.receive and dma.receive.busy]
    full = [channel for channel in receiving if channel.moved == channel.total]
    if full:
        return f"{full[0].name} has received all {full[0].total} bytes but no TLAST; the kernel must end its packet there, or the transfer must be longer."
    idle = [control for control in controls if not control.started]
    if idle and (sending or receiving):
        return f"{idle[0].name} is not running; write AP_START (and AUTO_RESTART) to its control register first."
    unread = _unread(design)
    if unread:
        return f"{unread.name} is not armed, but the kernel has output for it; start the receive transfer before the send."
    if receiving:
        return f"{_progress(receiving[0])}, without TLAST, and the kernel waits{_waits(controls)}; check that all it needs was sent, with the right byte counts."
    if sending:
        return f"{_progress(sending[0])}, and the kernel takes no more{_waits(controls)}; check byte counts and order of the transfers."
    return "no transfer is in progress; start one before waiting for it."


def _progress(channel: Channel) -> str:
    return f"{channel.name} has moved {channel.moved} of {channel.total} bytes"


def _unread(design: Design) -> Channel | None:
    for dma in design.dmas:
        if dma.receive and not dma.receive.busy and dma.receive.stream.level():
            return dma.receive
    return None


def _waits(controls: list[HlsControl]) -> str:
    reports = [control.kernel.report().strip().splitlines() for control in controls if control.started]
    lines = [lines[0].strip() for lines in reports if lines]
    return f" ({lines[0]})" if lines else ""
