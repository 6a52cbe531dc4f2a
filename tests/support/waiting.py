# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Waits for what other threads and processes bring about, with a bound."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 60.0


def wait_for(what: str | Callable[[], str], condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first true value of a condition; fails after ``seconds``, with ``what`` did not happen or the diagnosis that it gives."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(what() if callable(what) else f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.05)
    return value
