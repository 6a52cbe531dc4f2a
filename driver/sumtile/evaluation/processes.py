# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Independent chunks of work over several processes, where a failure anywhere ends everything with one sentence."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

from sumtile.errors import SumtileError

SILENCE = 600.0
"""Seconds without a result from any worker after which the work is given up."""


class Job(Protocol):
    """What a worker does. A job is sent to each worker once, so it must be picklable; what it opens need not be."""

    def open(self) -> AbstractContextManager[Callable[[Any], Any]]:
        """Loads what the job needs and gives the function that turns a chunk into a result."""


def run_chunks(job: Job, chunks: Sequence[Any], processes: int) -> Generator[tuple[int, Any], None, None]:
    """Runs every chunk once, in this process or in several others.

    Args:
        job: what to do.
        chunks: picklable inputs; their results must not depend on each other.
        processes: number of processes; 1 works in this one.

    Yields:
        (index of the chunk, its result), in the order in which results arrive.

    Raises:
        SumtileError: the job failed, or a worker died or fell silent. No worker is left behind.
    """
    processes = min(processes, len(chunks))
    if processes <= 1:
        with job.open() as work:
            for index, chunk in enumerate(chunks):
                yield index, work(chunk)
        return
    workers: dict[Connection, BaseProcess] = {}
    try:
        with _interrupts_held():
            for _ in range(processes):
                pipe, process = _start(job)
                workers[pipe] = process
        yield from _distribute(workers, chunks)
    finally:
        for process in workers.values():
            process.terminate()
        for process in workers.values():
            process.join()


def _distribute(workers: dict[Connection, BaseProcess], chunks: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Keeps one chunk in the hands of each worker until all results are here."""
    waiting = iter(enumerate(chunks))
    busy: dict[Connection, int] = {}

    def hand_out(pipe: Connection) -> None:
        index, chunk = next(waiting, (None, None))
        if index is not None:
            busy[pipe] = index
            with suppress(BrokenPipeError, ConnectionResetError):  # a dead worker shows when its answer is read
                pipe.send(chunk)

    for pipe in workers:
        hand_out(pipe)
    while busy:
        ready = wait(list(busy), SILENCE)
        if not ready:
            raise SumtileError(f"no worker process finished anything for {SILENCE:.0f} seconds; run again with --processes 1 to see where it stands still.")
        for pipe in [pipe for pipe in busy if pipe in ready]:
            result = _receive(pipe, workers[pipe])
            index = busy.pop(pipe)
            hand_out(pipe)
            yield index, result


def _receive(pipe: Connection, process: BaseProcess) -> Any:
    try:
        answer = pipe.recv()
    except (EOFError, ConnectionResetError):
        process.join(10)
        raise SumtileError(f"a worker process ended early ({_cause(process.exitcode)}); check the free memory, or run again with --processes 1.") from None
    if isinstance(answer, SumtileError):
        raise answer
    return answer


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}"


def _start(job: Job) -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(job, theirs), daemon=True)
    process.start()
    theirs.close()  # so that the end of the worker ends the pipe
    return ours, process


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes that start inside never see Ctrl-C; here it waits for the end of the block, when all of them can be ended."""
    if threading.current_thread() is not threading.main_thread():  # Ctrl-C never comes here
        yield
        return
    resource_tracker.ensure_running()  # its start would let interrupts through again
    seen: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))  # for a signal that another thread receives
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # processes inherit this
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if seen:
        raise KeyboardInterrupt


def _serve(job: Job, pipe: Connection) -> None:
    """Body of a worker: answers chunks until it is ended, or until the parent is gone."""
    try:
        with job.open() as work:
            while True:
                pipe.send(work(pipe.recv()))
    except SumtileError as error:
        failure = error
    except Exception as error:
        failure = SumtileError(f"a worker process met an unexpected {type(error).__name__}: {error}; run again with --processes 1 and SUMTILE_TRACEBACK=1.")
    with suppress(OSError):  # without a parent nobody listens
        pipe.send(failure)
