# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile serve`` as a command: with nothing to prepare, on a taken port, asked to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from visit.server import GRACE, HOST, Server, open_server

from sumtile.evaluation.samples import Sample, load_samples

pytestmark = pytest.mark.faces


def test_without_programs_it_serves_the_networks_that_come_with_sumtile(tmp_path: Path) -> None:
    _, samples = load_samples()
    with open_server(log=tmp_path / "log") as server:
        here = httpx.get(f"{server.url}/api", trust_env=False).json()
        assert {program["overlay"] for program in here["programs"]} == {"adder", "msq", "fixed8"}
        for program in here["programs"]:
            found = [classify(server, program["name"], sample) for sample in samples]
            assert sum(sample.shows(name) for sample, name in zip(samples, found)) >= 18, (program, found)
        assert_ends(server)


def test_it_ends_in_time_while_clients_send(program_files: list[Path], tmp_path: Path) -> None:
    """Each client gets whole answers until there are no more: results, or the sentence that the server closes."""

    def send_until_closed(server: Server) -> list[httpx.Response]:
        replies = []
        with suppress(httpx.TransportError), httpx.Client(timeout=30, trust_env=False) as client:
            while not replies or replies[-1].status_code == 200:
                replies.append(client.post(f"{server.url}/api/classify", params={"program": "adder"}, content=load_samples()[1][0].path.read_bytes()))
                served.set()
        return replies

    served = threading.Event()
    with open_server(program_files[0], log=tmp_path / "log") as server, ThreadPoolExecutor(4) as pool:
        running = [pool.submit(send_until_closed, server) for _ in range(4)]
        assert served.wait(30)
        assert_ends(server)
        for client in running:
            statuses = [reply.status_code for reply in client.result(timeout=30)]
            assert set(statuses[:-1]) <= {200} and set(statuses[-1:]) <= {200, 503}


def classify(server: Server, program: str, sample: Sample) -> str:
    """The class that a program finds."""
    answer = httpx.post(f"{server.url}/api/classify", params={"program": program, "top": 1}, content=sample.path.read_bytes(), timeout=30, trust_env=False)
    return str(answer.json()["results"][0]["classes"][0]["class"])


def assert_ends(server: Server) -> None:
    """A request to end is followed at once, with no traceback."""
    os.kill(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while state(server.pid) not in ("Z", ""):
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.05)
    assert "Traceback" not in server.log.read_text()


def state(pid: int) -> str:
    """The letter of a process (man 5 proc), or nothing if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def test_a_taken_port_is_one_sentence(server: Server, program_files: list[Path]) -> None:
    command = [sys.executable, "-m", "sumtile.cli", "serve", str(program_files[0]), "--host", HOST, "--port", str(server.port)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert f"port {server.port} of 127.0.0.1 is taken by another program; choose one with --port" in result.stderr
