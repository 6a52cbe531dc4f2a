# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A Dask scheduler and workers as a user starts them: processes with a command line, on the loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import sumtile
from tests.support.waiting import PATIENCE, wait_for

ROOT = Path(__file__).resolve().parents[2]


class Processes:
    """Schedulers and workers, ended together.

    Args:
        folder: where they keep files and logs.
        options: of the command line of all of them, such as TLS files.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._started: list[subprocess.Popen[bytes]] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"{'tls' if options else 'tcp'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in reversed(self._started):
            process.kill()
            process.wait()

    def scheduler(self) -> subprocess.Popen[bytes]:
        """Starts a scheduler at the address, and waits until it listens."""
        process = self._start("scheduler", "--host", self.address.rpartition(":")[0], "--port", str(self.port), "--dashboard-address", "127.0.0.1:0")
        wait_for("a listening scheduler", self._listens)
        return process

    def worker(self, *options: str, path: Path | None = None) -> subprocess.Popen[bytes]:
        """Starts a worker of one thread, whose packages come from ``path`` first."""
        kept = ("--local-directory", str(self._folder), "--worker-port", "0", "--no-dashboard", "--nthreads", "1")
        return self._start("worker", self.address, *kept, *options, path=path)

    def _start(self, command: str, *arguments: str, path: Path | None = None) -> subprocess.Popen[bytes]:
        paths = [*([str(path)] if path else []), str(Path(sumtile.__file__).parents[1]), str(ROOT)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
        with open(self._folder / f"{command}-{len(self._started)}.log", "wb") as log:
            process = subprocess.Popen([sys.executable, "-m", "dask", command, *arguments, *self._options], stdout=log, stderr=log, env=environment, cwd=self._folder)
        self._started.append(process)
        return process

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Evaluating:
    """``sumtile evaluate --cluster`` in a process of its own, with a journal."""

    def __init__(self, program: Path, dataset: Path, address: str, journal: Path) -> None:
        self._journal = journal
        command = [sys.executable, "-m", "sumtile.cli", "evaluate", str(program), str(dataset), "--cluster", address, "--journal", str(journal), "--json"]
        environment = {**os.environ, "PYTHONPATH": str(Path(sumtile.__file__).parents[1])}
        heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # what a shell starts in the background ignores Ctrl-C, and so do its children
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=heard)

    def wait_for_batches(self, count: int) -> None:
        """Returns when the journal has some batches."""
        wait_for(f"a journal of {count} batches", lambda: self._journal.exists() and self._journal.read_bytes().count(b"\n") > count)

    def end(self, number: signal.Signals | None = None) -> tuple[int, str, dict[str, Any]]:
        """Waits for the end, after a signal if there is one: exit status, standard error, and what was printed."""
        try:
            if number is not None:
                self.process.send_signal(number)
            out, err = self.process.communicate(timeout=2 * PATIENCE)
        finally:
            self.process.kill()
        return self.process.returncode, err, json.loads(out or "{}")
