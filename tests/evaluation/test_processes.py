# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Work spread over real processes: equal results, and one sentence for every way in which a worker can fail."""

from __future__ import annotations

import multiprocessing
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.jobs import Square

from sumtile.errors import SumtileError
from sumtile.evaluation import processes
from sumtile.evaluation.processes import TRIES, run_chunks


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_results_do_not_depend_on_the_number_of_processes(processes: int) -> None:
    chunks = list(range(23))
    assert dict(run_chunks(Square(), chunks, processes)) == {i: i * i for i in chunks}


@pytest.mark.parametrize(
    "fault, sentence",
    [
        ("open", "the job cannot be opened."),
        ("exit", "piece 2 ended 3 worker processes early .the last one: exit status 3"),
        ("killed", "piece 2 ended 3 worker processes early .the last one: killed by SIGKILL"),
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


def test_a_lost_process_costs_its_chunk(tmp_path: Path) -> None:
    scars, deaths = tmp_path / "scars", TRIES - 1
    chunks = [1, 2, -1, 3, 4, 5, 6]
    assert dict(run_chunks(Square("killed", str(scars), deaths), chunks, 2)) == {i: chunk * chunk for i, chunk in enumerate(chunks)}
    assert len(scars.read_text().splitlines()) == deaths
    assert not multiprocessing.active_children()


def test_no_worker_outlives_a_caller_that_stops_early() -> None:
    with closing(run_chunks(Square(), list(range(100)), 2)) as results:
        next(results)
        assert len(multiprocessing.active_children()) == 2
    assert not multiprocessing.active_children()
