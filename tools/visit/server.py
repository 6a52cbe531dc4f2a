# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile serve`` as a process of its own on a free port of the loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sumtile.cli.process_family import ProcessFamily

HOST = "127.0.0.1"
GRACE = 15.0
"""Seconds that a server may take to end when it is asked to; then it is killed."""


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Attributes:
        port: its port on the loopback.
        pid: its process.
        log: file with all that it prints.
    """

    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        """The address of the page, without a slash at its end."""
        return f"http://{HOST}:{self.port}"

    def memory(self) -> int:
        """Resident bytes of the process (man 5 proc, VmRSS)."""
        return self._status("VmRSS") * 1024

    def threads(self) -> int:
        """Threads of the process."""
        return self._status("Threads")

    def open_files(self) -> int:
        """Open files, sockets included."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def _status(self, name: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


@contextmanager
def open_server(*arguments: object, log: Path, temporary: Path | None = None, start_s: float = 180.0) -> Iterator[Server]:
    """Starts ``sumtile serve`` with these arguments and waits until it is healthy; at the end it and all that it started are gone.

    Args:
        arguments: of the command; host and port are added.
        log: file that receives what it prints.
        temporary: folder for its temporary files, by default the system's.
        start_s: seconds within which it must be healthy; the first start of a machine compiles kernels.

    Raises:
        RuntimeError: it ended, or was not healthy in time; the text ends with its log.
    """
    port = free_port()
    command = [sys.executable, "-m", "sumtile.cli", "serve", *map(str, arguments), "--host", HOST, "--port", str(port)]
    environment = {**os.environ, "TMPDIR": str(temporary)} if temporary else None
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True)
    family = ProcessFamily(process.pid, process.poll)
    try:
        server = Server(port, process.pid, log)
        _await_health(server, process, start_s)
        yield server
    finally:
        family.end(GRACE)
        process.wait(GRACE)


def free_port() -> int:
    """A port of the loopback on which nothing listens."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def _await_health(server: Server, process: subprocess.Popen[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{server.url}/health", timeout=5) as answer:
                if json.load(answer)["status"] == "ok":
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    why = f"was not healthy after {seconds:g} s" if process.poll() is None else f"ended with status {process.poll()}"
    raise RuntimeError(f"'{' '.join(map(str, process.args))}' {why}; it printed:\n{server.log.read_text(errors='replace')[-4000:]}")  # type: ignore[arg-type]
