# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Checks of what a user passes in: each gives the argument back, or says in one sentence what it should have been."""

from __future__ import annotations

from math import isfinite
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from pynq import Device

from sumtile.errors import SumtileError


def pynq_device(device: Any) -> Any:
    """``device``, a ``pynq.Device``."""
    if not isinstance(device, Device):
        raise SumtileError(f"device {device!r} was given, but it must be a pynq.Device; leave it out, or pass pynq.Device.active_device or sumtile.emulated.open_board().")
    return device


def seconds(timeout: Any) -> float:
    """``timeout``, a positive and finite number."""
    if isinstance(timeout, bool) or not isinstance(timeout, Real) or not isfinite(timeout) or timeout <= 0:
        raise SumtileError(f"timeout {timeout!r} was given, but every wait needs an end; pass a positive number of seconds.")
    return float(timeout)


def count(what: str, number: Any) -> int:
    """``number``, an integer of at least 1; ``what`` is its name in the sentence."""
    if isinstance(number, bool) or not isinstance(number, Integral) or number < 1:
        raise SumtileError(f"{what} {number!r} was given, but it is a count; pass an integer of at least 1.")
    return int(number)


def file_path(what: str, path: Any) -> Path:
    """``path``, text that can name a file; ``what`` is expected there."""
    if not isinstance(path, (str, Path)) or "\0" in str(path):
        raise SumtileError(f"{path!r} was given as {what}, but that names no file; pass its path as a str or a pathlib.Path.")
    return Path(path)
