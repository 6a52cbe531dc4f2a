# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Counters of the server, and their text for Prometheus (exposition format 0.0.4)."""

from __future__ import annotations

import os
import resource
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from sumtile.serve.service import Answers, Service

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What is counted; labels take few values, so that the text stays short."""

    def __init__(self) -> None:
        self._requests: Counter[str] = Counter()
        self._pictures: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()

    def count_request(self, status: int) -> None:
        """Takes note of an answer; status 499 is a client that has gone before it."""
        self._requests[str(status)] += 1

    def count_answers(self, answers: Answers) -> None:
        """Takes note of a classified picture."""
        self._seconds["queue"] += answers.queued  # type: ignore[assignment]
        for answer in answers.answers:
            self._pictures[answer.program] += 1
            for stage, seconds in answer.classification.seconds.items():
                self._seconds[stage] += seconds  # type: ignore[assignment]

    def text(self, service: Service) -> str:
        """All metrics, those of the service and of the process among them."""
        state = service.switch.state
        return "".join(
            [
                _metric("sumtile_requests_total", "counter", "Answers by HTTP status; 499: the client had gone.", _by("status", self._requests)),
                _metric("sumtile_pictures_total", "counter", "Pictures that a program classified.", _by("program", self._pictures)),
                _metric("sumtile_stage_seconds_total", "counter", "Seconds spent in each stage, and in the queue.", _by("stage", self._seconds)),
                _metric("sumtile_queue_length", "gauge", "Requests that wait.", [("", service.queue)]),
                _metric("sumtile_overlay_changes_total", "counter", "Changes of the overlay.", [("", state.changes)]),
                _metric("sumtile_accelerator_failures_total", "counter", "Failures of the accelerator.", [("", state.failures)]),
                _metric("sumtile_accelerator_up", "gauge", "1 while an accelerator is open.", [("", int(not state.broken))]),
                _metric("process_resident_memory_bytes", "gauge", "Resident memory of the server.", [("", resident_bytes())]),
            ]
        )


def resident_bytes() -> int:
    """Memory of this process that is in RAM (man 5 proc, statm); its peak where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _by(label: str, counts: Mapping[str, float]) -> list[tuple[str, float]]:
    return [(f'{{{label}="{_escaped(value)}"}}', count) for value, count in sorted(counts.items())]


def _metric(name: str, kind: str, text: str, samples: Iterable[tuple[str, float]]) -> str:
    lines = [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *(f"{name}{labels} {value:.10g}" for labels, value in samples)]
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
