# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What to emulate and how: arguments first, then the environment, then defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sumtile.emulated.memory import CACHES
from sumtile.emulated.schedule import SCHEDULES
from sumtile.errors import SumtileError


@dataclass(frozen=True)
class Settings:
    """Settings of an emulated board.

    Attributes:
        board: name of a board description (``SUMTILE_BOARD``).
        schedule: when the logic moves: eager, lazy or random (``SUMTILE_SCHEDULE``).
        cache: which buffers the CPU caches: coherent, board or strict (``SUMTILE_CACHE``).
        seed: of the random schedule (``SUMTILE_SEED``).
        hang_s: seconds of fruitless polling after which a hang is reported.
    """

    board: str = "zcu102"
    schedule: str = "eager"
    cache: str = "board"
    seed: int = 0
    hang_s: float = 2.0

    def __post_init__(self) -> None:
        for what, value, known in (("schedule", self.schedule, SCHEDULES), ("cache", self.cache, CACHES)):
            if value not in known:
                raise SumtileError(f"the emulated board was asked for {what} '{value}', but it has {', '.join(known)}; choose one of these.")

    @classmethod
    def resolve(cls, *, board: str | None = None, schedule: str | None = None, cache: str | None = None, seed: int | None = None, hang_s: float | None = None) -> Settings:
        """Settings in which an argument that is None comes from the environment, or else from the defaults.

        Raises:
            SumtileError: an unknown schedule or cache, or a seed that is no number.
        """
        return cls(
            board=board or os.environ.get("SUMTILE_BOARD") or cls.board,
            schedule=schedule or os.environ.get("SUMTILE_SCHEDULE") or cls.schedule,
            cache=cache or os.environ.get("SUMTILE_CACHE") or cls.cache,
            seed=_seed() if seed is None else seed,
            hang_s=cls.hang_s if hang_s is None else hang_s,
        )


def _seed() -> int:
    text = os.environ.get("SUMTILE_SEED") or str(Settings.seed)
    try:
        return int(text)
    except ValueError:
        raise SumtileError(f"SUMTILE_SEED is '{text}', but a seed is a whole number; set it to one or unset it.") from None
