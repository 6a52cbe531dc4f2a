# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a step of a benchmark costs: seconds, and memory in a process of its own."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Seconds of a step, and the most memory of the process that took it, in bytes."""

    seconds: float
    memory: int


def alone(function: Callable[..., float], *arguments: object) -> Cost:
    """Runs a function, which returns its seconds, in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_costing, function, *arguments).result()


def _costing(function: Callable[..., float], *arguments: object) -> Cost:
    seconds = function(*arguments)
    return Cost(seconds, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
