# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a client may ask for, and what it is told when it asks for more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sumtile.errors import SumtileError


@dataclass(frozen=True)
class Limits:
    """Bounds of the server; all of them are positive.

    Attributes:
        picture_bytes: size of an uploaded picture, form included.
        pixels: of a picture, before it is decoded; a JPEG counts as :mod:`sumtile.images` decodes it.
        uploads_bytes: pictures that are arriving at one time, all together.
        upload_s: seconds that a picture may take to arrive, apart from its bytes at ``upload_rate``.
        upload_rate: bytes a second that a client must send at least.
        head_s: seconds that the head of a request may take to arrive.
        idle_s: seconds after which an idle connection is closed.
        connections: open at one time.
        programs: for one picture.
        queue: requests that may wait.
        timeout_s: seconds from the arrival of a whole picture to its answer.
        rate: pictures a second from one address, in the long run; None where that is not limited.
        burst: pictures that an address may send at once.
        closing_s: seconds that requests get to end when the server closes.
    """

    picture_bytes: int = 16 << 20
    pixels: int = 40_000_000
    uploads_bytes: int = 128 << 20
    upload_s: float = 5.0
    upload_rate: float = 64 << 10
    head_s: float = 10.0
    idle_s: float = 5.0
    connections: int = 256
    programs: int = 2
    queue: int = 16
    timeout_s: float = 30.0
    rate: float | None = None
    burst: int = 10
    closing_s: float = 5.0


@dataclass(eq=False)
class RefusalError(SumtileError):
    """A request that gets no result.

    Attributes:
        status: HTTP status of the answer.
        sentence: what was found, what was expected, what to do.
        headers: of the answer.
    """

    status: int
    sentence: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence
