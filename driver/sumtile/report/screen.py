# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Lines, tables and progress on a text stream: in colour on a terminal where rich is installed, plain elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from sumtile.report import text

PLAIN_PERIOD = 5.0
"""Seconds between two lines of progress in a log."""

STATUS_PERIOD = 30.0
"""Seconds between two lines of a status in a log."""

GAP = "  "
"""Between two columns of a table."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    title: str
    right: bool = False
    style: str = ""


class Screen:
    """Plain text, for pipes, logs and boards without rich.

    ``style`` arguments are rich's style names; plain text ignores them.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._blocks = _can_show("█", stream)

    def line(self, content: str = "", style: str = "") -> None:
        """Writes one line; characters that the stream's encoding lacks are replaced."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(content.encode(encoding, "replace").decode(encoding) + "\n")

    def bar(self, fraction: float, width: int = 24) -> str:
        """A bar that this stream's encoding can show."""
        return text.bar(fraction, width, self._blocks)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], indent: int = 0) -> None:
        """Writes a table; a table whose titles are all empty has no heading."""
        titles = [column.title for column in columns]
        lines = [titles, *rows] if any(titles) else list(rows)
        widths = [max((len(line[i]) for line in lines), default=0) for i in range(len(columns))]
        for line in lines:
            cells = [cell.rjust(width) if column.right else cell.ljust(width) for cell, width, column in zip(line, widths, columns)]
            self._row(" " * indent, cells, ["bold" if line is titles else column.style for column in columns])

    def _row(self, indent: str, cells: Sequence[str], styles: Sequence[str]) -> None:
        self.line((indent + GAP.join(cells)).rstrip())

    @contextmanager
    def progress(self, label: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        """Shows how far a loop is, with its rate and the time that remains.

        Yields:
            a function that takes the number of units just finished.
        """
        begin = shown = time.monotonic()
        done = 0

        def advance(count: int) -> None:
            nonlocal done, shown
            done += count
            now = time.monotonic()
            if now - shown >= PLAIN_PERIOD and 0 < done < total:
                shown = now
                rate = done / (now - begin)
                self.line(f"{label}: {done} of {total} {unit}, {rate:.1f} {unit}/s, {text.duration((total - done) / rate)} left")
                self._stream.flush()

        yield advance

    @contextmanager
    def status(self) -> Iterator[Callable[[str], None]]:
        """Shows what something that takes long is at.

        Yields:
            a function that takes the text as often as it likes; a log gets one now and then.
        """
        shown = time.monotonic()

        def show(content: str) -> None:
            nonlocal shown
            if time.monotonic() - shown >= STATUS_PERIOD:
                shown = time.monotonic()
                self.line(content)
            self._stream.flush()  # what was written meanwhile, too

        yield show


class _RichScreen(Screen):
    """The same on a terminal, in colour, with a moving progress bar."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        from rich.console import Console

        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)

    def line(self, content: str = "", style: str = "") -> None:
        self._console.print(content, style=style or None, soft_wrap=True)

    def _row(self, indent: str, cells: Sequence[str], styles: Sequence[str]) -> None:
        from rich.text import Text

        styled = [Text(cell, style) for cell, style in zip(cells, styles)]
        self._console.print(Text(indent) + Text(GAP).join(styled), soft_wrap=True)

    @contextmanager
    def progress(self, label: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
        from rich.text import Text

        class Rate(ProgressColumn):
            def render(self, task: Task) -> Text:
                return Text(f"{task.speed or 0:.1f} {unit}/s")

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn(compact=True))
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(label, total=total)
            yield lambda count: progress.advance(task, count)

    @contextmanager
    def status(self) -> Iterator[Callable[[str], None]]:
        from rich.text import Text

        with self._console.status("") as moving:
            # One line, whatever the tool has written.
            yield lambda content: moving.update(Text(content[: max(10, self._console.width - 4)], no_wrap=True))


def open_screen(stream: TextIO) -> Screen:
    """The best screen for a stream: colour needs a terminal and the rich package."""
    if stream.isatty():
        try:
            return _RichScreen(stream)
        except ImportError:
            pass
    return Screen(stream)


def _can_show(character: str, stream: TextIO) -> bool:
    try:
        character.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
