# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Chunks of work on the workers of a Dask scheduler: PCs, boards, or both; see docs/evaluate.md.

Dask hands the chunks of a lost worker to others, and the job as well, which is the result of a task to it. What is here is the rest:
each worker tells its version and opens the job before chunks are handed out for it, so that what is wrong is told at the
start; every wait ends; and nothing is left on the scheduler.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import pkgutil
import time
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from sumtile.errors import SumtileError
from sumtile.evaluation import station
from sumtile.evaluation.processes import SILENCE, TRIES, Job
from sumtile.version import __version__

if TYPE_CHECKING:
    from distributed import Client, Future

PORT = 8786
"""A Dask scheduler's own."""

CONNECT = 10.0
"""Seconds that the scheduler has to answer."""

PATIENCE = 60.0
"""Seconds without any worker after which the work is given up."""

AHEAD = 2
"""Chunks in the hands of a worker: the one that it is at, and the next."""

_LOOK = 1.0
"""Seconds between two looks at the list of workers."""

_ANSWER = 30.0
"""Seconds that a busy scheduler has to list its workers."""

_FETCH = 2.0
"""Seconds for the result of a task to come from its worker, which may be gone; Dask runs the task again then."""

_PARTING = 5.0
"""Seconds for the workers to let go of the job at the end; a longer chunk is left to end by itself."""


@dataclass
class Share:
    """What a worker did: how many chunks, and where they ran."""

    where: str = ""
    chunks: int = 0


class Cluster:
    """The workers of a Dask scheduler.

    Args:
        address: ``tcp://host:8786``; ``tls://`` where Dask is configured for it. The scheme and the port may be left out.
        note: takes a sentence for the user, such as that a worker is lost.

    Attributes:
        address: with scheme and port.
        shares: what each worker did, by its address.

    Raises:
        SumtileError: an address of another kind.
    """

    def __init__(self, address: str, note: Callable[[str], None] = lambda sentence: None) -> None:
        scheme, given, place = address.rpartition("://")
        host, colon, port = place.rpartition(":")
        if not colon:
            host, port = place, str(PORT)
        if not (host and port.isdecimal() and int(port) < 1 << 16) or (given and not scheme):
            raise SumtileError(f"'{address}' is no address of a Dask scheduler; give one like tcp://host:{PORT}.")
        self.address = f"{scheme or 'tcp'}://{host}:{port}"
        self.note = note
        self.shares: dict[str, Share] = {}

    def run(self, job: Job, chunks: Sequence[Any], name: Callable[[int], str] = "piece {}".format) -> Generator[tuple[int, Any], None, None]:
        """Runs every chunk; workers may come and go meanwhile.

        Args:
            job: what to do; it is sent to each worker once.
            chunks: picklable inputs; their results must not depend on each other.
            name: what a chunk is called in a sentence, by its index.

        Yields:
            (index of the chunk, its result), in the order in which results arrive.

        Raises:
            SumtileError: no scheduler, no worker, or one with another sumtile; the job failed; a chunk ended too many workers; or nothing happens any more.
        """
        if not len(chunks):
            return
        with _connected(self.address) as client:
            session = _Session(self, client, job, chunks, name)
            try:
                yield from session.results()
            finally:
                session.end()


class _Session:
    """The chunks of one evaluation. Every task that Dask has ended comes back through one queue."""

    def __init__(self, cluster: Cluster, client: Client, job: Job, chunks: Sequence[Any], name: Callable[[int], str]) -> None:
        self._cluster = cluster
        self._client = client
        self._chunks = chunks
        self._name = name
        self._run = uuid.uuid4().hex[:12]
        self._job = job
        self._kept: Future | None = None
        self._ended: SimpleQueue[tuple[Callable[..., Any], Any, Future]] = SimpleQueue()
        self._waiting = deque(range(len(chunks)))
        self._out: dict[int, Future] = {}
        self._greeted: dict[str, Future] = {}
        self._present: set[str] = set()
        self._losses = 0
        self._numbers = itertools.count()
        self._heard = time.monotonic()

    def results(self) -> Iterator[tuple[int, Any]]:
        """Hands out chunks and gives their results until all are here."""
        done, looked = 0, 0.0
        manned = time.monotonic()
        while done < len(self._chunks):
            now = time.monotonic()
            if now - looked >= _LOOK:
                self._look_around()
                looked = now
            if self._present:
                manned = now
            elif now - manned > PATIENCE:
                raise SumtileError(
                    f"the scheduler {self._cluster.address} had no worker for {PATIENCE:.0f} seconds; start one with 'dask worker {self._cluster.address} --nthreads 1'."
                )
            if now - self._heard > SILENCE:
                raise SumtileError(f"no worker of {self._cluster.address} finished anything for {SILENCE:.0f} seconds; look at their logs, or run without --cluster.")
            self._hand_out()
            try:
                handler, what, future = self._ended.get(timeout=_LOOK)
                result = handler(what, future)
            except Empty:
                continue
            except _NotHereError:
                self._watch(future, handler, what)
                continue
            self._heard = time.monotonic()
            if result:
                yield result
                done += 1

    def end(self) -> None:
        """Takes back what the workers still have, and has them close the job."""
        with suppress(Exception):  # the scheduler or a worker may be gone, and with it what would be taken back
            self._client.cancel([*self._out.values(), *self._greeted.values()], force=True)
            parting = [self._submit(f"release-{worker}", worker, station.release, self._run) for worker in self._present & set(self._cluster.shares)]
            deadline = time.monotonic() + _PARTING
            while not all(future.done() for future in parting) and time.monotonic() < deadline:
                time.sleep(0.01)
            self._client.cancel([*parting, *([self._kept] if self._kept else [])], force=True)

    def _submit(self, name: str, worker: str, function: Callable[..., Any], *arguments: Any) -> Future:
        """A task for one worker, or for any."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")  # a job or a chunk of more than 10 MB is sent once, as it must be
            return self._client.submit(function, *arguments, key=f"sumtile-{self._run}-{next(self._numbers)}-{name}", workers=[worker] if worker else None, pure=False)

    def _watch(self, future: Future, handler: Callable[[Any, Future], tuple[int, Any] | None], what: Any) -> Future:
        """Has the handler called when the task has ended; it gives the index and the result of a chunk that is done."""
        future.add_done_callback(lambda future: self._ended.put((handler, what, future)))
        return future

    def _look_around(self) -> None:
        """Greets workers that have come, and counts those that have gone."""
        try:
            present = set(self._client.nthreads(callback_timeout=_ANSWER))
        except Exception:  # Dask has no one type for a connection that ends
            raise self._lost() from None
        for worker in self._present - present:
            share = self._cluster.shares.get(worker)
            self._cluster.note(f"the worker {worker} is gone; " + ("others take over what it was at" if share else "it had not begun"))
            self._losses += share is None
            self._client.cancel([self._greeted.pop(worker)])
        for worker in present - self._present:
            self._greeted[worker] = self._watch(self._submit(f"version-{worker}", worker, pkgutil.resolve_name, "sumtile.version:__version__"), self._met, worker)
        self._present = present
        if self._losses >= TRIES * max(1, len(present)):
            raise SumtileError(f"{self._losses} workers of {self._cluster.address} ended while they loaded the program; look at their logs and at their free memory.")

    def _met(self, worker: str, future: Future) -> None:
        """A worker told its version of sumtile; it may open the job, which nobody gets before."""
        if self._greeted.get(worker) is not future:
            return
        version = self._outcome(future, f"the worker {worker}")
        if version != __version__:
            raise SumtileError(f"the worker {worker} has sumtile {version}, but this is {__version__}; install the same version on both.")
        if self._kept is None:
            self._kept = self._submit("job", "", station.keep, self._job)
        self._greeted[worker] = self._watch(self._submit(f"load-{worker}", worker, station.load, self._run, self._kept, station.sources_digest()), self._loaded, worker)

    def _loaded(self, worker: str, future: Future) -> None:
        """A worker opened the job; it may have chunks."""
        if self._greeted.get(worker) is future:
            self._cluster.shares.setdefault(worker, Share()).where = self._outcome(future, f"the worker {worker}")
            self._losses = 0

    def _hand_out(self) -> None:
        """Keeps :data:`AHEAD` chunks for each worker that has opened the job; Dask says which of them gets which."""
        room = AHEAD * len(self._present & set(self._cluster.shares))
        while self._waiting and len(self._out) < room:
            index = self._waiting.popleft()
            self._out[index] = self._watch(self._submit(f"chunk-{index}", "", station.work, self._run, self._kept, self._chunks[index]), self._finished, index)

    def _finished(self, index: int, future: Future) -> tuple[int, Any]:
        """A chunk is done, or it ended its workers."""
        if _killed(future):
            raise self._deadly()
        worker, result = self._outcome(future, self._name(index))
        del self._out[index]
        self._cluster.shares.setdefault(worker, Share()).chunks += 1
        return index, result

    def _outcome(self, future: Future, what: str) -> Any:
        """The result of a task that has ended; SumtileError with a sentence about ``what``, or _NotHereError."""
        if future.status == "cancelled":
            raise self._lost()
        if future.status != "error":
            try:
                return future.result(timeout=_FETCH)
            except Exception:  # whatever it is, the task will end again: done, failed or cancelled
                raise _NotHereError from None
        error = future.exception()
        if isinstance(error, SumtileError):
            raise error
        if isinstance(error, ImportError):
            raise SumtileError(
                f"{what} met a machine where sumtile {__version__} is not installed, or not wholly ({error}); run 'pip install sumtile[cluster]' there, and start the worker again."
            )
        raise SumtileError(f"{what} met an unexpected {type(error).__name__}: {error}; look at the log of the worker, or run without --cluster and with SUMTILE_TRACEBACK=1.")

    def _deadly(self) -> SumtileError:
        """Dask gave up chunks because worker after worker died with them in hand: the one that it was at, or the next."""
        time.sleep(_LOOK)  # those that died together are told together
        names = " or ".join(self._name(index) for index, future in sorted(self._out.items()) if _killed(future))
        return SumtileError(f"worker after worker of {self._cluster.address} ended at {names}; look at their logs and at their free memory, or run these images without --cluster.")

    def _lost(self) -> SumtileError:
        return SumtileError(f"the scheduler {self._cluster.address} cannot be reached any more; see whether it runs and whether the network is up, and evaluate again.")


def _killed(future: Future) -> bool:
    """Whether Dask gave a task up because it ended too many workers."""
    from distributed import KilledWorker

    return future.status == "error" and isinstance(future.exception(), KilledWorker)


class _NotHereError(Exception):
    """The result of a task was lost with its worker; the task will end again."""


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """A connection to a scheduler; what Dask logs about its end is not shown beside our sentence."""
    try:
        from distributed import Client
    except ImportError:
        raise SumtileError("a cluster needs Dask distributed, which is not installed; run: pip install 'sumtile[cluster]'.") from None
    handlers = [handler for name in ("distributed", "distributed.client") for handler in logging.getLogger(name).handlers]
    silence = logging.Filter("no logger has this name")
    try:
        for handler in handlers:
            handler.addFilter(silence)
        with ThreadPoolExecutor(1) as thread:  # a notebook's own thread has an event loop already
            thread.submit(asyncio.run, _check(address)).result()
        client = Client(address, timeout=CONNECT, set_as_default=False, name="sumtile")
        try:
            yield client
        finally:
            with suppress(Exception):  # the scheduler may be gone
                client.close(timeout=CONNECT)
    finally:
        for handler in handlers:
            handler.removeFilter(silence)


async def _check(address: str) -> None:
    """Asks what is at an address before a client is made: one that fails to connect may wait for itself for ever when it is collected."""
    from distributed.core import rpc
    from distributed.security import Security

    try:
        async with rpc(address, connection_args=Security().get_connection_args("client")) as service:
            kind = (await asyncio.wait_for(service.identity(), CONNECT))["type"]
    except Exception as error:  # OSError, TimeoutError, and whatever a service of another kind makes Dask raise
        raise SumtileError(
            f"no Dask scheduler answers at {address} ({type(error).__name__}); start one there with 'dask scheduler', or see whether a firewall is between."
        ) from None
    if kind != "Scheduler":
        raise SumtileError(f"{address} is no Dask scheduler but a {kind}; give the scheduler's address, which its log tells.")
