# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Text as it appears on screens of every kind."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

import pytest

from sumtile.report import Column, Screen, open_screen
from sumtile.report.text import bar, duration, percent, size


@pytest.mark.parametrize(
    "fraction, blocks, expected",
    [
        (0, True, "    "),
        (1, True, "████"),
        (0.5, True, "██  "),
        (0.53125, True, "██▏ "),
        (2, True, "████"),
        (-1, True, "    "),
        (float("nan"), True, "    "),
        (0.5, False, "##  "),
        (1, False, "####"),
    ],
)
def test_bars_keep_their_width(fraction: float, blocks: bool, expected: str) -> None:
    assert bar(fraction, 4, blocks) == expected


def test_numbers_read_well() -> None:
    assert [percent(1), percent(0.0312)] == ["100.0 %", "  3.1 %"]
    assert [duration(s) for s in (74e-6, 0.0031, 0.25, 12.44, 185)] == ["74 us", "3.1 ms", "250 ms", "12.4 s", "3 min 05 s"]
    assert [size(n) for n in (812, 63283, 3 << 20, 5 << 30)] == ["812 B", "61.8 KiB", "3.0 MiB", "5.0 GiB"]


def test_a_table_aligns_its_columns_and_may_lack_a_heading() -> None:
    stream = io.StringIO()
    Screen(stream).table([Column("layer"), Column("bytes", right=True)], [("conv1", "96"), ("adder12", "1024")])
    assert stream.getvalue() == "layer    bytes\nconv1       96\nadder12   1024\n"
    stream = io.StringIO()
    Screen(stream).table([Column(""), Column("", right=True)], [("a", "1"), ("bb", "22")], indent=2)
    assert stream.getvalue() == "  a    1\n  bb  22\n"


def test_a_stream_without_block_characters_gets_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    screen = Screen(stream)
    screen.line("café " + screen.bar(1, 3))
    stream.flush()
    assert stream.buffer.getvalue() == b"caf? ###\n"


def test_plain_progress_writes_a_line_a_period_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sumtile.report.screen.PLAIN_PERIOD", 0.0)
    stream = io.StringIO()
    with Screen(stream).progress("evaluating", 100, "images") as advance:
        advance(25)
        advance(75)
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("evaluating: 25 of 100 images, ") and line.endswith(" left")


_SHOW = """
import sys
from sumtile.report import Column, open_screen
screen = open_screen(sys.stdout)
screen.line("a [bold]name[/bold].png", style="red")
screen.table([Column("image"), Column("bar", style="cyan")], [("x[1].png", screen.bar(0.5, 4))])
with screen.progress("working", 10, "images") as advance:
    advance(10)
"""


def test_a_terminal_gets_colour_and_names_are_not_markup() -> None:
    pytest.importorskip("rich")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen([sys.executable, "-c", _SHOW], stdout=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
        assert process.wait(30) == 0
    os.close(ours)
    text = shown.decode()
    assert "\x1b[31m" in text and "a [bold]name[/bold].png" in text and "x[1].png" in text and "██" in text


def test_a_pipe_gets_plain_text() -> None:
    shown = subprocess.run([sys.executable, "-c", _SHOW], capture_output=True, text=True, encoding="utf-8", env={**os.environ, "PYTHONIOENCODING": "utf-8"}, timeout=30, check=True)
    assert shown.stdout == "a [bold]name[/bold].png\nimage     bar\nx[1].png  ██\n"
    assert type(open_screen(io.StringIO())) is Screen
