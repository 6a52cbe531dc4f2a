# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Work spread over real processes: equal results, and one sentence for every way in which a worker can fail."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest

from sumtile.errors import SumtileError
from sumtile.evaluation import processes
from sumtile.evaluation.processes import run_chunks


@dataclass(frozen=True)
class Square:
    """Squares numbers; a negative number is an order to fail in the way that ``fault`` names."""

    fault: str = ""

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
        if self.fault == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "silent":
            time.sleep(60)
        if self.fault == "sentence":
            raise SumtileError("chunk -1 is not a number.")
        raise ValueError("surprise")


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_results_do_not_depend_on_the_number_of_processes(processes: int) -> None:
    chunks = list(range(23))
    assert dict(run_chunks(Square(), chunks, processes)) == {i: i * i for i in chunks}


@pytest.mark.parametrize(
    "fault, sentence",
    [
        ("open", "the job cannot be opened."),
        ("exit", "exit status 3"),
        ("killed", "killed by SIGKILL"),
        ("sentence", "chunk -1 is not a number."),
        ("surprise", "unexpected ValueError: surprise"),
        ("silent", "no worker process finished anything"),
    ],
)
def test_a_failing_worker_ends_the_work_with_a_sentence(fault: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "SILENCE", 4.0 if fault == "silent" else 60.0)
    with pytest.raises(SumtileError, match=sentence):
        list(run_chunks(Square(fault), [1, 2, -1, 3, 4], 2))
    assert not multiprocessing.active_children()


def test_no_worker_outlives_a_caller_that_stops_early() -> None:
    with closing(run_chunks(Square(), list(range(100)), 2)) as results:
        next(results)
        assert len(multiprocessing.active_children()) == 2
    assert not multiprocessing.active_children()
