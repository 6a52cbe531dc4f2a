# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a placed program layer by layer: receive armed before send, every wait bounded, every step measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sumtile.errors import SumtileError
from sumtile.runtime.diagnosis import diagnose
from sumtile.runtime.dma import DmaError, all_done
from sumtile.runtime.hardware import Hardware
from sumtile.runtime.placement import HostJob, Job, Placement


@dataclass(frozen=True)
class LayerProfile:
    """One step of an inference.

    Attributes:
        name: name of the program's step.
        seconds: wall time from arming the receive to the last byte of the result.
        bytes_in: features, residual and weights that the step read.
        bytes_out: result that it wrote.
        busy, starved, stalled: clock cycles of the layer, of those without a feature to load, and of those in which
            the result was not taken. On an emulated board they count turns of the simulated stages instead.
        where: what ran it: ``engine``, or ``host``, the processor, whose steps count no cycles.
    """

    name: str
    seconds: float
    bytes_in: int
    bytes_out: int
    busy: int
    starved: int
    stalled: int
    where: str = "engine"


def run(hardware: Hardware, placement: Placement, timeout: float, finished: Callable[[Job | HostJob], None] = lambda job: None) -> list[LayerProfile]:
    """Runs every step once; the input must be in its place. The hardware needs a restart after an error.

    Args:
        timeout: seconds that one layer may take.
        finished: called after each step, while its result is in memory.

    Raises:
        SumtileError: a channel failed, or a layer did not end in time.
    """
    for instance, parts in placement.weights.items():
        for channel, part in zip(hardware.units[instance].weights, parts):
            channel.start(part)
    profiles = []
    last = [job for job in placement.jobs if isinstance(job, Job)][-1]
    for job in placement.jobs:
        try:
            profiles.append(_run_layer(hardware, job, timeout) if isinstance(job, Job) else _run_host(placement, job))
            finished(job)
            if job is last:
                _await(hardware, job, timeout, lambda: all_done(hardware.weights))
        except SumtileError as error:
            raise SumtileError(f"layer '{job.name}' failed: {error}") from error
    return profiles


def _run_layer(hardware: Hardware, job: Job, timeout: float) -> LayerProfile:
    begin = time.perf_counter()
    unit = hardware.units[job.engine]
    unit.result.start(job.target)
    if job.residual is not None and unit.residual is not None:
        unit.residual.start(job.residual)
    unit.source.start(job.source)
    _await(hardware, job, timeout, lambda: all_done(unit.maps))
    seconds = time.perf_counter() - begin
    if unit.result.moved != job.target.nbytes:
        raise SumtileError(
            f"the engine gave {unit.result.moved} bytes up to TLAST, but the program expects {job.target.nbytes}, so the byte counts of program and overlay differ; "
            "compile the program again for this overlay."
        )
    # The engine publishes its counters a moment after its last result.
    _await(hardware, job, timeout, lambda: unit.engine.layers == job.index + 1)
    counters = unit.engine.counters()
    return LayerProfile(job.name, seconds, job.bytes_in, job.target.nbytes, counters.busy, counters.starved, counters.stalled)


def _run_host(placement: Placement, job: HostJob) -> LayerProfile:
    """The processor's part; the weights of the next layer wait at the engine meanwhile."""
    begin = time.perf_counter()
    placement.run_host(job)
    return LayerProfile(job.name, time.perf_counter() - begin, job.bytes_in, job.target.nbytes, 0, 0, 0, where="host")


def _await(hardware: Hardware, job: Job, timeout: float, done: Callable[[], bool]) -> None:
    """Polls until ``done``. The weights run beside the layers, and may have a next piece to begin.

    An emulated board sees by itself that nothing can move any more; its error then comes before the timeout.
    """
    deadline = time.monotonic() + timeout
    try:
        while not done():
            all_done(hardware.weights)
            if time.monotonic() > deadline:
                raise TimeoutError(f"no end within {timeout:g} s")
    except DmaError:
        raise
    except (TimeoutError, SumtileError) as error:
        found = str(error).partition("\n")[0].rstrip(".")  # an emulated board appends a dump of its state
        raise SumtileError(diagnose(hardware.units[job.engine], job.index, found)) from error
