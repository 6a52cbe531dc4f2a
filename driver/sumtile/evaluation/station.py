# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The side of a cluster's worker: it keeps a job open from batch to batch, so that a board is loaded once.

The functions here are what the client asks Dask to call; both sides must have the same sources, which :func:`load` checks.
"""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any

import sumtile
from sumtile.errors import SumtileError
from sumtile.evaluation.processes import Job
from sumtile.overlay.resources import hls_folder
from sumtile.version import __version__

IDLE = 60.0
"""Seconds without a batch after which a job is closed, because its client may be gone: a board belongs to others again."""


def keep(job: Job) -> Job:
    """A job as the result of a task, which Dask copies to the workers that need it, and makes again when they are lost."""
    return job


def load(run: str, job: Job, sources: str) -> str:
    """Opens a job on this worker.

    Args:
        run: a name that no other evaluation has.
        job: what to open.
        sources: :func:`sources_digest` of the client.

    Returns:
        what runs the job, and on which machine.

    Raises:
        SumtileError: other sources here, or the job cannot be opened.
    """
    if sources != sources_digest():
        raise SumtileError(
            f"{socket.gethostname()} has sumtile {__version__} from other sources ({sources_digest()}, but {sources} here); install the same sumtile on both, and start the worker again."
        )
    return _STATION.call(run, job, lambda work: f"{getattr(work, 'where', type(job).__name__)} on {socket.gethostname()}")


def work(run: str, job: Job, chunk: Any) -> tuple[str, Any]:
    """This worker's address and the result of a chunk; the job is opened if it is not open any more."""
    from distributed import get_worker

    return get_worker().address, _STATION.call(run, job, lambda work: work(chunk))


def release(run: str) -> None:
    """Closes the job of an evaluation, if it is open here."""
    _STATION.close(run)


@lru_cache(maxsize=1)
def sources_digest() -> str:
    """16 hexadecimal digits of the SHA-256 of the Python and C++ sources that compute the results."""
    folder = Path(sumtile.__file__).parent
    files = [(path, path.relative_to(folder)) for path in folder.rglob("*.py") if "_data" not in path.relative_to(folder).parts]
    files += [(path, Path("hls") / path.relative_to(hls_folder())) for path in hls_folder().rglob("*.?pp")]
    content = hashlib.sha256()
    for path, name in sorted(files, key=lambda file: file[1].as_posix()):
        content.update(f"{name.as_posix()}\0".encode() + path.read_bytes())
    return content.hexdigest()[:16]


class _Station:
    """One open job, used by one thread: whatever the number of a worker's threads, a board has one user."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "sumtile-station")
        self._opened = ExitStack()
        self._run: str | None = None
        self._work: Callable[[Any], Any]
        self._timer: threading.Timer | None = None

    def call(self, run: str, job: Job, use: Callable[[Callable[[Any], Any]], Any]) -> Any:
        """Hands the job's function to ``use``, in the station's thread."""
        return self._thread.submit(self._call, run, job, use).result()

    def close(self, run: str) -> None:
        """Closes the job if it is the one of this evaluation."""
        self._thread.submit(self._close, run).result()

    def _call(self, run: str, job: Job, use: Callable[[Callable[[Any], Any]], Any]) -> Any:
        if self._timer:
            self._timer.cancel()
        if self._run != run:
            self._close(self._run)
            self._work = self._opened.enter_context(job.open())
            self._run = run
        try:
            return use(self._work)
        finally:
            self._timer = threading.Timer(IDLE, self.close, (run,))
            self._timer.daemon = True
            self._timer.start()

    def _close(self, run: str | None) -> None:
        if self._run == run:
            self._run = None
            self._opened.close()


_STATION = _Station()
