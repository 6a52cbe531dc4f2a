# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A job whose workers fail in every way."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sumtile.errors import SumtileError


@dataclass(frozen=True)
class Square:
    """Squares numbers; a negative number is an order to fail in the way that ``fault`` names.

    Where a file ``scars`` is named, a worker is killed only as long as the file has fewer than ``deaths`` lines, and each death adds one.
    """

    fault: str = ""
    scars: str = ""
    deaths: int = 0

    @contextmanager
    def open(self) -> Iterator[Callable[[int], int]]:
        if self.fault == "open":
            raise SumtileError("the job cannot be opened.")
        yield self.work

    def work(self, number: int) -> int:
        if number >= 0:
            return number * number
        if self.fault == "exit":
            os._exit(3)
        if self.fault == "killed" and self._dies():
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "killed":
            return number * number
        if self.fault == "silent":
            time.sleep(60)
        if self.fault == "sentence":
            raise SumtileError("chunk -1 is not a number.")
        if self.fault == "file":
            open("/no/file")
        raise ValueError("surprise")

    def _dies(self) -> bool:
        if not self.scars:
            return True
        with open(self.scars, "a+") as file:
            file.seek(0)
            if len(file.readlines()) >= self.deaths:
                return False
            file.write("killed\n")
        return True
