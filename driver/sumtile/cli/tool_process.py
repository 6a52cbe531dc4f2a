# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a vendor's tool: its output line by line, a log of all of it, and an end for each of its processes in every case."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sumtile.cli.process_family import ProcessFamily
from sumtile.errors import SumtileError
from sumtile.report.text import duration

TICK = 0.2
"""Seconds between two looks at a tool that says nothing."""

GRACE = 10.0
"""Seconds that the tool's processes have to end by themselves when they are asked to."""

DRAIN = 2.0
"""Seconds for which output is awaited from what a tool that has ended left behind."""

_LINE_MAX = 1 << 16


@dataclass(frozen=True)
class Call:
    """One run of a tool.

    Attributes:
        name: what it is called in sentences.
        folder: working folder; growing ``*.log`` files in and below it count as life, since Vivado is silent while its runs work.
        log: file that gets the whole output.
        silence: seconds without a sign of life after which the tool is ended.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    silence: float


def run_tool(call: Call, read: Callable[[str], None], tick: Callable[[], None]) -> int:
    """Runs a tool to its end.

    Args:
        call: what to run.
        read: takes each line of the output, both streams as they come.
        tick: called several times a second.

    Returns:
        the exit status, negative for a signal.

    Raises:
        SumtileError: it cannot be started, or it fell silent.
        KeyboardInterrupt: Ctrl-C, or this process was asked to end. In every case none of the tool's processes is left.
    """
    with _ending_interrupts(), _opened(call.log) as log:
        try:
            process = subprocess.Popen(
                call.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=call.folder, env=dict(call.environment), start_new_session=True
            )
        except OSError as error:
            raise SumtileError(f"{call.command[0]} cannot be run ({error.strerror or error}); check the installation, or name another one with --tool.") from None
        family = ProcessFamily(process.pid, process.poll)
        try:
            _follow(process, _Watch(call, family), log, read, tick)
            return process.returncode
        finally:
            family.end(GRACE)
            if process.stdout is not None:
                process.stdout.close()


def cause(status: int) -> str:
    """What an exit status tells, for a sentence. Shells report a signal as 128 and its number."""
    number = -status if status < 0 else status - 128
    if number in set(signal.Signals):
        memory = ", as the system does when memory runs out" if number == signal.SIGKILL else ""
        return f"was killed by {signal.Signals(number).name}{memory}"
    return f"ended with exit status {status}"


def _follow(process: subprocess.Popen[bytes], watch: _Watch, log: BinaryIO, read: Callable[[str], None], tick: Callable[[], None]) -> None:
    """Reads until the tool and its output have ended."""
    assert process.stdout is not None
    lines, ended, silent = _Lines(read), 0.0, False
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not (ended and (silent or time.monotonic() - ended > DRAIN)):
            silent = not selector.select(TICK)
            if not silent:
                data = os.read(process.stdout.fileno(), _LINE_MAX)
                _keep(log, data)
                lines.feed(data)
                if not data:
                    break
                watch.heard()
            if process.poll() is not None:
                ended = ended or time.monotonic()
            tick()
            watch.check()
    lines.end()
    while process.poll() is None:  # its output is closed, and it goes on
        time.sleep(TICK)
        tick()
        watch.check()


class _Lines:
    """Cuts a stream of bytes into lines; a carriage return ends one as well."""

    def __init__(self, read: Callable[[str], None]) -> None:
        self._read, self._rest = read, b""

    def feed(self, data: bytes) -> None:
        """Takes what came, and hands out the lines that are whole."""
        *lines, self._rest = re.split(rb"[\r\n]+", self._rest + data)
        for line in lines:
            self._read(line.decode("utf-8", "replace"))
        if len(self._rest) > _LINE_MAX:
            self.end()

    def end(self) -> None:
        """Hands out what is left."""
        if self._rest:
            self._read(self._rest.decode("utf-8", "replace"))
        self._rest = b""


class _Watch:
    """Signs of life of a tool."""

    def __init__(self, call: Call, family: ProcessFamily) -> None:
        self._call, self._family = call, family
        self.heard()

    def heard(self) -> None:
        """The tool has said something."""
        self._since, self._wall, self._used = time.monotonic(), time.time(), -1.0

    def check(self) -> None:
        """Raises SumtileError, with a diagnosis, when neither output nor a log has grown for too long."""
        silent = time.monotonic() - self._since
        if self._used < 0 and silent > TICK:  # not while it writes all the time
            self._used = self._family.processor_seconds()
        if silent <= self._call.silence:
            return
        if self._logs_grew():
            self.heard()
            return
        used = self._family.processor_seconds() - max(self._used, 0.0)
        if used > silent / 20:
            reason = f"its processes used {duration(used)} of processor time meanwhile, so it was at work; give it longer with --quiet-timeout"
        else:
            reason = "its processes hardly used the processor meanwhile, so it waited; look for a licence server that does not answer, a full disk or a network folder that is gone"
        raise SumtileError(f"{self._call.name} has said nothing for {duration(silent)} and was ended: {reason}. Its log is {self._call.log}.")

    def _logs_grew(self) -> bool:
        for path in self._call.folder.rglob("*.log"):
            with suppress(OSError):
                if path != self._call.log and path.stat().st_mtime > self._wall:
                    return True
        return False


def _keep(log: BinaryIO, data: bytes) -> None:
    try:
        log.write(data)
    except OSError as error:
        raise SumtileError(
            f"the log {log.name} cannot be written ({error.strerror or error}), so the tool was ended; make room, or name another folder with SUMTILE_BUILD."
        ) from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("wb", buffering=0)
    except OSError as error:
        raise SumtileError(f"the log {path} cannot be written ({error.strerror or error}); name another folder with SUMTILE_BUILD.") from None
    with file:
        yield file


@contextmanager
def _ending_interrupts() -> Iterator[None]:
    """While the tool runs, being asked to end is an interruption, so that the tool ends too. What is ignored, as under nohup, stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    changed = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL}
    try:
        yield
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)
