# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""No test leaves anything behind in pynq."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pynq import Clocks, Device

_KEPT = ((Device, "_active_device"), (Clocks, "_real_instance"))  # what pynq keeps for the rest of the process


@pytest.fixture(autouse=True)
def _pynq_as_before() -> Iterator[None]:
    before = [vars(owner).get(name) for owner, name in _KEPT]
    yield
    for (owner, name), value in zip(_KEPT, before):
        if value is not None:
            setattr(owner, name, value)
        elif name in vars(owner):
            delattr(owner, name)
