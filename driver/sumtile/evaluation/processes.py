# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Independent chunks of work over several processes, where a lost process costs its chunk and a failure ends everything with one sentence."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

from sumtile.errors import SumtileError

SILENCE = 600.0
"""Seconds without a result from any worker after which the work is given up."""

TRIES = 3
"""Workers that one chunk may end before the work is given up."""


class Job(Protocol):
    """What a worker does. A job is sent to each worker once, so it must be picklable; what it opens need not be."""

    def open(self) -> AbstractContextManager[Callable[[Any], Any]]:
        """Loads what the job needs and gives the function that turns a chunk into a result."""


def run_chunks(job: Job, chunks: Sequence[Any], processes: int, name: Callable[[int], str] = "piece {}".format) -> Generator[tuple[int, Any], None, None]:
    """Runs every chunk once, in this process or in several others.

    A process that dies costs what it was at: another one takes its place and begins the chunk again.

    Args:
        job: what to do.
        chunks: picklable inputs; their results must not depend on each other.
        processes: number of processes; 1 works in this one.
        name: what a chunk is called in a sentence, by its index.

    Yields:
        (index of the chunk, its result), in the order in which results arrive.

    Raises:
        SumtileError: the job failed, a chunk ended its process :data:`TRIES` times, or the workers fell silent. No worker is left behind.
    """
    with open_workers(job, min(processes, len(chunks))) as run:
        yield from run(chunks, name)


class Run(Protocol):
    """Runs every chunk once and yields as :func:`run_chunks` does."""

    def __call__(self, chunks: Sequence[Any], name: Callable[[int], str] = "piece {}".format) -> Iterator[tuple[int, Any]]: ...


@contextmanager
def open_workers(job: Job, processes: int) -> Iterator[Run]:
    """Loads a job in this process or in several others, which stay for as many rounds of chunks as are wanted.

    Yields:
        a function that does a round; it must be over before the next one begins.
    """
    if processes <= 1:
        with job.open() as work:
            yield lambda chunks, name="": ((index, work(chunk)) for index, chunk in enumerate(chunks))
        return
    crew = _Crew(job)
    try:
        crew.hire(processes)
        yield crew.run
    finally:
        crew.dismiss()


class _Crew:
    """Processes, and the chunk that each of them is at."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._workers: dict[Connection, BaseProcess] = {}
        self._chunks: Sequence[Any] = ()
        self._name: Callable[[int], str] = str
        self._waiting = deque[int]()
        self._deaths = Counter[int]()
        self._busy: dict[Connection, int] = {}

    def hire(self, count: int) -> None:
        """Starts processes, and gives each of them a chunk as far as there are any."""
        with _interrupts_held():
            started = [_start(self._job) for _ in range(count)]
            self._workers.update(started)
        for pipe, _ in started:
            self._hand_out(pipe)

    def run(self, chunks: Sequence[Any], name: Callable[[int], str] = "piece {}".format) -> Iterator[tuple[int, Any]]:
        """Keeps one chunk in the hands of each process until all results are here."""
        self._chunks, self._name, self._waiting, self._deaths = chunks, name, deque(range(len(chunks))), Counter()
        for pipe in list(self._workers):
            self._hand_out(pipe)
        while self._busy:
            ready = wait(list(self._busy), SILENCE)
            if not ready:
                raise SumtileError(f"no worker process finished anything for {SILENCE:.0f} seconds; run again with --processes 1 to see where it stands still.")
            for pipe in [pipe for pipe in self._busy if pipe in ready]:
                index = self._busy.pop(pipe)
                try:
                    answer = pipe.recv()
                except (EOFError, ConnectionResetError):
                    self._replace(pipe, index)
                    continue
                if isinstance(answer, SumtileError):
                    raise answer
                self._hand_out(pipe)
                yield index, answer

    def dismiss(self) -> None:
        """Ends all processes."""
        for process in self._workers.values():
            process.terminate()
        for process in self._workers.values():
            process.join()

    def _hand_out(self, pipe: Connection) -> None:
        if self._waiting:
            self._busy[pipe] = index = self._waiting.popleft()
            with suppress(BrokenPipeError, ConnectionResetError):  # a dead worker shows when its answer is read
                pipe.send(self._chunks[index])

    def _replace(self, pipe: Connection, index: int) -> None:
        """Puts a chunk whose process died first in line again, and a new process in the place of the old one."""
        process = self._workers.pop(pipe)
        process.join(10)
        pipe.close()
        self._deaths[index] += 1
        if self._deaths[index] == TRIES:
            raise SumtileError(
                f"{self._name(index)} ended {TRIES} worker processes early (the last one: {_cause(process.exitcode)}); check the free memory, or run again with --processes 1."
            )
        self._waiting.appendleft(index)
        self.hire(1)


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
