# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile serve`` as a command: its mistakes, its end, the systemd unit."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.serve.conftest import PICTURE

from sumtile import SumtileError
from sumtile.cli import main
from sumtile.program import write_program
from sumtile.serve import read_programs, server
from sumtile.serve.unit import systemd_unit


@pytest.fixture(scope="session")
def program_file(programs, tmp_path_factory) -> Path:
    """A compiled program, with a name that a shell and systemd must be told about."""
    path = tmp_path_factory.mktemp("100% of $HOME") / "bags & more.tile"
    write_program(programs["adder"], path)
    return path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_asked_to_end(program_file, number):
    command = [sys.executable, "-m", "sumtile.cli", "serve", str(program_file), "--port", "0"]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            lines = iter(process.stdout.readline, "")
            url = next(found[1] for line in lines if (found := re.search(r"serving bags & more at (http://127\.0\.0\.1:\d+)/", line)))
            answer = httpx.post(f"{url}/api/classify", params={"program": "bags & more"}, content=PICTURE, timeout=20, trust_env=False)
            process.send_signal(number)
            rest, log = process.communicate(timeout=20)
        finally:
            process.kill()
    assert answer.json()["results"][0]["classes"][0]["class"] == "bag"
    assert (process.returncode, rest.strip()) == (0, "ended"), log
    assert re.fullmatch(r'\S+ \S+ [0-9a-f]{16} 127\.0\.0\.1 "POST /api/classify" 200 \d+\.\d ms', log.strip())


def test_a_taken_port_is_told_before_anything_else(program_file, capsys):
    with server.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", str(program_file), "--port", str(port)]) == 2
    assert capsys.readouterr() == ("", f"sumtile: port {port} of 127.0.0.1 is taken by another program; choose one with --port, or end that program.\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--host", "no such host"], "'no such host' is no address to listen on"),
        (["--host", "192.0.2.1"], "192.0.2.1 port 0 cannot be listened on"),
        (["--board", "zcu999"], "is not described for board 'zcu999'"),
        (["none.tile"], "there is no program file none.tile"),
        ([__file__], "program"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, sentence, capsys):
    assert main(["serve", "--port", "0", *arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1


def test_arguments_that_make_no_sense(capsys):
    for arguments in (["--port", "65536"], ["--port", "-1"], ["--timeout", "0"], ["--timeout", "inf"], ["--rate", "nan"], ["--queue", "0"]):
        with pytest.raises(SystemExit) as error:
            main(["serve", *arguments])
        assert error.value.code == 2 and f"argument {arguments[0]}" in capsys.readouterr().err


def test_two_programs_of_one_name(program_file, tmp_path):
    other = tmp_path / program_file.name
    other.write_bytes(program_file.read_bytes())
    with pytest.raises(SumtileError, match="two programs are named 'bags & more'"):
        read_programs([program_file, other])


def test_a_board_with_programs_is_a_mistake(program_file, capsys):
    assert main(["serve", "--port", "0", str(program_file), "--board", "zcu102"]) == 2
    assert "leave --board out" in capsys.readouterr().err


def test_the_unit_starts_the_same_command(program_file, capsys, monkeypatch):
    monkeypatch.chdir(program_file.parent)
    assert main(["serve", program_file.name, "--host", "0.0.0.0", "--rate", "2.5", "--systemd"]) == 0
    unit = capsys.readouterr().out
    (line,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    started = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]
    assert started[:4] == ["/bin/bash", "--login", "-c", 'exec "$0" "$@"']
    expected = ["serve", "--host", "0.0.0.0", "--port", "8000", "--timeout", "30", "--queue", "16", "--rate", "2.5", str(program_file)]
    assert started[4:] == [sys.executable, "-m", "sumtile.cli", *expected]
    sections = re.findall(r"^\[(\w+)\]$", unit, re.MULTILINE)
    assert sections == ["Unit", "Service", "Install"] and "COMMAND\n" not in unit.split("[Unit]")[1]


def test_a_shell_gets_the_words_of_the_unit(tmp_path):
    """The wrapper passes each word on as it is; systemd's own unquoting is done by shlex here."""
    unit = systemd_unit(["/bin/echo", 'a "b"', "c  d", "$HOME", "e\\f"])
    (line,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    words = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]
    assert subprocess.run(words, capture_output=True, text=True, timeout=20, env={"HOME": str(tmp_path)}).stdout.endswith('a "b" c  d $HOME e\\f\n')


def test_addresses():
    for host, shown, local in (("127.0.0.1", "127.0.0.1", True), ("0.0.0.0", "127.0.0.1", False)):
        with server.listen(host, 0) as listener:
            assert server.address(listener) == f"http://{shown}:{listener.getsockname()[1]}/"
            assert server.is_loopback(listener) is local
